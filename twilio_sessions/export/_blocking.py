"""The export for code without an event loop: the same functions, run on the loop of a sync `Client`."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from twilio_sessions.export._estimate import estimate
from twilio_sessions.export._run import export, export_since_last

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.sync import Client

__all__ = ["blocking", "estimate_sync", "export_since_last_sync", "export_sync"]

P = ParamSpec("P")
T = TypeVar("T")


def blocking(
    function: Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]],
) -> Callable[[Callable[[], None]], Callable[Concatenate[Client, P], T]]:
    """Make of a name and its documentation the same function for a `Client`, with its result awaited.

    The arguments are the function's own, for people and for type checkers, so that they cannot drift.
    """

    def run(client: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        # One hop to the client's loop and back, however long it takes. Ctrl-C cancels it there.
        inner = client._async_client  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return client._runtime.call(function, inner, *args, **kwargs)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def name(documentation: Callable[[], None]) -> Callable[Concatenate[Client, P], T]:
        for attribute in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(run, attribute, getattr(documentation, attribute))
        signature = inspect.signature(function)
        first, *others = signature.parameters.values()
        vars(run)["__signature__"] = signature.replace(
            parameters=[first.replace(annotation="Client"), *others]
        )
        return run

    return name


@blocking(export)
def export_sync() -> None:
    """Export as `export` does, with a `Client`: the same arguments, and no `await`.

    Everything runs concurrently on the client's loop while the calling thread waits; `on_progress` is
    called there. Ctrl-C interrupts it: what was read is kept, `KeyboardInterrupt` is raised, and the same
    call goes on later.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on.
        TwilioSessionsError: As in `export`.
        OSError: As in `export`.

    Example:
        >>> with Client() as client:
        ...     report = export_sync(client, "archive", include=["participants"])
    """


@blocking(export_since_last)
def export_since_last_sync() -> None:
    """Add what is new as `export_since_last` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on.
        TwilioSessionsError: As in `export_since_last`.
        OSError: As in `export_since_last`.

    Example:
        >>> with Client() as client:
        ...     report = export_since_last_sync(client, "archive")
    """


@blocking(estimate)
def estimate_sync() -> None:
    """Estimate as `estimate` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        TwilioSessionsError: As in `estimate`.

    Example:
        >>> with Client() as client:
        ...     print(estimate_sync(client).why)
    """

"""Runs what the async client does for callers without a loop: one call, one hop to the portal's thread."""

from __future__ import annotations

import asyncio
import functools
import inspect
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from twilio_sessions._core.capture import answer_of, capture_responses
from twilio_sessions.errors import ConfigurationError
from twilio_sessions.sync import _portal
from twilio_sessions.sync._pager import Pager

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine

    from twilio_sessions._core.capture import Answer
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.sync._portal import Lease, Portal

__all__ = ["BlockingCallWarning", "Facade", "Runtime"]

P = ParamSpec("P")
T = TypeVar("T")

_PACKAGE: Final = str(Path(__file__).parent)


class BlockingCallWarning(RuntimeWarning):
    """A call of the sync client blocks a running event loop, and everything else that runs there."""


class Runtime:
    """What a `Client` and all that was reached through it share.

    It starts nothing until the first call. When the last reference to it is dropped the client behind it is
    closed; whoever drops it does not wait for that. After a fork the child's first call opens connections of
    its own.
    """

    __slots__ = ("__weakref__", "_client", "_parent", "closed", "lease")

    def __init__(self, client: AsyncClient, parent: Runtime | None = None) -> None:
        self.lease: Lease | None = None
        self.closed: bool = False
        self._client = client
        # Who shares its parent's connections keeps the parent from being collected and closed.
        self._parent = parent

    def call(self, function: Callable[P, Coroutine[Any, Any, T]], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Await `function(*args, **kwargs)` on the loop, and return or raise what comes of it here."""
        lease = self.enter()
        job = lease.job(functools.partial(function, *args, **kwargs))
        job.submit()
        value, error = job.wait()
        if error is None:
            return cast("T", value)
        try:
            raise self.explain(error, lease)
        finally:
            # An exception that its own frame refers to would wait for the garbage collector.
            del error, job

    def with_response(self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Answer[T]:
        """Make a call of this side, and return what came of it with the last answer behind it."""
        with capture_responses() as responses:
            value = call(*args, **kwargs)
        return answer_of(value, responses)

    def iterate(self, source: AsyncGenerator[T, None]) -> Pager[T]:
        """Return an iterator over what an async generator yields; nothing runs before its first step."""
        return Pager(self, source)

    def close(self) -> None:
        """Close the client and wait for it; the last client of a process stops the loop, too."""
        lease = _portal.retire(self)
        if lease is None or lease.retirement is None or lease.portal.is_mine:
            return
        error = lease.retirement.wait_until_over()
        if not lease.portal.leases:
            lease.portal.join()
        if error is not None:
            raise error

    def enter(self) -> Lease:
        """Return the lease to work with, from a thread that may wait.

        Raises:
            ConfigurationError: The client is closed, or this is the thread that would have to do the work.
        """
        lease = self.lease
        if lease is None or self.closed or lease.portal.forked:
            if self._parent is not None:
                # The connections will be the parent's to close, even if it never makes a call itself.
                self._parent.enter()
            lease = _portal.lease_for(self)
        if lease.portal.is_mine:
            raise ConfigurationError(
                "the sync client was called in its own event loop's thread, which would wait for itself; "
                "await the AsyncClient there, or make the call in another thread"
            )
        _warn_in_running_loop()
        return lease

    def new_lease(self, portal: Portal) -> Lease:
        """Make the lease; it must not refer to this object, or dropping this would never be noticed."""
        client = self._client
        return _portal.Lease(portal, client.close, client._leave)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def explain(self, error: BaseException, lease: Lease) -> BaseException:
        """Return what the caller is to see of an error: without the frame of the job around it."""
        if isinstance(error, asyncio.CancelledError) and lease.closed:
            if _portal.is_exiting() and threading.current_thread() is not threading.main_thread():
                # A daemon thread, at the end of the interpreter: nobody reads its traceback any more.
                return SystemExit()
            return ConfigurationError("the client was closed while this was under way")
        traceback = error.__traceback__
        return error.with_traceback(traceback.tb_next if traceback is not None else None)

    def __del__(self) -> None:
        if self.lease is not None and not self.closed and not self.lease.portal.forked:
            self.lease.retire()


class Facade:
    """A place that the sync client can reach, and the async object that stands for it."""

    __slots__ = ("_inner", "_runtime")

    def __init__(self, runtime: Runtime, inner: object) -> None:
        self._runtime = runtime
        self._inner = inner

    def __repr__(self) -> str:
        return repr(self._inner).replace("<Async", "<", 1)


_warned = False


def _warn_in_running_loop() -> None:
    """Say, once in a process, that a call here stops a loop; in a notebook's cell that is what is wanted."""
    global _warned  # noqa: PLW0603 - once means once
    if _warned:
        return
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    if not _is_notebook():
        warnings.warn(
            "the sync Client is called in a running event loop and blocks it until the answer is there; "
            "await the AsyncClient instead, or call this through asyncio.to_thread",
            BlockingCallWarning,
            stacklevel=_frames_inside(),
        )
        _warned = True


def _is_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        return True
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _frames_inside() -> int:
    """Count the frames from `_warn_in_running_loop` out to the first line that is not this package's."""
    frame = inspect.currentframe()
    level = 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
        level += 1
    return level

"""Bulk changes for code without an event loop: the same functions, run on the loop of a sync `Client`."""

from __future__ import annotations

from twilio_sessions.bulk._changes import close, delete
from twilio_sessions.bulk._create import create
from twilio_sessions.bulk._planning import plan_close, plan_delete
from twilio_sessions.export._blocking import blocking

__all__ = ["close_sync", "create_sync", "delete_sync", "plan_close_sync", "plan_delete_sync"]


@blocking(plan_close)
def plan_close_sync() -> None:
    """Plan as `plan_close` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        TwilioSessionsError: As in `plan_close`.

    Example:
        >>> with Client() as client:
        ...     plan = plan_close_sync(client, "KS...", SessionFilter(idle=timedelta(days=30)))
    """


@blocking(plan_delete)
def plan_delete_sync() -> None:
    """Plan as `plan_delete` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        TwilioSessionsError: As in `plan_delete`.

    Example:
        >>> with Client() as client:
        ...     plan = plan_delete_sync(client, "KS...", SessionFilter(statuses=["closed"]))
    """


@blocking(close)
def close_sync() -> None:
    """Close as `close` does, with a `Client`: the same arguments, and no `await`.

    Everything runs concurrently on the client's loop while the calling thread waits; callbacks are called
    there. Ctrl-C interrupts it, and the same call goes on later.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on.
        TwilioSessionsError: As in `close`.
        OSError: As in `close`.

    Example:
        >>> with Client() as client:
        ...     report = close_sync(client, plan, journal="close-2026-11")
    """


@blocking(delete)
def delete_sync() -> None:
    """Delete as `delete` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on.
        TwilioSessionsError: As in `delete`.
        OSError: As in `delete`.

    Example:
        >>> with Client() as client:
        ...     report = delete_sync(client, plan, journal="delete-2026-11", archive="archive")
    """


@blocking(create)
def create_sync() -> None:
    """Create as `create` does, with a `Client`: the same arguments, and no `await`.

    Raises:
        KeyboardInterrupt: Ctrl-C; the same call goes on.
        TwilioSessionsError: As in `create`.
        OSError: As in `create`.

    Example:
        >>> with Client() as client:
        ...     report = create_sync(client, "KS...", read_rows("sessions.csv"), journal="create-2026-11")
    """

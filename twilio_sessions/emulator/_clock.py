"""The emulator's idea of now: the machine's clock until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ("Clock",)


def _system_time() -> datetime:
    return datetime.now(UTC)


class Clock:
    """A callable that returns the current time as an aware UTC `datetime`, and that can be moved.

    A new clock follows `source` (the machine's time by default). `set` stops it at a moment;
    `advance` moves it, running or stopped. Expiry of sessions and their removal after the
    retention time follow this clock, so a test of a 90-day rule takes no time at all:

        emulator.clock.advance(timedelta(days=90))

    Args:
        source: Where the time comes from while the clock runs; must return aware datetimes.
    """

    def __init__(self, source: Callable[[], datetime] = _system_time) -> None:
        self._source = source
        self._offset = timedelta()
        self._stopped: datetime | None = None

    def __call__(self) -> datetime:
        """Return the current moment in UTC."""
        if self._stopped is not None:
            return self._stopped
        return self._source().astimezone(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        """Stop the clock at an aware `moment`; it stands still there until moved again."""
        if moment.tzinfo is None:
            raise ValueError("the emulator's clock needs an aware datetime, such as datetime.now(UTC)")
        self._stopped = moment.astimezone(UTC)

    def advance(self, delta: timedelta) -> None:
        """Move the clock by `delta`, forwards or backwards; a running clock keeps running."""
        if self._stopped is not None:
            self._stopped += delta
        else:
            self._offset += delta

    def reset(self) -> None:
        """Forget every move; the clock runs again, as its source does."""
        self._stopped, self._offset = None, timedelta()

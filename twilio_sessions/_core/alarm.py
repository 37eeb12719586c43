"""Ends attempts that take too long: one timer of the event loop for all of them, not one for each."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Alarms", "Limit"]


class Alarms:
    """What is under way in one event loop with a limit of time.

    A timer for each request (aiohttp's `total`, `asyncio.timeout`) is set and cancelled for nothing nearly
    always, at a tenth of the price of the request itself (`nox -s bench -- --case fetch`, the row of the
    floor with its limits). Here the timer stands at the earliest end; what ends in time leaves it alone.

    Args:
        loop: The loop in which all of that happens.
    """

    __slots__ = ("_live", "_loop", "_next", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._live: set[Limit] = set()
        self._next = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def limit(self, seconds: float) -> Limit:
        """Return a context manager that ends what it holds with a TimeoutError after so many seconds."""
        return Limit(self, self._loop.time() + seconds)

    # What follows is called by limits, and by the timer.

    def add(self, limit: Limit) -> None:
        """Watch one more."""
        self._live.add(limit)
        if limit.due < self._next:
            self._arm(limit.due)

    def drop(self, limit: Limit) -> None:
        """Watch it no more; the timer stays, for the next one mostly ends later."""
        self._live.discard(limit)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = due
        self._timer = None if due == math.inf else self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        # A timer may come a rounding error early; to set it for that again could take for ever.
        now = max(self._loop.time(), self._next)
        for limit in [limit for limit in self._live if limit.due <= now]:
            self._live.discard(limit)
            limit.ring()
        self._arm(min((limit.due for limit in self._live), default=math.inf))


class Limit:
    """Ends the task inside it when it is due, as `asyncio.timeout` does: cancelled, and then a TimeoutError.

    Attributes:
        due: When that is, by the clock of the loop.
    """

    __slots__ = ("_alarms", "_cancelling", "_rang", "_task", "due")

    def __init__(self, alarms: Alarms, due: float) -> None:
        self._alarms = alarms
        self._rang = False
        self._cancelling = 0
        self._task: asyncio.Task[object] | None = None
        self.due = due

    def ring(self) -> None:
        """Cancel what is inside."""
        if self._task is not None:
            self._rang = True
            self._task.cancel()

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a limit of time holds inside a task only")
        self._task, self._cancelling = task, task.cancelling()
        self._alarms.add(self)

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if not self._rang:
            self._alarms.drop(self)
        elif task is not None and task.uncancel() <= self._cancelling and _is_cancelled(exc_type):
            # Who cancelled it besides gets the cancellation.
            raise TimeoutError from exc_value


def _is_cancelled(exc_type: type[BaseException] | None) -> bool:
    return exc_type is not None and issubclass(exc_type, asyncio.CancelledError)

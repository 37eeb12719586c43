"""The places in flight of one client: who of those that wait starts next, and when to look again."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from twilio_sessions._core.lane import Wake, wake
from twilio_sessions._core.share import Concurrency

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from twilio_sessions._core.lane import Lane

__all__ = ["Flight"]

# How often to look whether a cap that was cut has grown, when nothing else wakes those who wait for it.
_LOOK_AGAIN: Final = 0.5


class Flight:
    """What is in flight, and the lanes that stand in a row for a place.

    Args:
        most: How many requests may be in flight at most.
        clock: Monotonic seconds.

    Attributes:
        cap: How many may be now, and are.
        loop: Where those wait who do; None where nobody can.
    """

    __slots__ = ("_clock", "_look", "_row", "cap", "loop")

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._row: deque[Lane] = deque()
        self._look: asyncio.TimerHandle | None = None
        self.cap: Concurrency = Concurrency(most)
        self.loop: asyncio.AbstractEventLoop | None = None

    def has_room(self, now: float) -> bool:
        """Tell whether one more may start that stands in no row."""
        return not self._row and self.cap.has_room(now)

    def take(self, lane: Lane, now: float) -> float:
        """Start a request, and return when that was: now."""
        if lane.state is not None:
            lane.state.take(now)
        self.cap.in_flight += 1
        return now

    def land(self) -> None:
        """End a request, and let others start."""
        self.cap.in_flight -= 1
        if self._row:
            self._pump(self._clock())

    def go_on(self, lane: Lane, now: float) -> None:
        """Look again at what a lane may do, and then at who may start."""
        self._arm(lane, now)
        self._pump(now)

    def clear(self) -> None:
        """Begin anew: nothing is in flight, nobody stands in the row, nothing will happen in the loop."""
        self.loop = None
        self.cap.in_flight = 0
        self._row.clear()
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _arm(self, lane: Lane, now: float) -> None:
        """Put a lane into the row when the rate allows its first request, now or by a timer."""
        lane.stop()
        while not lane.is_queued and (waiter := lane.first()) is not None:
            ready, deadline = lane.ready_at(now), lane.waiters[waiter]
            if deadline is not None and ready > deadline:
                lane.waiters.pop(waiter)
                wake(waiter, Wake.TOO_LATE)
            elif ready > now:
                lane.timer = waiter.get_loop().call_later(ready - now, self._on_timer, lane, ready)
                return
            else:
                lane.is_queued = True
                self._row.append(lane)

    def _on_timer(self, lane: Lane, due: float) -> None:
        # A timer may come a rounding error early; to wait for that again could take for ever.
        self.go_on(lane, max(self._clock(), due))

    def _pump(self, now: float) -> None:
        """Let start who may: one request of each ready lane in turn."""
        if self.loop is None or self.loop.is_closed():
            return
        while self._row and self.cap.has_room(now):
            lane = self._row.popleft()
            lane.is_queued = False
            waiter = lane.first()
            if waiter is not None and lane.ready_at(now) <= now:
                lane.waiters.pop(waiter)
                waiter.set_result(self.take(lane, now))
            self._arm(lane, now)
        if self._row and self.cap.is_cut and self._look is None:
            self._look = self.loop.call_later(_LOOK_AGAIN, self._on_look)

    def _on_look(self) -> None:
        self._look = None
        self._pump(self._clock())

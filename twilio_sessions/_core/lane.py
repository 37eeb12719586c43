"""The queues of a gate: one lane for each key, with what it may do and who waits for it."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from twilio_sessions._core.ratelimit import RateState

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from twilio_sessions._config import Product
    from twilio_sessions._core.ratelimit import RateKey
    from twilio_sessions._core.window import Limit

__all__ = ["Lane", "Lanes", "Waiter", "Wake", "wake"]

_FEWEST_LANES: Final = 64


class Wake(Enum):
    """Why a waiter is woken without a slot."""

    TOO_LATE = "too late"
    MOVED = "the gate went to another loop"


Waiter: TypeAlias = "asyncio.Future[float | Wake]"


def wake(waiter: Waiter, why: Wake) -> None:
    """Wake who waits, unless that has happened."""
    if not waiter.done():
        waiter.set_result(why)


class Lane:
    """One key: what it may do, and who waits for it with which deadline, first come, first served.

    Attributes:
        state: What the key may do; None lets it do anything.
        waiters: Who waits, with deadlines, in the order in which they came.
        timer: What looks again when the rate allows the first of them to go.
        is_queued: Whether it stands in the row for places in flight.
    """

    __slots__ = ("is_queued", "state", "timer", "waiters")

    def __init__(self, state: RateState | None) -> None:
        self.state = state
        self.waiters: OrderedDict[Waiter, float | None] = OrderedDict()
        self.timer: asyncio.TimerHandle | None = None
        self.is_queued = False

    def ready_at(self, now: float, ahead: int = 0) -> float:
        """Return when a request may go, at the earliest, if so many others go before it."""
        return now if self.state is None else self.state.ready_at(now, ahead)

    def is_idle(self, now: float) -> bool:
        """Tell whether forgetting this lane would change nothing."""
        return not self.waiters and not self.is_queued and (self.state is None or self.state.is_idle(now))

    def first(self) -> Waiter | None:
        """Return who is next; who was cancelled and has not run since is passed over."""
        while self.waiters:
            waiter = next(iter(self.waiters))
            if not waiter.done():
                return waiter
            del self.waiters[waiter]
        return None

    def drop(self, waiter: Waiter) -> None:
        """Let somebody wait no longer."""
        self.waiters.pop(waiter, None)
        if not self.waiters:
            self.stop()

    def stop(self) -> None:
        """Forget the timer."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def clear(self, now: float) -> list[Waiter]:
        """Begin anew, but for the rate; return who waited."""
        waiters = list(self.waiters)
        self.waiters.clear()
        self.is_queued = False
        self.stop()
        if self.state is not None:
            self.state.abandon(now)
        return waiters


class Lanes:
    """All lanes of a gate; a key has one from the first time that it is asked for until it is idle.

    Args:
        limits: The published limit of each product that has one.
    """

    __slots__ = ("_lanes", "_limits", "_sweep_at")

    def __init__(self, limits: Mapping[Product, Limit]) -> None:
        self._limits = limits
        self._lanes: dict[RateKey | None, Lane] = {}
        self._sweep_at = _FEWEST_LANES

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def waiting(self) -> int:
        """How many wait in all of them."""
        return sum(len(lane.waiters) for lane in self._lanes.values())

    def find(self, key: RateKey | None) -> Lane | None:
        """Return the lane of a key, if it has one."""
        return self._lanes.get(key)

    def of(self, key: RateKey | None, now: float) -> Lane:
        """Return the lane of a key, making one where there is none."""
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= self._sweep_at:
                self._sweep(now)
            state = RateState(self._limits.get(key.product)) if key is not None else None
            lane = self._lanes[key] = Lane(state)
        return lane

    def clear(self, now: float) -> list[Waiter]:
        """Begin anew, but for the rates; return who waited anywhere."""
        return [waiter for lane in self._lanes.values() for waiter in lane.clear(now)]

    def _sweep(self, now: float) -> None:
        """Forget idle keys; only when they have doubled, so that it costs a key nothing to speak of."""
        self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.is_idle(now)}
        self._sweep_at = max(_FEWEST_LANES, 2 * len(self._lanes))

"""Makes tasks wait until their request may go: for the rate of its key, then for a place in flight."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from twilio_sessions._core.flight import Flight
from twilio_sessions._core.lane import Lanes, Wake, wake
from twilio_sessions._core.slot import Slot, too_late
from twilio_sessions._core.window import PROXY_LIMIT
from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_sessions._config import Product
    from twilio_sessions._core.lane import Waiter
    from twilio_sessions._core.ratelimit import RateKey, RateState
    from twilio_sessions._core.window import Limit

__all__ = ["Gate"]

PUBLISHED: Final[Mapping[Product, Limit]] = {"proxy": PROXY_LIMIT}

_CONCURRENT: Final = 100
_TOO_MANY: Final = 20429
_OTHER_LOOP: Final = (
    "this client belongs to another event loop; make one client per loop, or use the sync Client"
)


class Gate:
    """All waiting of one client, in one event loop at a time.

    Requests of one key go in the order in which they came. Keys do not wait for each other's rate, and
    take turns where they share something: the places in flight. A place is taken only together with the
    rate of the key, so neither is spent on waiting for the other.

    Args:
        limits: The published limit of each product that has one; the others learn from 429s only.
        concurrency: How many requests may be in flight at most, whatever their key.
        clock: Monotonic seconds; deadlines are times on this clock.

    Attributes:
        clock: The same.
        term: How often it went from one event loop to another.
    """

    def __init__(
        self,
        limits: Mapping[Product, Limit] = PUBLISHED,
        *,
        concurrency: int = _CONCURRENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._flight = Flight(concurrency, clock)
        self._lanes = Lanes(limits)
        self._process = 0
        self.term: int = 0

    def slot(self, key: RateKey | None, deadline: float | None = None) -> Slot:
        """Return what `async with` waits for: the right to have one request in flight.

        Args:
            key: Whose rate it spends; None spends nobody's.
            deadline: When it is of no use any more. Nothing is waited for that cannot come before.

        Raises:
            NoSlotInTimeError: On entering, at once when that is clear at once.
        """
        return Slot(self, key, deadline)

    def throttled(
        self, key: RateKey | None, code: int | None, *, sent: float | None = None, pause: float = 0.0
    ) -> None:
        """Learn from a 429.

        Twilio's code 20429 says "too many requests", perhaps at once, perhaps in a time: Proxy's own limit
        presumably answers with it, too. Both are lowered then, and each recovers by itself; but a key that
        is refused again and again says nothing about the others.

        Args:
            key: The key of the request.
            code: Twilio's code in the body.
            sent: When the request went; better known, for 429s of requests sent together count once.
            pause: How long Twilio asks to wait (`Retry-After`); only this key does.
        """
        now = self.clock()
        state = self._lanes.of(key, now).state
        surprise = state is None or state.throttled(now, sent, pause)
        if code == _TOO_MANY and surprise:
            self._flight.cap.throttled(now, sent)

    def succeeded(self, key: RateKey | None) -> None:
        """Learn from an answer that was no 429."""
        state = self._state(key)
        if state is not None:
            state.succeeded()

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._flight.cap.in_flight

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return self._lanes.waiting

    @property
    def keys(self) -> int:
        """How many keys are remembered."""
        return len(self._lanes)

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget who waits in `loop`, which stayed in the parent process and will not run here."""
        if self._flight.loop is loop:
            self._unbind()

    # What follows is called by slots.

    def enter(self, key: RateKey | None, deadline: float | None) -> float | None:
        """Take a slot if there is one, and return when; return None if it must be waited for."""
        if self._flight.loop is not asyncio.get_running_loop():
            self._bind()
        now = self.clock()
        lane = self._lanes.find(key) or self._lanes.of(key, now)
        state = lane.state
        ready = now if state is None else state.ready_at(now, len(lane.waiters))
        if deadline is not None and ready > deadline:
            raise too_late(ready, now)
        if ready > now or lane.waiters or not self._flight.has_room(now):
            return None
        return self._flight.take(lane, now)

    async def wait(self, key: RateKey | None, deadline: float | None) -> float | None:
        """Wait for a slot and return when it was taken; return None if it must be asked for again."""
        loop, now, term = asyncio.get_running_loop(), self.clock(), self.term
        lane = self._lanes.of(key, now)
        waiter: asyncio.Future[float | Wake] = loop.create_future()
        lane.waiters[waiter] = deadline
        alarm = loop.call_later(deadline - now, wake, waiter, Wake.TOO_LATE) if deadline is not None else None
        try:
            if lane.timer is None:
                self._flight.go_on(lane, now)
            came = await waiter
        except BaseException:
            # Granted, and cancelled before it could run: what was granted goes to the next one.
            if waiter.done() and not waiter.cancelled() and not isinstance(came := waiter.result(), Wake):
                self._give_back(key, came, term)
            raise
        finally:
            if alarm is not None:
                alarm.cancel()
            lane.drop(waiter)
        if came is Wake.TOO_LATE:
            raise too_late(lane.ready_at(now := self.clock()), now)
        return None if isinstance(came, Wake) else came

    def release(self, key: RateKey | None, term: int, *, answered: bool) -> None:
        """End what was in flight; what began in another loop ended with it."""
        if term != self.term:
            return
        if not answered and (state := self._state(key)) is not None:
            state.failed(self.clock())
        self._flight.land()

    def answered(self, key: RateKey | None, taken: float, term: int) -> None:
        """Count a request for what its answer says of it, unless it was given up with its loop."""
        state = self._state(key)
        if state is not None and term == self.term:
            state.answered(taken, self.clock())

    def _state(self, key: RateKey | None) -> RateState | None:
        lane = self._lanes.find(key)
        return None if lane is None else lane.state

    def _give_back(self, key: RateKey | None, taken: float, term: int) -> None:
        if term != self.term:
            return
        now = self.clock()
        lane = self._lanes.of(key, now)
        if lane.state is not None:
            lane.state.give_back(taken)
        self._flight.land()
        self._flight.go_on(lane, now)

    def _bind(self) -> None:
        """Belong to the running loop: rates are kept, but nobody waits and nothing is in flight there yet."""
        if (loop := self._flight.loop) is not None:
            # After a fork the parent's loop seems to run here, too; the connection pool has a word on that.
            if loop.is_running() and self._process == os.getpid():
                raise ConfigurationError(_OTHER_LOOP)
            for waiter in self._unbind():
                # Whoever waits in a loop that stopped, and not for ever, asks again when it goes on.
                with suppress(RuntimeError):
                    wake(waiter, Wake.MOVED)
        self._flight.loop = asyncio.get_running_loop()
        self._process = os.getpid()

    def _unbind(self) -> list[Waiter]:
        self.term += 1
        self._flight.clear()
        return self._lanes.clear(self.clock())

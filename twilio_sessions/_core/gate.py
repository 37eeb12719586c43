"""Makes tasks wait until their request may go: for the rate of its key, then for a place in flight."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict, deque
from contextlib import suppress
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from twilio_sessions._core.ratelimit import PROXY_LIMIT, Concurrency, RateState
from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from twilio_sessions._config import Product
    from twilio_sessions._core.ratelimit import Limit, RateKey

__all__ = ["Gate", "NoSlotInTimeError", "Slot"]

PUBLISHED: Final[Mapping[Product, Limit]] = {"proxy": PROXY_LIMIT}

_CONCURRENT: Final = 100
_TOO_MANY: Final = 20429
_FEWEST_LANES: Final = 64
# How often to look whether a cap that was cut has grown, when nothing else wakes those who wait for it.
_LOOK_AGAIN: Final = 0.5
_OTHER_LOOP: Final = (
    "this client belongs to another event loop; make one client per loop, or use the sync Client"
)


class NoSlotInTimeError(TimeoutError):
    """The request could not go before its deadline; it was not sent.

    Attributes:
        ready_at: When the rate of its key allows the next request, on the gate's clock.
    """

    def __init__(self, message: str, ready_at: float = 0.0) -> None:
        super().__init__(message)
        self.ready_at = ready_at


class _Wake(Enum):
    """Why a waiter is woken without a slot."""

    TOO_LATE = "too late"
    MOVED = "the gate went to another loop"


_Waiter: TypeAlias = "asyncio.Future[float | _Wake]"


class _Lane:
    """One key: what it may do, and who waits for it with which deadline, first come, first served."""

    __slots__ = ("is_queued", "state", "timer", "waiters")

    def __init__(self, state: RateState | None) -> None:
        self.state = state
        self.waiters: OrderedDict[_Waiter, float | None] = OrderedDict()
        self.timer: asyncio.TimerHandle | None = None
        self.is_queued = False

    def ready_at(self, now: float, ahead: int = 0) -> float:
        return now if self.state is None else self.state.ready_at(now, ahead)

    def is_idle(self, now: float) -> bool:
        return not self.waiters and not self.is_queued and (self.state is None or self.state.is_idle(now))

    def first(self) -> _Waiter | None:
        """Return who is next; who was cancelled and has not run since is passed over."""
        while self.waiters:
            waiter = next(iter(self.waiters))
            if not waiter.done():
                return waiter
            del self.waiters[waiter]
        return None

    def drop(self, waiter: _Waiter) -> None:
        self.waiters.pop(waiter, None)
        if not self.waiters:
            self.stop()

    def stop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def clear(self) -> list[_Waiter]:
        """Begin anew, but for the rate; return who waited."""
        waiters = list(self.waiters)
        self.waiters.clear()
        self.is_queued = False
        self.stop()
        return waiters


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
        self._limits = limits
        self._concurrency = Concurrency(concurrency)
        self._lanes: dict[RateKey | None, _Lane] = {}
        self._sweep_at = _FEWEST_LANES
        self._ready: deque[_Lane] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._look: asyncio.TimerHandle | None = None
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
        state = self._lane(key, now).state
        surprise = state is None or state.throttled(now, sent, pause)
        if code == _TOO_MANY and surprise:
            self._concurrency.throttled(now, sent)

    def succeeded(self, key: RateKey | None) -> None:
        """Learn from an answer that was no 429."""
        lane = self._lanes.get(key)
        if lane is not None and lane.state is not None:
            lane.state.succeeded()

    @property
    def in_flight(self) -> int:
        """How many slots are taken."""
        return self._concurrency.in_flight

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return sum(len(lane.waiters) for lane in self._lanes.values())

    @property
    def keys(self) -> int:
        """How many keys are remembered."""
        return len(self._lanes)

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """Forget who waits in `loop`, which stayed in the parent process and will not run here."""
        if self._loop is loop:
            self._unbind()

    # What follows is called by slots.

    def enter(self, key: RateKey | None, deadline: float | None) -> float | None:
        """Take a slot if there is one, and return when; return None if it must be waited for."""
        if self._loop is not asyncio.get_running_loop():
            self._bind()
        now = self.clock()
        lane = self._lanes.get(key) or self._lane(key, now)
        state = lane.state
        ready = now if state is None else state.ready_at(now, len(lane.waiters))
        if deadline is not None and ready > deadline:
            raise _too_late(ready, now)
        concurrency = self._concurrency
        if ready > now or lane.waiters or self._ready or not concurrency.has_room(now):
            return None
        if state is not None:
            state.take(now)
        concurrency.in_flight += 1
        return now

    async def wait(self, key: RateKey | None, deadline: float | None) -> float | None:
        """Wait for a slot and return when it was taken; return None if it must be asked for again."""
        loop, now, term = asyncio.get_running_loop(), self.clock(), self.term
        lane = self._lane(key, now)
        waiter: asyncio.Future[float | _Wake] = loop.create_future()
        lane.waiters[waiter] = deadline
        alarm = (
            loop.call_later(deadline - now, _wake, waiter, _Wake.TOO_LATE) if deadline is not None else None
        )
        try:
            if lane.timer is None:
                self._go_on(lane, now)
            came = await waiter
        except BaseException:
            # Granted, and cancelled before it could run: what was granted goes to the next one.
            if waiter.done() and not waiter.cancelled() and not isinstance(came := waiter.result(), _Wake):
                self._give_back(key, came, term)
            raise
        finally:
            if alarm is not None:
                alarm.cancel()
            lane.drop(waiter)
        if came is _Wake.TOO_LATE:
            raise _too_late(lane.ready_at(now := self.clock()), now)
        return None if isinstance(came, _Wake) else came

    def release(self, term: int) -> None:
        """End what was in flight; what began in another loop ended with it."""
        if term == self.term:
            self._concurrency.in_flight -= 1
            if self._ready:
                self._pump(self.clock())

    def moved(self, key: RateKey | None, taken: float, sent: float) -> None:
        """Count a request at the time it was sent, if that is later than it was let go."""
        lane = self._lanes.get(key)
        if lane is not None and lane.state is not None:
            lane.state.move(taken, sent)

    def _take(self, lane: _Lane, now: float) -> float:
        if lane.state is not None:
            lane.state.take(now)
        self._concurrency.in_flight += 1
        return now

    def _give_back(self, key: RateKey | None, taken: float, term: int) -> None:
        now = self.clock()
        lane = self._lane(key, now)
        if lane.state is not None:
            lane.state.give_back(taken)
        if term == self.term:
            self._concurrency.in_flight -= 1
            self._go_on(lane, now)

    def _go_on(self, lane: _Lane, now: float) -> None:
        """Look again at what a lane may do, and then at who may start."""
        self._arm(lane, now)
        self._pump(now)

    def _arm(self, lane: _Lane, now: float) -> None:
        """Queue a lane for a place in flight when the rate allows its first request, now or by a timer."""
        lane.stop()
        while not lane.is_queued and (waiter := lane.first()) is not None:
            ready, deadline = lane.ready_at(now), lane.waiters[waiter]
            if deadline is not None and ready > deadline:
                lane.waiters.pop(waiter)
                _wake(waiter, _Wake.TOO_LATE)
            elif ready > now:
                lane.timer = waiter.get_loop().call_later(ready - now, self._on_timer, lane, ready)
                return
            else:
                lane.is_queued = True
                self._ready.append(lane)

    def _on_timer(self, lane: _Lane, due: float) -> None:
        # A timer may come a rounding error early; to wait for that again could take for ever.
        self._go_on(lane, max(self.clock(), due))

    def _pump(self, now: float) -> None:
        """Let start who may: one request of each ready lane in turn."""
        if self._loop is None or self._loop.is_closed():
            return
        while self._ready and self._concurrency.has_room(now):
            lane = self._ready.popleft()
            lane.is_queued = False
            waiter = lane.first()
            if waiter is not None and lane.ready_at(now) <= now:
                lane.waiters.pop(waiter)
                waiter.set_result(self._take(lane, now))
            self._arm(lane, now)
        if self._ready and self._concurrency.is_cut and self._look is None:
            self._look = self._loop.call_later(_LOOK_AGAIN, self._on_look)

    def _on_look(self) -> None:
        self._look = None
        self._pump(self.clock())

    def _lane(self, key: RateKey | None, now: float) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            if len(self._lanes) >= self._sweep_at:
                self._sweep(now)
            state = RateState(self._limits.get(key.product)) if key is not None else None
            lane = self._lanes[key] = _Lane(state)
        return lane

    def _sweep(self, now: float) -> None:
        """Forget idle keys; only when they have doubled, so that it costs a key nothing to speak of."""
        self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.is_idle(now)}
        self._sweep_at = max(_FEWEST_LANES, 2 * len(self._lanes))

    def _bind(self) -> None:
        """Belong to the running loop: rates are kept, but nobody waits and nothing is in flight there yet."""
        if self._loop is not None:
            # After a fork the parent's loop seems to run here, too; the connection pool has a word on that.
            if self._loop.is_running() and self._process == os.getpid():
                raise ConfigurationError(_OTHER_LOOP)
            for waiter in self._unbind():
                # Whoever waits in a loop that stopped, and not for ever, asks again when it goes on.
                with suppress(RuntimeError):
                    _wake(waiter, _Wake.MOVED)
        self._loop = asyncio.get_running_loop()
        self._process = os.getpid()

    def _unbind(self) -> list[_Waiter]:
        self.term += 1
        self._loop = None
        self._concurrency.in_flight = 0
        self._ready.clear()
        if self._look is not None:
            self._look.cancel()
            self._look = None
        return [waiter for lane in self._lanes.values() for waiter in lane.clear()]


class Slot:
    """The right to have one request in flight, from entering to leaving; for one use."""

    __slots__ = ("_deadline", "_gate", "_holds", "_key", "_sent", "_taken", "_term")

    def __init__(self, gate: Gate, key: RateKey | None, deadline: float | None) -> None:
        self._gate = gate
        self._key = key
        self._deadline = deadline
        self._holds = False
        self._taken = self._sent = 0.0
        self._term = 0

    async def __aenter__(self) -> Self:
        gate = self._gate
        taken = None
        while taken is None:
            taken = gate.enter(self._key, self._deadline)
            self._term = gate.term
            if taken is None:
                taken = await gate.wait(self._key, self._deadline)
        self._taken = self._sent = taken
        self._holds = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holds:
            self._holds = False
            self._gate.release(self._term)

    def sent(self) -> None:
        """Say that the request goes out only now: it waited for a connection, or for its handshake.

        To say it is not necessary, but the server counts from when a request arrives, and a slow handshake
        can be longer than the guard of the window.
        """
        self._sent = self._gate.clock()
        self._gate.moved(self._key, self._taken, self._sent)

    def throttled(self, code: int | None, pause: float = 0.0) -> None:
        """Report a 429: Twilio's code, and how long it asks to wait."""
        self._gate.throttled(self._key, code, sent=self._sent, pause=pause)

    def succeeded(self) -> None:
        """Report an answer that was no 429."""
        self._gate.succeeded(self._key)


def _wake(waiter: _Waiter, why: _Wake) -> None:
    if not waiter.done():
        waiter.set_result(why)


def _too_late(ready: float, now: float) -> NoSlotInTimeError:
    if ready > now:
        return NoSlotInTimeError(f"the rate limit has room in {ready - now:.3g} s, after the deadline", ready)
    return NoSlotInTimeError(
        "no request in flight ended before the deadline to make room for this one", ready
    )

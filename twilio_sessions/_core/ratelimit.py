"""When the next request may go: Twilio's published budget, and what its 429s teach; it reads no clock.

Proxy counts requests in a window that slides, so the window is kept here as the server keeps it, as a
log. A token bucket would be refilled while the server still remembers the burst that emptied it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

if TYPE_CHECKING:
    from twilio_sessions._config import Product

__all__ = ["ACCOUNT", "PROXY_LIMIT", "Concurrency", "Limit", "RateKey", "RateState", "Share", "SlidingWindow"]

ACCOUNT: Final = "account"
_LONG_AGO: Final = float("-inf")


class RateKey(NamedTuple):
    """Whose budget a request spends.

    Attributes:
        product: The product; it decides which limit was published.
        scope: The SID of the service, or `ACCOUNT` for what belongs to no service.
        endpoint: The name of the endpoint within the scope.
    """

    product: Product
    scope: str
    endpoint: str


@attrs.frozen
class Limit:
    """At most so many requests in any window of so many seconds.

    Attributes:
        requests: How many.
        window: The length of the window, in seconds.
        guard: How much longer the window is taken to be here. Two requests that left a window apart may
            arrive closer together; nothing is refused while delays differ by less than this.
    """

    requests: int = 150
    window: float = 5.0
    guard: float = 0.1

    @property
    def span(self) -> float:
        """The window with its guard."""
        return self.window + self.guard


PROXY_LIMIT: Final = Limit()


# A burst goes in five parts, each a fiftieth of the window after the last: 30 requests every 0.1 s. In one
# instant it would take its places again in the very instant they expire, and a second process would never
# find room; and where the room is already gone, all of it would draw 429s before the first one is back.
# It costs 0.4 s once, not per window, and nothing below 30 requests at a time.
_PARTS: Final = 5
_PART_EVERY: Final = 0.02


class SlidingWindow:
    """The times of the last requests, as many as a window may hold."""

    __slots__ = ("_log", "_part", "_part_every", "_requests", "_span", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._requests = limit.requests
        self._span = limit.span
        self._part = max(1, limit.requests // _PARTS)
        self._part_every = _PART_EVERY * limit.window
        self._log: deque[float] = deque(maxlen=limit.requests)

    def ready_at(self, now: float, ahead: int = 0) -> float:
        """Return when a request may go, at the earliest, if so many others go before it."""
        log = self._log
        used = len(log)
        if used + ahead < self._part:
            return now
        ready = now
        if used >= self._part:
            ready = max(now, log[-self._part] + self._part_every)
        free = self._requests - used
        if ahead < free:
            return ready
        rounds, place = divmod(ahead - free, self._requests)
        base = log[place] if place < len(log) else now
        return max(ready, base + (rounds + 1) * self._span)

    def take(self, now: float) -> None:
        """Count a request that goes now; the oldest is forgotten when the log is full."""
        self._log.append(now)

    def give_back(self, taken: float) -> None:
        """Uncount a request that never went."""
        if taken in self._log:
            self._log.remove(taken)

    def move(self, taken: float, sent: float) -> None:
        """Count a request at the time it really went, if that is later by more than the guard hides."""
        if sent - taken > self.limit.guard / 10:
            self.give_back(taken)
            self._log.append(sent)

    def recent_rate(self, now: float) -> float:
        """Return the requests per second of the last window, or of the part of it that was used."""
        recent = [time for time in self._log if time > now - self.limit.window]
        return len(recent) / max(1.0, now - recent[0]) if recent else 0.0

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing in the log matters any more."""
        return not self._log or self._log[-1] + self._span <= now


# The law of CUBIC (RFC 9438), its units changed to parts of the whole: a small cut, a quick return towards
# where it went wrong, a long look around there, and only then a search for more. With these numbers two
# clients that share a budget draw a 429 every few seconds, and a half is the whole again within 20 s.
_CUT: Final = 0.9
_CURVE: Final = 1e-3


class Share:
    """The part of something that 429s have left: all of it, a part that was cut, a part growing back.

    Attributes:
        is_whole: Whether nothing is cut, or nothing was any more when `at` was last asked.
    """

    __slots__ = ("_bend", "_ceiling", "_cut_at", "_floor", "_low", "_peak", "_rest", "is_whole")

    def __init__(self, *, floor: float, rest: float, ceiling: float = 1.0) -> None:
        self._floor = floor
        self._rest = rest
        self._ceiling = ceiling
        self._low = self._peak = self._bend = 0.0
        self._cut_at = _LONG_AGO
        self.is_whole = True

    def at(self, now: float) -> float:
        """Return the share at a time; once it is back at its ceiling, the cut is forgotten."""
        if self.is_whole:
            return self._ceiling
        # It does not grow before the effect of the cut can be seen.
        time = max(0.0, now - self._cut_at - self._rest)
        share = self._peak + _CURVE * (time - self._bend) ** 3
        if share < self._ceiling:
            return max(share, self._low)
        self.is_whole = True
        return self._ceiling

    def cut(self, now: float) -> None:
        """Cut the share once; what is cut for the first time is a whole, whatever the ceiling is."""
        share = self.at(now)
        self._peak = 1.0 if self.is_whole else share
        self._low = max(self._floor, _CUT * self._peak)
        self._bend = max(0.0, (self._peak - self._low) / _CURVE) ** (1 / 3)
        self._cut_at = now
        self.is_whole = False


# How far a rate can fall: twenty clients still divide one budget without pressing against the floor.
_RATE_FLOOR: Final = 0.05
# A window after the cut the server has forgotten what went before it. Until then, 429s may be the past's
# or may say that one cut was too little, as when a second client doubles the traffic: some more are made.
_CUTS_PER_WINDOW: Final = 4
# 429s one after another and no success between say that the key is shut out, not that its own rate is too
# high. It waits, but it is not cut for ever, or whoever comes second would begin with nothing.
_TELLING_REFUSALS: Final = 3
# Where no limit is published, a rate is learnt as parts of the rate that drew the first 429, and there is
# no limit any more once four times that went well. The log is only for measuring that rate.
_UNPUBLISHED: Final = Limit(requests=512)
_UNPUBLISHED_CEILING: Final = 4.0
_LEAST_RATE: Final = 1.0
# The pause after a 429, doubled with each that follows without a success between, and the longest, which
# is short enough that a client that is shut out finds the room that another one leaves.
_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 1.0
_DOUBLINGS: Final = 4
# How much lateness of timers an evenly spaced sender makes up for, in seconds; otherwise it only adds up.
_LATENESS: Final = 0.1
# How long ago a request went for which nobody says it.
_USUAL_DELAY: Final = 0.5


class RateState:
    """What one key may do: the published window, if there is one, and a learnt rate after 429s.

    While nothing is learnt, the window may be spent in bursts. While something is, requests are evenly
    spaced: clients that burst into a window they share shut each other out, evenly spaced ones divide it.
    """

    __slots__ = (
        "_cut_at",
        "_cuts",
        "_learning",
        "_limit",
        "_next",
        "_paused_to",
        "_reacted_at",
        "_refusals",
        "_share",
        "_step",
        "_unit",
        "_window",
    )

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit
        self._window = SlidingWindow(limit or _UNPUBLISHED)
        ceiling = 1.0 if limit else _UNPUBLISHED_CEILING
        self._share = Share(floor=_RATE_FLOOR, rest=self._window.limit.window, ceiling=ceiling)
        self._unit = limit.requests / limit.span if limit else _LEAST_RATE
        self._learning = False
        self._refusals = self._cuts = 0
        self._step = 0.0
        self._next = self._paused_to = self._reacted_at = self._cut_at = _LONG_AGO

    def ready_at(self, now: float, ahead: int = 0) -> float:
        """Return when a request may go, at the earliest, if so many others go before it."""
        ready = self._window.ready_at(now, ahead) if self._limit else now
        return max(ready, self._next, self._paused_to) if self._learning else ready

    def take(self, now: float) -> None:
        """Count a request that goes now."""
        self._window.take(now)
        if self._learning:
            self._step = 1 / (self._unit * self._share.at(now))
            self._next = max(self._next, now - _LATENESS) + self._step
            self._learning = not self._share.is_whole

    def give_back(self, taken: float) -> None:
        """Uncount a request that never went."""
        self._window.give_back(taken)
        self._next -= self._step

    def move(self, taken: float, sent: float) -> None:
        """Count a request at the time it really went, which may be later than it was let go."""
        self._window.move(taken, sent)

    def throttled(self, now: float, sent: float | None = None, pause: float = 0.0) -> bool:
        """Learn from a 429; those of one event, which were under way together, count once.

        Args:
            now: When the 429 came.
            sent: When its request went.
            pause: How long the server asks to wait.

        Returns:
            Whether it came as a surprise: not one of an event, nor the next after one without a success.
        """
        self._learning = True
        self._paused_to = max(self._paused_to, now + pause)
        sent = now - _USUAL_DELAY if sent is None else sent
        if sent < self._reacted_at:
            return False
        self._reacted_at = now
        wait = min(_PAUSE * 2 ** min(self._refusals, _DOUBLINGS), _LONGEST_PAUSE)
        self._paused_to = max(self._paused_to, now + wait)
        self._refusals += 1
        if self._refusals <= _TELLING_REFUSALS:
            self._cut(now, sent)
        return self._refusals == 1

    def succeeded(self) -> None:
        """Learn from an answer that was not a 429: the key is not shut out."""
        self._refusals = 0

    def is_idle(self, now: float) -> bool:
        """Tell whether forgetting this key would change nothing."""
        self._share.at(now)
        return self._share.is_whole and self._paused_to <= now and self._window.is_idle(now)

    def _cut(self, now: float, sent: float) -> None:
        if self._limit is None and self._share.is_whole:
            self._unit = max(_LEAST_RATE, self._window.recent_rate(now))
        if sent >= self._cut_at + self._window.limit.window:
            self._cut_at, self._cuts = now, 0
        if self._cuts < _CUTS_PER_WINDOW:
            self._cuts += 1
            self._share.cut(now)


_CONCURRENCY_FLOOR: Final = 0.02
_CONCURRENCY_REST: Final = 1.0


class Concurrency:
    """How many requests of an account may be in flight at once; Twilio publishes no number.

    Attributes:
        in_flight: How many are.
    """

    __slots__ = ("_cut_at", "_most", "_share", "in_flight")

    def __init__(self, most: int) -> None:
        self._most = most
        self._share = Share(floor=_CONCURRENCY_FLOOR, rest=_CONCURRENCY_REST)
        self._cut_at = _LONG_AGO
        self.in_flight = 0

    @property
    def is_cut(self) -> bool:
        """Tell whether the cap is lower than it could be, and grows by itself."""
        return not self._share.is_whole

    def cap(self, now: float) -> int:
        """Return how many may be in flight now: at least one."""
        return max(1, int(self._most * self._share.at(now)))

    def has_room(self, now: float) -> bool:
        """Tell whether one more may start."""
        return self.in_flight < self._most and (self._share.is_whole or self.in_flight < self.cap(now))

    def throttled(self, now: float, sent: float | None = None) -> None:
        """Lower the cap, unless the request went before it was lowered the last time."""
        sent = now - _USUAL_DELAY if sent is None else sent
        if sent >= self._cut_at:
            self._share.cut(now)
            self._cut_at = now

"""Proxy's published limit, kept as the server keeps it: a log of what it has counted; it reads no clock."""

from __future__ import annotations

from bisect import insort
from collections import deque
from typing import Final

import attrs

__all__ = ["PROXY_LIMIT", "Limit", "Shortest", "SlidingWindow"]

_NEVER: Final = float("inf")


@attrs.frozen
class Limit:
    """At most so many requests in any window of so many seconds.

    Attributes:
        requests: How many.
        window: The length of the window, in seconds.
        guard: How much longer the window is taken to be here, in seconds. When a request arrived is known
            from its answer, but for as much as the fastest round trip seen lately could have been faster.
    """

    requests: int = 150
    window: float = 5.0
    guard: float = 0.02

    @property
    def span(self) -> float:
        """The window with its guard."""
        return self.window + self.guard


PROXY_LIMIT: Final = Limit()


# How long the shortest round trip is remembered at least, in seconds; at most twice as long, while there is
# traffic. A route that became longer costs some of the budget until then, a shorter one is seen at once.
_REMEMBERED: Final = 30.0


class Shortest:
    """The shortest round trip of late, once enough were seen to call it that.

    The first ones open connections and stand in each other's way: even the shortest of them is too long,
    and to rely on it would be to let requests go too early.

    Args:
        least: How many are enough.

    Attributes:
        value: The shortest, in seconds; 0 before enough were seen.
    """

    __slots__ = ("_before", "_least", "_now", "_seen", "_since", "value")

    def __init__(self, least: int) -> None:
        self.value: float = 0.0
        self._least = least
        self._before = self._now = _NEVER
        self._seen = 0
        self._since = _NEVER

    def see(self, now: float, value: float) -> None:
        """Take a round trip into account, and forget those of too long ago when there are enough others."""
        self._since = min(self._since, now)
        self._seen += 1
        self._now = min(self._now, value)
        enough = self._seen >= self._least
        if enough or self._before < _NEVER:
            self.value = min(self._before, self._now)
        if enough and now - self._since >= _REMEMBERED:
            self._before, self._now, self._seen, self._since = self._now, _NEVER, 0, now


# A burst goes in five parts, each a fiftieth of the window after the last: 30 requests every 0.1 s. In one
# instant it would take its places again in the very instant they expire, and a second process would never
# find room; and where the room is already gone, all of it would draw 429s before the first one is back.
# It costs 0.4 s once, not per window, and nothing below 30 requests at a time.
_PARTS: Final = 5
_PART_EVERY: Final = 0.02
# How many windows of round trips are enough to know the shortest.
_ENOUGH: Final = 2


class SlidingWindow:
    """As many requests as a window may hold, and when the server has counted each of them, at the latest.

    The server counts a request when it arrives, which nobody here sees. But the way there took no longer
    than the whole round trip did, less the fastest way back. So a request that was answered at `a` had
    arrived by `a` less the shortest round trip, measured from the moment in which the fastest one let go
    now would arrive: its place is free for that one a window later. A request without an answer may still
    be on its way, and keeps its place; one that failed had arrived when it failed, at the latest.
    """

    __slots__ = (
        "_answers",
        "_granted",
        "_part",
        "_part_every",
        "_requests",
        "_shortest",
        "_waiting",
        "limit",
    )

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._requests = limit.requests
        self._part = max(1, limit.requests // _PARTS)
        self._part_every = _PART_EVERY * limit.window
        self._shortest = Shortest(_ENOUGH * limit.requests)
        # When the last requests were let go, and when those of them that were answered were.
        self._granted: deque[float] = deque(maxlen=limit.requests)
        self._answers: deque[float] = deque()
        self._waiting = 0

    def ready_at(self, now: float, ahead: int = 0) -> float:
        """Return when a request may go, at the earliest, if so many others go before it."""
        used = len(self._answers) + self._waiting
        if used + ahead < self._part:
            return now
        ready = now
        if len(self._granted) >= self._part:
            ready = max(now, self._granted[-self._part] + self._part_every)
        free = self._requests - used
        if ahead < free:
            return ready
        rounds, place = divmod(ahead - free, self._requests)
        counted = self._counted_at(place, now)
        if not rounds and len(self._answers) <= place < used:
            # Not before it is answered, whatever is expected of it; then somebody has to look again.
            ready = max(ready, now + self._part_every)
        return max(ready, counted + (rounds + 1) * self.limit.span)

    def take(self, now: float) -> None:
        """Count a request that goes now; the oldest is forgotten when there are too many."""
        self._granted.append(now)
        self._waiting += 1
        while self._answers and len(self._answers) + self._waiting > self._requests:
            self._answers.popleft()

    def give_back(self, taken: float) -> None:
        """Uncount a request that never went."""
        self._waiting -= 1
        if taken in self._granted:
            self._granted.remove(taken)

    def answered(self, taken: float, now: float) -> None:
        """Count a request that was let go at `taken` for what its answer, which comes now, says of it."""
        self._shortest.see(now, now - taken)
        self._waiting -= 1
        if not self._answers or now >= self._answers[-1]:
            self._answers.append(now)
        else:
            insort(self._answers, now)

    def failed(self, now: float, requests: int = 1) -> None:
        """Count requests that will not be answered, and arrived by now if they ever did."""
        self._waiting -= requests
        for _ in range(requests):
            insort(self._answers, now + self._shortest.value)

    def abandon(self, now: float) -> None:
        """Count all requests without an answer as failed: nobody waits for their answers any more."""
        self.failed(now, self._waiting)

    def recent_rate(self, now: float) -> float:
        """Return the requests per second of the last window, or of the part of it that was used."""
        recent = [time for time in self._granted if time > now - self.limit.window]
        return len(recent) / max(1.0, now - recent[0]) if recent else 0.0

    def is_idle(self, now: float) -> bool:
        """Tell whether nothing in the log matters any more."""
        if self._waiting:
            return False
        return not self._answers or self._answers[-1] - self._shortest.value + self.limit.span <= now

    def _counted_at(self, place: int, now: float) -> float:
        """Return when a place was taken at the latest, or, while that is not known yet, at the earliest."""
        if place < len(self._answers):
            return self._answers[place] - self._shortest.value
        if place < len(self._answers) + self._waiting:
            return max(self._granted[0], now - self._shortest.value)
        return now

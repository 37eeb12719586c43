"""How much of something 429s have left, of a rate or of what may be in flight at once; it reads no clock."""

from __future__ import annotations

from typing import Final

__all__ = ["LONG_AGO", "USUAL_DELAY", "Concurrency", "Share"]

LONG_AGO: Final = float("-inf")
USUAL_DELAY: Final = 0.5
"""How long ago a request went for which nobody says it, in seconds."""

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
        self._cut_at = LONG_AGO
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
        self._cut_at = LONG_AGO
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
        sent = now - USUAL_DELAY if sent is None else sent
        if sent >= self._cut_at:
            self._share.cut(now)
            self._cut_at = now

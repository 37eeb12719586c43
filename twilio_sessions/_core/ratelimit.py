"""When the next request of one key may go: the published budget, and what 429s teach; it reads no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from twilio_sessions._core.share import LONG_AGO, USUAL_DELAY, Share
from twilio_sessions._core.window import Limit, SlidingWindow

if TYPE_CHECKING:
    from twilio_sessions._config import Product

__all__ = ["ACCOUNT", "RateKey", "RateState"]

ACCOUNT: Final = "account"


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
        self._next = self._paused_to = self._reacted_at = self._cut_at = LONG_AGO

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

    def answered(self, taken: float, now: float) -> None:
        """Learn when a request that was let go at `taken` has arrived: its answer comes now."""
        self._window.answered(taken, now)

    def failed(self, now: float) -> None:
        """Count a request as arrived: it will not be answered."""
        self._window.failed(now)

    def abandon(self, now: float) -> None:
        """Count all requests without an answer as arrived: nobody waits for their answers any more."""
        self._window.abandon(now)

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
        sent = now - USUAL_DELAY if sent is None else sent
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

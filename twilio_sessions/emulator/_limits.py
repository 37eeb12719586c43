"""Proxy's published budget: requests a second for each endpoint of each service (Proxy limits page)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ("RateLimiter",)


class RateLimiter:
    """A sliding window for each endpoint; a whole window's budget may be spent in one burst.

    Twilio's 30 requests a second over 5 seconds allow 150 at once, and then none until the window moves on.
    """

    def __init__(self, per_second: float, window: float) -> None:
        self._budget = max(int(per_second * window), 1)
        self._window = window
        self._admitted: dict[Hashable, deque[float]] = {}

    def admit(self, endpoint: Hashable, now: float) -> bool:
        """Count a request made at `now`, or say that it is one too many; refused ones do not count."""
        times = self._admitted.setdefault(endpoint, deque())
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._budget:
            return False
        times.append(now)
        return True

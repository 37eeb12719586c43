"""Proxy's published budget: so many requests in any five seconds, for each endpoint of each service."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ("SlidingWindow",)


class SlidingWindow:
    """Admits at most `limit` requests in any `window` seconds, exactly, for each key by itself.

    Twilio's 30 requests a second, averaged over 5 seconds, are 150 at once and then none until the first
    of them is 5 seconds old: no token bucket and no fixed interval admits the same requests.

    Args:
        limit: Requests in one window, at least 1.
        window: Its length in seconds; a request leaves it when it is exactly that old.
        count_rejected: Whether a request that was turned away weighs as much as one that was not.
    """

    def __init__(self, limit: int, window: float, *, count_rejected: bool = False) -> None:
        self._limit, self._window = limit, window
        self._count_rejected = count_rejected
        # Only the last `limit` moments matter: a request is one too many if the oldest is still inside.
        self._moments: dict[Hashable, deque[float]] = {}

    def admit(self, key: Hashable, now: float) -> bool:
        """Judge a request made at `now`, in seconds on a clock that never goes back."""
        moments = self._moments.get(key)
        if moments is None:
            moments = self._moments[key] = deque(maxlen=self._limit)
        admitted = len(moments) < self._limit or now - moments[0] >= self._window
        if admitted or self._count_rejected:
            moments.append(now)
        return admitted

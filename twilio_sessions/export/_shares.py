"""Divides the listings that may be read at once among all that wait: more to those with more to do.

When everything gets its part by what it has left, everything ends at about the same time, and no service is
left over with a place or two while the others are free.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import attrs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Shares", "divide"]

_HOW_OFTEN: Final = 0.25


class Worker(Protocol):
    """Something that takes a share."""

    @property
    def remaining(self) -> int:
        """How many listings it still has to read, as far as that is known."""
        ...

    def wake(self) -> None:
        """Look again: it may read more at once."""
        ...


def divide(places: int, remaining: Sequence[int]) -> list[int]:
    """Return how many of the places each one gets: in proportion, and at least one.

    Example:
        >>> divide(10, [90, 10, 0])
        [9, 1, 1]
    """
    total = sum(remaining)
    if total == 0:
        return [max(1, places // max(1, len(remaining)))] * len(remaining)
    return [max(1, round(places * part / total)) for part in remaining]


@attrs.define
class Shares:
    """The places of one export.

    Attributes:
        places: How many listings are read at once, over all.
        room: What each listing takes one of. A share is one at least, so together they may be too many.
    """

    places: int
    room: anyio.Semaphore = attrs.field(init=False)
    _clock: Callable[[], float] = time.monotonic
    _workers: list[Worker] = attrs.field(factory=list[Worker])
    _shares: dict[int, int] = attrs.field(factory=dict[int, int])
    _due: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.room = anyio.Semaphore(self.places, fast_acquire=True)

    def join(self, worker: Worker) -> None:
        """Take part."""
        self._workers.append(worker)
        self._due = 0.0

    def leave(self, worker: Worker) -> None:
        """Take part no more."""
        self._workers.remove(worker)
        self._due = 0.0

    def of(self, worker: Worker) -> int:
        """Return how many listings somebody may read at once."""
        now = self._clock()
        if now >= self._due:
            self._due = now + _HOW_OFTEN
            self._divide()
        return self._shares.get(id(worker), 1)

    def _divide(self) -> None:
        parts = divide(self.places, [each.remaining for each in self._workers])
        before, self._shares = self._shares, {}
        for each, part in zip(self._workers, parts, strict=True):
            self._shares[id(each)] = part
            if part > before.get(id(each), 1):
                each.wake()

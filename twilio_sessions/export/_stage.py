"""How far the listings of one resource have been read; pure, and what a checkpoint remembers of them."""

from __future__ import annotations

from bisect import bisect_right

import attrs

__all__ = ["StageState", "Walk"]


@attrs.frozen
class Walk:
    """One listing that has been read in part, or that was read before an earlier one had ended.

    Attributes:
        parent: Which row of the parent resource it belongs to, counted from 0 in the order of the archive.
        token: Where it goes on; None at its beginning.
        pages: Pages read.
        is_done: Whether it was read to its end.
        is_again: Whether it was begun anew because its token had expired: then any of its rows may come
            again.
    """

    parent: int
    token: str | None = None
    pages: int = 0
    is_done: bool = False
    is_again: bool = False


@attrs.define
class StageState:
    """What has been read of all listings of one resource: everything before `cursor`, and more after it.

    What was read is kept as ranges, so that one listing that cannot be read does not make the record of
    the thousands after it grow.

    Attributes:
        cursor: The first parent whose listing has not been read to its end.
        walks: The listings that have been read in part, by parent.
        ahead: Ranges of parents after the cursor whose listings have been read, in order: the first, and
            the one after the last.
    """

    cursor: int = 0
    walks: dict[int, Walk] = attrs.field(factory=dict[int, Walk])
    ahead: list[tuple[int, int]] = attrs.field(factory=list[tuple[int, int]])

    def note(self, walk: Walk) -> None:
        """Remember how far a listing has been read."""
        if not walk.is_done:
            self.walks[walk.parent] = walk
            return
        self.walks.pop(walk.parent, None)
        if not self._has(walk.parent):
            self._insert(walk.parent)
        if self.ahead and self.ahead[0][0] == self.cursor:
            self.cursor = self.ahead.pop(0)[1]

    def walk(self, parent: int) -> Walk:
        """Return how far the listing of a parent has been read."""
        if self._has(parent):
            return Walk(parent, is_done=True)
        return self.walks.get(parent) or Walk(parent)

    @property
    def done(self) -> int:
        """How many listings were read to their end."""
        return self.cursor + sum(end - first for first, end in self.ahead)

    def copy(self) -> StageState:
        """Return what does not change when this does."""
        return StageState(self.cursor, dict(self.walks), list(self.ahead))

    def _has(self, parent: int) -> bool:
        at = self._before(parent)
        return parent < self.cursor or (at >= 0 and parent < self.ahead[at][1])

    def _before(self, parent: int) -> int:
        """Return the place of the last range that begins at a parent or before it; -1 where there is none."""
        return bisect_right(self.ahead, parent, key=lambda span: span[0]) - 1

    def _insert(self, parent: int) -> None:
        """Add a parent, joined with the ranges that it touches."""
        at = self._before(parent) + 1
        first, end = parent, parent + 1
        if at < len(self.ahead) and self.ahead[at][0] == end:
            end = self.ahead.pop(at)[1]
        if at > 0 and self.ahead[at - 1][1] == first:
            first = self.ahead.pop(at - 1)[0]
            at -= 1
        self.ahead.insert(at, (first, end))

"""Remembers what was listed last, so that a row that moved to the next page is not listed twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Recent"]

_REMEMBERED: Final = 10_000


@attrs.define
class Recent:
    """The identities of the last rows, in bounded memory: at least 10,000, at most twice as many.

    Rows move between pages when others come and go meanwhile, and then by few places; to remember a
    whole listing would cost memory for nothing.

    Attributes:
        remembered: How many there are at least, once so many came.
    """

    remembered: int = _REMEMBERED
    _now: set[str] = attrs.field(factory=set[str], init=False, repr=False)
    _before: set[str] = attrs.field(factory=set[str], init=False, repr=False)
    # The same as `_now`, in the order in which they came.
    _order: list[str] = attrs.field(factory=list[str], init=False, repr=False)

    def is_new(self, identity: str) -> bool:
        """Take an identity into account and tell whether it was not listed lately."""
        if identity in self._now or identity in self._before:
            return False
        self._now.add(identity)
        self._note([identity])
        return True

    def new_of(self, identities: list[str]) -> Sequence[int]:
        """Take the rows of a page into account and return the places of those that were not listed lately.

        Example:
            >>> recent = Recent()
            >>> list(recent.new_of(["KC1", "KC2"])), recent.new_of(["KC2", "KC3"])
            ([0, 1], [1])
        """
        # Nearly always all are new. To see that by how much the set grows takes a third of the time that one
        # by one takes; only after a repetition it must be made again.
        expected = len(self._now) + len(identities)
        self._now.update(identities)
        if len(self._now) == expected and self._before.isdisjoint(identities):
            self._note(identities)
            return range(len(identities))
        self._now = set(self._order)
        return [at for at, identity in enumerate(identities) if self.is_new(identity)]

    def _note(self, added: list[str]) -> None:
        self._order += added
        if len(self._order) >= self.remembered:
            self._before, self._now, self._order = self._now, set(), []

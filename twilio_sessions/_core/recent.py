"""Remembers what was listed last, so that a row that moved to the next page is not listed twice."""

from __future__ import annotations

from typing import Final

import attrs

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

    def is_new(self, identity: str) -> bool:
        """Take an identity into account and tell whether it was not listed lately."""
        if identity in self._now or identity in self._before:
            return False
        if len(self._now) >= self.remembered:
            self._before, self._now = self._now, set()
        self._now.add(identity)
        return True

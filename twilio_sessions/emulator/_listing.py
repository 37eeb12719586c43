"""An ordered collection that pages by key: what was inserted or deleted meanwhile moves nothing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("Listing", "Window", "no_rows")


class Keyed(Protocol):
    """A row: its key is its place in time, and never changes."""

    key: int


Row = TypeVar("Row", bound=Keyed)

_key = attrgetter("key")


@attrs.frozen
class Window(Generic[Row]):
    """Some consecutive rows, in listing order, and whether there are more on either side."""

    rows: list[Row]
    has_next: bool
    has_previous: bool


class Listing(Generic[Row]):
    """Rows in the order of their keys; a window of n rows costs O(n + log size)."""

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: list[Row] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def add(self, row: Row) -> None:
        """Append a row; keys come from one rising counter, so the end is its place."""
        self._rows.append(row)

    def remove(self, row: Row) -> None:
        """Take a row out; the others keep their keys and therefore their places."""
        index = bisect_left(self._rows, row.key, key=_key)
        if index == len(self._rows) or self._rows[index] is not row:
            raise KeyError(row.key)
        del self._rows[index]

    def after(self, key: int | None, size: int, *, newest_first: bool) -> Window[Row]:
        """Return the rows that follow `key` in listing order, or the first ones."""
        if newest_first:
            high = len(self._rows) if key is None else bisect_left(self._rows, key, key=_key)
            return self._window(high - size, high, newest_first=True)
        low = 0 if key is None else bisect_right(self._rows, key, key=_key)
        return self._window(low, low + size, newest_first=False)

    def before(self, key: int, size: int, *, newest_first: bool) -> Window[Row]:
        """Return the rows that precede `key` in listing order."""
        if newest_first:
            low = bisect_right(self._rows, key, key=_key)
            return self._window(low, low + size, newest_first=True)
        high = bisect_left(self._rows, key, key=_key)
        return self._window(high - size, high, newest_first=False)

    def at(self, offset: int, size: int, *, newest_first: bool) -> Window[Row]:
        """Return the rows from a count on: the paging that loses rows when others are deleted."""
        if newest_first:
            high = max(len(self._rows) - offset, 0)
            return self._window(high - size, high, newest_first=True)
        return self._window(offset, offset + size, newest_first=False)

    def _window(self, low: int, high: int, *, newest_first: bool) -> Window[Row]:
        low, high = max(low, 0), min(high, len(self._rows))
        rows = self._rows[low:high]
        older, newer = low > 0, high < len(self._rows)
        if newest_first:
            rows.reverse()
            return Window(rows, older, newer)
        return Window(rows, newer, older)


def no_rows() -> Listing[Any]:
    """Return an empty listing; the default of a record's children, whatever they are."""
    return Listing()

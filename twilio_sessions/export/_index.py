"""Which rows there are and which rows they belong to, in a file that has no name: memory stays flat.

Rows are appended without an index, which is built in one go at the end: a merge sort in bounded memory
instead of a million scattered writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import attrs

from twilio_sessions.export._scratch import scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

__all__ = ["Dangling", "Duplicate", "RowIndex"]


@attrs.frozen
class Duplicate:
    """A row that is there more than once in one layer.

    Attributes:
        kind: What it is.
        identity: Its sid or id.
        first: Where it is first.
        again: Where it is again.
    """

    kind: str
    identity: str
    first: int
    again: int


@attrs.frozen
class Dangling:
    """A row that is not there, and rows that belong to it.

    Attributes:
        parent: What it would be.
        identity: Its sid or id.
        kind: What belongs to it.
        place: Where one of these is first.
    """

    parent: str
    identity: str
    kind: str
    place: int


class RowIndex:
    """An index of rows. Places are numbers that mean something to whoever gives them.

    Example:
        >>> with RowIndex() as index:
        ...     index.add("sessions", 0, [("KC1", 1), ("KC1", 2)])
        ...     print([found.identity for found in index.duplicates()])
        ['KC1']
    """

    def __init__(self) -> None:
        self._database = scratch_database()
        self._kinds: dict[str, int] = {}
        self._is_sorted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def add(self, kind: str, layer: int, rows: Iterable[tuple[str, int]]) -> None:
        """Add rows of a layer: the sid or id of each, and its place."""
        self._database.executemany(
            f"INSERT INTO ids{self._kind(kind)} VALUES (?, {layer:d}, ?)",  # noqa: S608 - numbers of ours
            rows,
        )

    def refer(self, parent: str, kind: str, references: Iterable[tuple[str, int]]) -> None:
        """Add which rows of `parent` rows of `kind` belong to, and where these are."""
        child = self._kind(kind)
        self._database.executemany(
            f"INSERT INTO refs{self._kind(parent)} VALUES (?, {child:d}, ?)",  # noqa: S608 - numbers of ours
            references,
        )

    def duplicates(self) -> Iterator[Duplicate]:
        """Yield every row that is there again in the same layer."""
        self._sort()
        for kind, number in self._kinds.items():
            places = f"SELECT place FROM ids{number} WHERE identity = ? AND layer = ? ORDER BY place"  # noqa: S608
            doubled = self._database.execute(
                f"SELECT identity, layer FROM ids{number} GROUP BY identity, layer HAVING count(*) > 1"  # noqa: S608
            )
            for identity, layer in doubled:
                first, *rest = (place for (place,) in self._database.execute(places, (identity, layer)))
                yield from (Duplicate(kind, identity, first, again) for again in rest)

    def dangling(self) -> Iterator[Dangling]:
        """Yield every row, of whatever layer, that is not there and that others belong to."""
        self._sort()
        names = {number: kind for kind, number in self._kinds.items()}
        for parent, number in self._kinds.items():
            missing = self._database.execute(
                f"SELECT identity, kind, min(place) FROM refs{number} AS refs WHERE NOT EXISTS "  # noqa: S608
                f"(SELECT 1 FROM ids{number} AS ids WHERE ids.identity = refs.identity) "
                "GROUP BY identity, kind ORDER BY min(place)"
            )
            for identity, kind, place in missing:
                yield Dangling(parent, identity, names[kind], place)

    def _kind(self, kind: str) -> int:
        number = self._kinds.get(kind)
        if number is None:
            number = self._kinds[kind] = len(self._kinds)
            self._database.execute(f"CREATE TABLE ids{number} (identity TEXT, layer INTEGER, place INTEGER)")
            self._database.execute(f"CREATE TABLE refs{number} (identity TEXT, kind INTEGER, place INTEGER)")
        return number

    def _sort(self) -> None:
        if self._is_sorted:
            return
        for number in self._kinds.values():
            self._database.execute(f"CREATE INDEX sorted{number} ON ids{number} (identity, layer)")
        self._is_sorted = True

"""Which rows of a listing an archive holds already, so that a listing that goes on adds none again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import attrs

from twilio_sessions.export._listings import Head
from twilio_sessions.export._source import frames_of, parents_at

if TYPE_CHECKING:
    from collections.abc import Collection

    from twilio_sessions.export._journal import Journal
    from twilio_sessions.export._source import Parent, Row

__all__ = ["KnownRows", "last_rows", "rows_below"]

_USUAL: Final = 10_000
# What a row of a nested listing says of the row whose listing it came from.
_BELONGS: Final = {
    "participants": "session_sid",
    "interactions": "session_sid",
    "message-interactions": "participant_sid",
    "messages": "session_id",
}


@attrs.define
class KnownRows:
    """Looks up the identities of durable rows, for the listings of one resource.

    Attributes:
        journal: The archive of the partition.
        resource: Of which resource.
        source: The resource whose rows have these listings; None where there is only one listing.
    """

    journal: Journal
    resource: str
    source: str | None
    _unfinished: dict[str, list[str]] | None = None
    # Each look-up may read a whole resource; one at a time is enough.
    _lock: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def of_unfinished(self, parent: Parent | None) -> list[str]:
        """Return the rows of a listing that an earlier run left unfinished: the last ones at least."""
        if parent is None or self.source is None:
            return await anyio.to_thread.run_sync(last_rows, self.journal, self.resource, _USUAL)
        async with self._lock:
            if self._unfinished is None:
                # All of them are found in one reading.
                numbers = list(self.journal.stages[self.resource].walks)
                self._unfinished = await anyio.to_thread.run_sync(self._below, self.source, numbers)
        return self._unfinished.pop(parent.sid, [])

    async def of_all(self, parent: Parent | None) -> list[str]:
        """Return all rows of a listing that are durable."""
        async with self._lock:
            if parent is None:
                return await anyio.to_thread.run_sync(last_rows, self.journal, self.resource)
            found = await anyio.to_thread.run_sync(rows_below, self.journal, self.resource, [parent.sid])
            return found[parent.sid]

    def _below(self, source: str, numbers: Collection[int]) -> dict[str, list[str]]:
        parents = parents_at(self.journal, source, numbers)
        return rows_below(self.journal, self.resource, [parent.sid for parent in parents])


def last_rows(journal: Journal, resource: str, most: int | None = None) -> list[str]:
    """Return the identities of the last durable rows of a resource, oldest first. Blocks on the disk.

    Args:
        journal: The archive of the partition.
        resource: Of which resource.
        most: How many at least, if there are as many; None means all.
    """
    frames = list(frames_of(journal, resource))
    rows, first = 0, len(frames)
    while first > 0 and (most is None or rows < most):
        first -= 1
        rows += frames[first].rows
    return [_identity(row) for frame in frames[first:] for row in frame.read()]


def rows_below(journal: Journal, resource: str, sids: Collection[str]) -> dict[str, list[str]]:
    """Return the identities of the durable rows of nested listings, by parent. Blocks on the disk.

    A row that does not say to what it belongs may belong to any.
    """
    found: dict[str, list[str]] = {sid: [] for sid in sids}
    if not found:
        return found
    for frame in frames_of(journal, resource):
        for row in frame.read():
            parent: str | None = getattr(row, _BELONGS[resource])
            for sid in found if parent is None else [parent]:
                if sid in found:
                    found[sid].append(_identity(row))
    return found


def _identity(row: Row) -> str:
    return Head(row.sid, row.id, row.session_id).identity or ""

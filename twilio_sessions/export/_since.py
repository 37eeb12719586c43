"""What an archive knew of a listing, so that a later export writes only what is new or has changed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.export._listings import head_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._plan import Partition

__all__ = ["Known", "known_before"]

_DIGEST_BYTES = 8


def _digest(row: bytes) -> bytes:
    return hashlib.blake2b(row, digest_size=_DIGEST_BYTES).digest()


@attrs.define
class Known:
    """The rows of a listing in earlier exports: about 300 bytes of memory each, for one service at a time.

    A row has changed when any byte of it has: whatever moves a session's `date_updated` or
    `date_last_interaction` does, and so do fields that this version does not know.
    """

    _rows: dict[str, bytes]
    _seen: set[str] = attrs.field(factory=set[str])

    @classmethod
    def of(cls, rows: Iterable[tuple[str, bytes]]) -> Known:
        """Return what is known from identities and rows."""
        return cls({identity: _digest(row) for identity, row in rows})

    def changed(self, identities: Sequence[str], rows: Sequence[bytes]) -> list[int]:
        """Take note of rows that are listed now; return the places of those that are new or have changed.

        Example:
            >>> Known.of([("KC1", b"a"), ("KC2", b"b")]).changed(["KC1", "KC2", "KC3"], [b"a", b"B", b"c"])
            [1, 2]
        """
        self._seen.update(identities)
        pairs = enumerate(zip(identities, rows, strict=True))
        return [at for at, (identity, row) in pairs if self._rows.get(identity) != _digest(row)]

    def missing(self) -> tuple[str, ...]:
        """Return the identities that were not listed any more, sorted."""
        return tuple(sorted(self._rows.keys() - self._seen))


def known_before(archive: Archive, partition: Partition, resource: str) -> Known:
    """Return what an archive knows of a listing. Blocks on the disk.

    Raises:
        ArchiveError: A file is missing or damaged, or a row cannot be read.
    """
    where = f"a row of the {resource} of {partition.key} in {archive.path}"
    rows = archive.rows_of(partition, resource)
    return Known.of((head_of(row, where).identity or "", row) for row in rows)

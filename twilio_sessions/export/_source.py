"""The parents of nested listings, in the order of the archive, as soon as they are durable.

They are read back from the archive instead of being kept: it is the queue of the work, so that memory does
not grow with it, and a run that goes on after a crash finds the same parents in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import msgspec

from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._frames import to_lines

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from twilio_sessions.export._journal import Journal
    from twilio_sessions.export._layout import DataFile

__all__ = ["Parent", "ParentReader", "Row", "StoredFrame", "frames_of", "parents_at"]


@attrs.frozen
class Parent:
    """A row that has listings of its own.

    Attributes:
        number: Its place among the rows of its resource, from 0.
        sid: Its SID, or the id of a session of Assistants.
        session_sid: The session it belongs to, if it does.
    """

    number: int
    sid: str
    session_sid: str | None = None


class Row(msgspec.Struct, gc=False):
    """What says which row it is, and to what it belongs."""

    sid: str | None = None
    id: str | None = None
    session_sid: str | None = None
    participant_sid: str | None = None
    session_id: str | None = None


@attrs.frozen
class StoredFrame:
    """Rows of one resource that are durable, and where they are.

    Attributes:
        journal: The archive of the partition.
        file: Their file.
        offset: Where in the file they begin.
        size: Their bytes.
        rows: How many rows.
    """

    journal: Journal
    file: DataFile
    offset: int
    size: int
    rows: int

    def lines(self) -> list[bytes]:
        """Return the rows as they were sent."""
        journal = self.journal
        return to_lines(
            journal.folder.read(self.file.name, self.offset, self.size), journal.partition.compress
        )

    def read(self) -> Iterator[Row]:
        """Yield what is asked here of each row.

        Raises:
            ArchiveError: A row cannot be read; file and row are named.
        """
        for at, line in enumerate(self.lines()):
            try:
                yield decode_item(line, Row)
            except DecodeError as error:
                where = f"{self.journal.partition.folder}/{self.file.name}, at byte {self.offset:,}"
                raise ArchiveError(f"{where}: row {at} of the frame cannot be read: {error}") from None


@attrs.define
class ParentReader:
    """Reads durable rows of one resource on from where it stands, a frame at a time.

    Attributes:
        journal: Where they are.
        resource: Of which resource.
        number: The number of the next parent.
    """

    journal: Journal
    resource: str
    number: int = 0
    _file: int = 0
    _frame: int = 0
    _offset: int = 0
    _rows_before: int = 0

    def read(self) -> list[Parent]:
        """Return the parents of the next frame; none when everything durable was read. Blocks on the disk."""
        while (frame := self._next()) is not None:
            start = self._rows_before
            self._rows_before += frame.rows
            if self._rows_before > self.number:
                skip = self.number - start
                rows = list(frame.read())[skip:]
                parents = [_parent(number, row) for number, row in enumerate(rows, self.number)]
                self.number = self._rows_before
                return parents
        return []

    def _next(self) -> StoredFrame | None:
        """Step over one frame; where it stands is remembered, for there may be hundreds of thousands."""
        files = list(self.journal.durable.of(self.resource))
        while self._file < len(files):
            file = files[self._file]
            if self._frame < len(file.frames):
                size, rows = file.frames[self._frame].size, file.frames[self._frame].rows
                frame = StoredFrame(self.journal, file, self._offset, size, rows)
                self._frame, self._offset = self._frame + 1, self._offset + size
                return frame
            if self._file == len(files) - 1:
                break  # It may grow.
            self._file, self._frame, self._offset = self._file + 1, 0, 0
        return None


def frames_of(journal: Journal, resource: str) -> Iterator[StoredFrame]:
    """Yield the durable frames of a resource, in the order of the archive."""
    for file in journal.durable.of(resource):
        offset = 0
        for frame in file.frames:
            yield StoredFrame(journal, file, offset, frame.size, frame.rows)
            offset += frame.size


def parents_at(journal: Journal, resource: str, numbers: Collection[int]) -> list[Parent]:
    """Return the durable parents with these numbers. Blocks on the disk."""
    wanted, found, first = sorted(numbers), list[Parent](), 0
    for frame in frames_of(journal, resource):
        after = first + frame.rows
        if here := [number for number in wanted if first <= number < after]:
            rows = list(frame.read())
            found += [_parent(number, rows[number - first]) for number in here]
        first = after
    return found


def _parent(number: int, row: Row) -> Parent:
    sid = row.sid or row.id
    if sid is None:
        raise ArchiveError(f"row {number} has no sid")
    return Parent(number, sid, row.session_sid)

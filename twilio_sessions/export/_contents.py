"""Reads one data file and says where it is not as it was written, as exactly as that can be known."""

from __future__ import annotations

import hashlib
import re
import stat
import zlib
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._findings import Findings, Problem
from twilio_sessions.export._frames import to_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from twilio_sessions.export._layout import DataFile, Frame
    from twilio_sessions.export._records import PartitionRecord

__all__ = ["FileReader", "Found"]

_NAME: Final = re.compile(r"[a-z-]+-[0-9]{5,}\.ndjson(\.zst)?")
_CHUNK: Final = 1024 * 1024
# Bytes between intact frames are read as a whole, for they have no frames that are known; not more of them.
_MOST_BETWEEN: Final = 16 * 1024 * 1024


@attrs.frozen
class Found:
    """Lines as they were found in a file.

    Attributes:
        offset: Where their frame begins, in bytes.
        line: The number of the first, from 1.
        lines: What is in them, without line breaks.
    """

    offset: int
    line: int
    lines: list[bytes]


@attrs.define
class FileReader:
    """Reads one data file.

    Attributes:
        record: The partition it belongs to.
        data: What is known of it.
        findings: Where problems are noted.
        owners: Which file should have which SHA-256, over the whole archive.
        is_open: Whether an interrupted export was writing to it: there may be more than was counted.
        is_damaged: Whether anything was found to be wrong with it.
        is_unreadable: Whether there are bytes in it of which it is not known which rows they were.
    """

    record: PartitionRecord
    data: DataFile
    findings: Findings
    owners: Mapping[str, str]
    is_open: bool = False
    is_damaged: bool = False
    is_unreadable: bool = False
    _size: int = 0

    @property
    def where(self) -> str:
        """Its name below the archive."""
        return self.record.name(self.data.name)

    def read(self) -> Iterator[Found]:
        """Yield what lines there are, whole frames at a time, and note what is wrong."""
        self.findings.checked["files"] += 1
        if not _NAME.fullmatch(self.data.name):
            # Whoever wrote it may want another file to be read.
            self._problem("an export gives no file such a name")
            return
        try:
            if not stat.S_ISREG((self.record.folder.path / self.data.name).lstat().st_mode):
                self._problem("it is a link or a folder, and no file")
                return
            self._size = self.record.folder.size(self.data.name)
            if self.is_open:
                self._size = min(self._size, self.data.size)
            is_whole = self._size == self.data.size == sum(frame.size for frame in self.data.frames)
            yield from self._all_frames() if is_whole else self._around_damage()
        except FileNotFoundError:
            rows, size = self.data.rows, self.data.size
            self._problem("it is missing", expected=f"{rows:,} rows in {size:,} bytes")
        except OSError as error:
            self._problem(f"it cannot be read: {error.strerror}")

    def _problem(self, what: str, *, expected: str | None = None, found: str | None = None) -> None:
        self.is_damaged = self.is_unreadable = True
        self.findings.add(Problem("files", self.where, what, expected=expected, found=found))

    def _all_frames(self) -> Iterator[Found]:
        """Yield every frame of a file that has the right size."""
        digest = hashlib.sha256()
        offset, line = 0, 1
        for at, frame in enumerate(self.data.frames):
            stored = self._stored(offset, frame.size)
            digest.update(stored)
            lines, damage = self._lines(stored, frame)
            if damage is not None:
                if not self.is_damaged and self._is_another(self._digest()):
                    return
                self._frame_problem(at, offset, line, damage)
            yield Found(offset, line, lines)
            offset, line = offset + frame.size, line + (len(lines) if damage is None else frame.rows)
        if digest.hexdigest() != self.data.sha256 and not self.is_damaged:
            self._problem("its SHA-256 is another one", expected=self.data.sha256, found=digest.hexdigest())

    def _lines(self, stored: bytes, frame: Frame) -> tuple[list[bytes], str | None]:
        """Return the lines of a frame, and what is wrong with it."""
        self.findings.checked["frames"] += 1
        is_changed = frame.crc32 is not None and zlib.crc32(stored) != frame.crc32
        damage = "its bytes were changed" if is_changed else None
        try:
            lines = to_lines(stored, self.record.partition.compress)
        except ArchiveError as error:
            self.is_unreadable = True
            return [], f"{damage or 'it cannot be read'}: {error}"
        if len(lines) != frame.rows:
            wrong = f"it has {len(lines):,} lines instead of {frame.rows:,}"
            return lines, f"{damage}, {wrong}" if damage else wrong
        return lines, damage

    def _frame_problem(self, at: int, offset: int, line: int, damage: str) -> None:
        self.is_damaged = True
        frame = self.data.frames[at]
        what = (
            f"frame {at + 1} (bytes {offset:,} to {offset + frame.size:,}, lines {line:,} to "
            f"{line + frame.rows - 1:,}) is not as it was written: {damage}"
        )
        expected = None if frame.crc32 is None else f"CRC-32 {frame.crc32:08x}"
        self.findings.add(Problem("frames", self.where, what, expected=expected, offset=offset, line=line))

    def _around_damage(self) -> Iterator[Found]:
        """Yield the frames before and after what was lost or added, and what can be read between them."""
        digest = self._digest()
        if digest == self.data.sha256:
            # Only where its frames are is not known, which was noted.
            lines, unreadable = self._salvage(0, self._size)
            self.is_damaged = self.is_unreadable = bool(unreadable)
            yield Found(0, 1, lines)
            return
        if self._is_another(digest):
            return
        frames = self.data.frames
        first = self._intact_from_start()
        begin = sum(frame.size for frame in frames[:first])
        last = self._intact_from_end(first, begin)
        yield from self._intact(frames[:first], 0, 1)
        lines = self._between(first, last, begin)
        line = 1 + sum(frame.rows for frame in frames[:first])
        yield Found(begin, line, lines)
        end = self._size - sum(frame.size for frame in frames[last:])
        yield from self._intact(frames[last:], end, line + len(lines))

    def _intact(self, frames: Iterable[Frame], offset: int, line: int) -> Iterator[Found]:
        for frame in frames:
            yield Found(offset, line, self._lines(self._stored(offset, frame.size), frame)[0])
            offset, line = offset + frame.size, line + frame.rows

    def _intact_from_start(self) -> int:
        """Return how many frames at the beginning are as they were written."""
        offset = 0
        for at, frame in enumerate(self.data.frames):
            stored = self._stored(offset, frame.size)
            if len(stored) < frame.size or self._lines(stored, frame)[1] is not None:
                return at
            offset += frame.size
        return len(self.data.frames)

    def _intact_from_end(self, first: int, begin: int) -> int:
        """Return the first of the frames at the end that are as they were written."""
        end = self._size
        for at in range(len(self.data.frames) - 1, first - 1, -1):
            frame = self.data.frames[at]
            start = end - frame.size
            if start < begin or frame.crc32 != zlib.crc32(self._stored(start, frame.size)):
                return at + 1
            end = start
        return first

    def _between(self, first: int, last: int, begin: int) -> list[bytes]:
        """Say what was lost or added between intact frames, and return the lines that are there."""
        frames, data = self.data.frames, self.data
        kept = (*frames[:first], *frames[last:])
        size = self._size - sum(frame.size for frame in kept)
        lines, unreadable = self._salvage(begin, begin + size)
        self.is_unreadable = bool(unreadable)
        rows_before = sum(frame.rows for frame in frames[:first])
        rows_lost = data.rows - sum(frame.rows for frame in kept)
        size_lost = data.size - sum(frame.size for frame in kept)
        self.is_damaged = True
        self.findings.add(
            Problem(
                "files",
                self.where,
                f"it has {self._size:,} bytes instead of {data.size:,}; what was lost or added begins here",
                expected=f"{rows_lost:,} lines in {size_lost:,} bytes",
                found=f"{len(lines):,} lines in {size:,} bytes{unreadable}",
                offset=begin,
                line=rows_before + 1,
            )
        )
        return lines

    def _salvage(self, begin: int, end: int) -> tuple[list[bytes], str]:
        """Return the lines between two places, and why there are none."""
        if end - begin > _MOST_BETWEEN:
            return [], ", too many to look into"
        try:
            return to_lines(self._stored(begin, end - begin), self.record.partition.compress), ""
        except ArchiveError as error:
            return [], f", {error}"

    def _is_another(self, digest: str) -> bool:
        """Tell whether this is another file of the archive, which is noted."""
        owner = self.owners.get(digest)
        if owner is None or owner == self.where:
            return False
        self._problem("it has the content of another file", expected=self.data.sha256, found=owner)
        return True

    def _digest(self) -> str:
        digest = hashlib.sha256()
        for offset in range(0, self._size, _CHUNK):
            digest.update(self._stored(offset, min(_CHUNK, self._size - offset)))
        return digest.hexdigest()

    def _stored(self, offset: int, length: int) -> bytes:
        return self.record.folder.read(self.data.name, offset, length)

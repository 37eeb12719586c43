"""The durable record of one partition: rows first, then the checkpoint that says they are there.

Rows and progress are collected in memory (`add`), cut off together (`take`), and made durable together
(`commit`): the bytes of the rows are on the disk before the checkpoint that counts them. After a crash at
any instruction the checkpoint is the truth, and bytes after those that it counts are cut away.
"""

from __future__ import annotations

import hashlib
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._compare import Changes
from twilio_sessions.export._frames import Lines, suffix, to_frame
from twilio_sessions.export._layout import (
    CHECKPOINT,
    PARTITION,
    Checkpoint,
    DataFile,
    Frame,
    Hash,
    Part,
    PartitionManifest,
    Skipped,
    Tally,
    part_name,
    seal,
)
from twilio_sessions.export._stage import StageState
from twilio_sessions.export._storage import Folder, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._stage import Walk

__all__ = ["Batch", "Journal"]

# However few rows are asked for per part, none is longer than this.
_PART_BYTES: Final = 64 * 1024 * 1024


@attrs.frozen
class Batch:
    """What is to be made durable together.

    Attributes:
        rows: Rows by resource.
        stages: How far listings have been read with them.
        tallies: What has been read with them.
        skipped: What had vanished until then.
        removed: What earlier exports have and is not listed any more.
    """

    rows: dict[str, Lines]
    stages: dict[str, StageState]
    tallies: dict[str, Tally]
    skipped: tuple[Skipped, ...]
    removed: dict[str, tuple[str, ...]]


@attrs.frozen
class Durable:
    """Which rows are durable; another one takes its place at each commit, for readers in other threads.

    Attributes:
        parts: The parts that do not change any more.
        files: The files of the part that is written to, by resource.
    """

    parts: tuple[Part, ...] = ()
    files: dict[str, DataFile] = attrs.field(factory=dict[str, DataFile], hash=False)

    def of(self, resource: str) -> Iterator[DataFile]:
        """Yield the files of a resource in their order."""
        for part in self.parts:
            yield from (file for file in part.files if file.resource == resource)
        if resource in self.files:
            yield self.files[resource]

    def rows(self, resource: str) -> int:
        """Return how many rows of a resource there are."""
        return sum(file.rows for file in self.of(resource))


@attrs.define
class Journal:
    """One partition that is being written.

    `add`, `skip` and `take` belong to the event loop, `commit` and `finish` to one other thread at a time.

    Attributes:
        folder: Where its files are.
        partition: What is exported.
        durable: The rows that the last checkpoint counts.
        stages: How far listings have been read.
        tallies: What was read.
        skipped: What had vanished.
        removed: What earlier exports have and is not listed any more, by resource.
        moved: The sessions that moved at Twilio while this was read.
        began: When the partition was begun.
        pending: Bytes of rows that were added and not taken yet.
    """

    folder: Folder
    partition: Partition
    durable: Durable = attrs.field(factory=Durable)
    stages: dict[str, StageState] = attrs.field(factory=dict[str, StageState])
    tallies: dict[str, Tally] = attrs.field(factory=dict[str, Tally])
    skipped: list[Skipped] = attrs.field(factory=list[Skipped])
    removed: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]])
    moved: Changes = attrs.field(factory=Changes)
    began: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    pending: int = 0
    _hashes: dict[str, Hash] = attrs.field(factory=dict[str, Hash])
    _rows: dict[str, Lines] = attrs.field(factory=dict[str, Lines])
    _is_changed: bool = False

    def __attrs_post_init__(self) -> None:
        for resource in self.partition.include:
            self.stages.setdefault(resource, StageState())
            self.tallies.setdefault(resource, Tally())

    def add(self, resource: str, rows: Sequence[bytes], tally: Tally, walk: Walk) -> int:
        """Take rows of a page, and how far its listing has been read with them; return their bytes."""
        if resource not in self._rows:
            self._rows[resource] = Lines()
        size = self._rows[resource].add(rows)
        self.pending += size
        self.tallies[resource] = tally
        self.note(resource, walk)
        return size

    def note(self, resource: str, walk: Walk) -> None:
        """Remember how far a listing has been read."""
        self.stages[resource].note(walk)
        self._is_changed = True

    def skip(self, skipped: Skipped) -> None:
        """Remember something that had vanished."""
        self.skipped.append(skipped)
        self._is_changed = True

    def take(self) -> Batch | None:
        """Cut off what is to be committed next; None when there is nothing new."""
        if not self._is_changed:
            return None
        rows, self._rows = self._rows, {}
        self.pending = 0
        self._is_changed = False
        stages = {name: stage.copy() for name, stage in self.stages.items()}
        return Batch(rows, stages, dict(self.tallies), tuple(self.skipped), dict(self.removed))

    def commit(self, batch: Batch) -> None:
        """Make a batch durable.

        Raises:
            OSError: It is not; the archive stays as the last commit left it, for the next run to go on.
        """
        parts, files = self.durable.parts, dict(self.durable.files)
        for resource, lines in batch.rows.items():
            if lines.rows:
                files[resource] = self._append(resource, lines, files.get(resource))
        if files.keys() - self.durable.files.keys():
            self.folder.sync_folder()
        part = Part(self.partition.key, len(parts), tuple(files.values()))
        if _is_full(part, self.partition.part_rows):
            replace(self.folder, part_name(part.number), seal(part))
            parts, files = (*parts, part), {}
            self._hashes.clear()
        self._write_checkpoint(batch, len(parts), files)
        self.durable = Durable(parts, files)

    def finish(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> PartitionManifest:
        """Close the last part and write the manifest, when everything was committed."""
        parts, files = self.durable.parts, self.durable.files
        if files:
            part = Part(self.partition.key, len(parts), tuple(files.values()))
            replace(self.folder, part_name(part.number), seal(part))
            parts = (*parts, part)
        manifest = PartitionManifest(
            self.partition,
            tuple(map(_without_frames, parts)),
            self.tallies,
            tuple(self.skipped),
            self.began,
            now(),
            self.removed,
            self.moved,
        )
        replace(self.folder, PARTITION, seal(manifest))
        self.durable = Durable(parts, {})
        # From here on the manifest is the truth; whoever finds both takes that.
        self.folder.remove(CHECKPOINT)
        return manifest

    def _append(self, resource: str, lines: Lines, file: DataFile | None) -> DataFile:
        name = f"{resource}-{len(self.durable.parts):05}{suffix(self.partition.compress)}"
        file = file or DataFile(name, resource)
        frame = to_frame(lines, self.partition.compress)
        self.folder.write(file.name, file.size, frame)
        self.folder.sync(file.name)
        digest = self._hashes.setdefault(resource, hashlib.sha256())
        digest.update(frame)
        return attrs.evolve(
            file,
            rows=file.rows + lines.rows,
            size=file.size + len(frame),
            sha256=digest.hexdigest(),
            frames=(*file.frames, Frame(len(frame), lines.rows, zlib.crc32(frame))),
        )

    def _write_checkpoint(self, batch: Batch, part: int, files: dict[str, DataFile]) -> None:
        checkpoint = Checkpoint(
            self.partition,
            part,
            tuple(files.values()),
            batch.stages,
            batch.tallies,
            batch.skipped,
            self.began,
            batch.removed,
        )
        replace(self.folder, CHECKPOINT, seal(checkpoint))

    def begin(self) -> None:
        """Write the first checkpoint, before any rows."""
        self._is_changed = True
        batch = self.take()
        if batch is not None:
            self.commit(batch)

    def resume_hash(self, resource: str, digest: Hash) -> None:
        """Go on with the hash of a file whose bytes so far have been hashed."""
        self._hashes[resource] = digest


def _is_full(part: Part, most: int) -> bool:
    rows = sum(file.rows for file in part.files)
    return rows >= most or sum(file.size for file in part.files) >= _PART_BYTES


def _without_frames(part: Part) -> Part:
    return attrs.evolve(part, files=tuple(attrs.evolve(file, frames=()) for file in part.files))


def damaged(where: str, why: str) -> ArchiveError:
    """Return the error that says which file is not as the export left it."""
    return ArchiveError(
        f"{where} {why}; nothing was changed. Export to a new folder, or put the file back as it was"
    )

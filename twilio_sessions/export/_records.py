"""Reads what an archive says of itself (plan, manifest, partitions, parts) and notes what is not whole."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, TypeVar

import attrs
import msgspec

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._archive import INCREMENTS
from twilio_sessions.export._archive_plan import Plan
from twilio_sessions.export._findings import Findings, Problem
from twilio_sessions.export._layout import (
    CHECKPOINT,
    FORMAT,
    MANIFEST,
    PARTITION,
    PLAN,
    Checkpoint,
    DataFile,
    Part,
    PartitionManifest,
    Tally,
    part_name,
    unseal,
)
from twilio_sessions.export._manifest import Manifest, manifest_hash
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.export._plan import Partition

__all__ = ["LayerRecord", "PartitionRecord", "read_layers", "sealed"]

T = TypeVar("T")

_FOLDER: Final = re.compile(r"assistants|proxy(/KS[0-9A-Za-z]+)?")


@attrs.frozen
class PartitionRecord:
    """What the files of a partition say of it.

    Attributes:
        folder: Where it is.
        where: The same below the archive.
        partition: What was to be exported.
        manifest: What `partition.json` says; None where it is not finished, or that cannot be read.
        parts: Its parts with their frames; a part that cannot be read is here as the manifest has it.
        open_files: The files of the part that was written to when the export was interrupted.
        tallies: What was read of each resource.
    """

    folder: DiskFolder
    where: str
    partition: Partition
    manifest: PartitionManifest | None
    parts: tuple[Part, ...] = ()
    open_files: tuple[DataFile, ...] = ()
    tallies: dict[str, Tally] = attrs.field(factory=dict[str, Tally], hash=False)

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All its data files."""
        return (*(file for part in self.parts for file in part.files), *self.open_files)

    def name(self, file: str) -> str:
        """Return the name of one of its files below the archive."""
        return f"{self.where}/{file}"


@attrs.frozen
class LayerRecord:
    """What an archive, or one increment of it, says of itself.

    Attributes:
        number: 0 for the first export, then counted.
        folder: Where it is.
        prefix: The same below the archive, with a slash; empty for the archive itself.
        manifest: None where there is none, or it cannot be read.
        plan: The same.
        sha256: Of the manifest.
        partitions: Those that were begun.
    """

    number: int
    folder: DiskFolder
    prefix: str
    manifest: Manifest | None
    plan: Plan | None
    sha256: str | None
    partitions: tuple[PartitionRecord, ...]


def read_layers(root: Path, findings: Findings) -> tuple[LayerRecord, ...]:
    """Read the records of an archive and of what was added to it, oldest first.

    Raises:
        ArchiveError: There is no archive.
    """
    if not any((root / name).is_file() for name in (PLAN, MANIFEST)):
        raise ArchiveError(f"{root} holds neither {PLAN} nor {MANIFEST}: it is no archive; name its folder")
    increments = root / INCREMENTS
    # What is no folder, or is a link, is named among the strange files.
    added = sorted(
        each
        for each in increments.glob("*")
        if each.name.isdigit() and each.is_dir() and not each.is_symlink()
    )
    folders = [(root, ""), *((each, f"{INCREMENTS}/{each.name}/") for each in added)]
    return tuple(
        _Reader(number, DiskFolder(path), prefix, findings).read()
        for number, (path, prefix) in enumerate(folders)
    )


def sealed(folder: DiskFolder, name: str, type_: type[T], where: str, findings: Findings) -> T | None:
    """Read a file that has a hash of itself; None where that fails, which is noted.

    Raises:
        FileNotFoundError: There is none.
    """
    findings.checked["records"] += 1
    try:
        content = unseal(folder.read(name), type_, "it")
    except FileNotFoundError:
        raise
    except (ArchiveError, OSError) as error:
        findings.add(Problem("records", where, str(error)))
        return None
    version = getattr(content, "format", FORMAT)
    findings.compare("records", where, "the format is not known", expected=FORMAT, found=version)
    return content if version == FORMAT else None


@attrs.define
class _Reader:
    """Reads one layer."""

    number: int
    folder: DiskFolder
    prefix: str
    findings: Findings

    def read(self) -> LayerRecord:
        data = self._manifest_bytes()
        manifest = None if data is None else self._manifest(data)
        plan = self._plan()
        finished = {} if manifest is None else {each.partition.key: each for each in manifest.partitions}
        partitions = (each.partition for each in finished.values()) if plan is None else plan.partitions
        records = [self._partition(each, finished.get(each.key)) for each in partitions]
        return LayerRecord(
            self.number,
            self.folder,
            self.prefix,
            manifest,
            plan,
            None if data is None else hashlib.sha256(data).hexdigest(),
            tuple(each for each in records if each is not None),
        )

    def _manifest_bytes(self) -> bytes | None:
        where = self.prefix + MANIFEST
        self.findings.checked["records"] += 1
        try:
            return self.folder.read(MANIFEST)
        except FileNotFoundError:
            self.findings.unfinished.append(f"{where} is missing; an export writes it when it ends")
        except (ArchiveError, OSError) as error:
            self.findings.add(Problem("records", where, str(error)))
        return None

    def _manifest(self, data: bytes) -> Manifest | None:
        where = self.prefix + MANIFEST
        try:
            manifest = msgspec.json.decode(data, type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.findings.add(Problem("records", where, f"it cannot be read: {error}"))
            return None
        what = "the format is not known"
        if not self.findings.compare("records", where, what, expected=FORMAT, found=manifest.format):
            return None
        what = "it was changed after it was written: its SHA-256 is another one"
        found = manifest_hash(data)
        self.findings.compare("records", where, what, expected=manifest.sha256, found=found)
        return manifest

    def _plan(self) -> Plan | None:
        where = self.prefix + PLAN
        try:
            return sealed(self.folder, PLAN, Plan, where, self.findings)
        except FileNotFoundError:
            self.findings.add(Problem("records", where, "it is missing; it says what was to be exported"))
            return None

    def _partition(self, partition: Partition, listed: PartitionManifest | None) -> PartitionRecord | None:
        """Read a partition; `listed` is what the manifest of the archive says of it."""
        where = self.prefix + partition.folder
        if not _FOLDER.fullmatch(partition.folder):
            # Whoever wrote it may want something outside of the archive to be read.
            self.findings.add(Problem("records", where, "an export gives no folder such a name"))
            return None
        folder = DiskFolder(self.folder.path / partition.folder)
        try:
            manifest = sealed(folder, PARTITION, PartitionManifest, f"{where}/{PARTITION}", self.findings)
        except FileNotFoundError:
            if listed is None:
                return self._unfinished(folder, where, partition)
            manifest = None
            problem = "it is missing; the manifest says that this partition was read to its end"
            self.findings.add(Problem("records", f"{where}/{PARTITION}", problem))
        known = manifest or listed
        if known is None:
            return PartitionRecord(folder, where, partition, None)
        parts = tuple(self._part(folder, where, part.number) or part for part in known.parts)
        return PartitionRecord(folder, where, partition, manifest, parts, (), known.tallies)

    def _part(self, folder: DiskFolder, where: str, number: int) -> Part | None:
        name = part_name(number)
        try:
            return sealed(folder, name, Part, f"{where}/{name}", self.findings)
        except FileNotFoundError:
            problem = "it is missing; it says where the frames of its files are"
            self.findings.add(Problem("records", f"{where}/{name}", problem))
            return None

    def _unfinished(self, folder: DiskFolder, where: str, partition: Partition) -> PartitionRecord | None:
        """Read what was durable of a partition when its export was interrupted."""
        try:
            checkpoint = sealed(folder, CHECKPOINT, Checkpoint, f"{where}/{CHECKPOINT}", self.findings)
        except FileNotFoundError:
            # The first thing that an export writes to a partition is a checkpoint.
            if any(name.endswith((".ndjson", ".zst")) for name in folder.names()):
                problem = "it is missing, and there are rows: it is not known what was read"
                self.findings.add(Problem("records", f"{where}/{CHECKPOINT}", problem))
            return None
        if checkpoint is None:
            return PartitionRecord(folder, where, partition, None)
        parts = (self._part(folder, where, number) for number in range(checkpoint.part))
        return PartitionRecord(
            folder,
            where,
            partition,
            None,
            tuple(part for part in parts if part is not None),
            checkpoint.files,
            checkpoint.tallies,
        )

"""Opens the record of a partition again: as the last commit left it, or not at all."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._journal import Durable, Journal, damaged
from twilio_sessions.export._layout import (
    CHECKPOINT,
    FORMAT,
    PARTITION,
    Checkpoint,
    DataFile,
    Part,
    PartitionManifest,
    part_name,
    unseal,
)

if TYPE_CHECKING:
    from twilio_sessions.export._layout import Hash
    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._storage import Folder

__all__ = ["open_journal", "read_finished"]

T = TypeVar("T")

# What an export writes to the folder of a partition: rows, what is in a part, and what is not finished.
_ROWS: Final = re.compile(r"([a-z-]+-\d{5,}\.ndjson(\.zst)?|part-\d{5,}\.json)")
_TEMPORARY: Final = re.compile(r"(checkpoint|partition|part-\d{5,})\.json\.tmp")
_CHUNK: Final = 1024 * 1024


def read_finished(folder: Folder, partition: Partition) -> PartitionManifest | None:
    """Return the manifest of a partition that was read to its end; None when it was not yet.

    Raises:
        ArchiveError: It is of another plan, or cannot be read.
    """
    manifest = _read(folder, PARTITION, PartitionManifest, partition)
    if manifest is not None:
        _same_plan(manifest.partition, partition)
        # A run that was killed may have given it its name a moment ago: what is relied on must stay.
        folder.sync_folder()
    return manifest


def open_journal(folder: Folder, partition: Partition) -> Journal:
    """Begin the record of a partition, or go on with it.

    Everything that the checkpoint counts is compared with its hash, and what comes after it is removed.

    Raises:
        ArchiveError: There are rows without a checkpoint, the plan is another one, or a file is not as it
            was left. Nothing is changed then.
    """
    checkpoint = _read(folder, CHECKPOINT, Checkpoint, partition)
    if checkpoint is None:
        return _begin(folder, partition)
    _same_plan(checkpoint.partition, partition)
    folder.sync_folder()
    parts = [_read_part(folder, partition, number) for number in range(checkpoint.part)]
    for part in parts:
        for file in part.files:
            _check_whole(folder, partition, file)
    journal = Journal(
        folder,
        partition,
        durable=Durable(tuple(parts), {file.resource: file for file in checkpoint.files}),
        stages=checkpoint.stages,
        tallies=checkpoint.tallies,
        skipped=list(checkpoint.skipped),
        removed=dict(checkpoint.removed),
        began=checkpoint.began,
    )
    for file in checkpoint.files:
        journal.resume_hash(file.resource, _check(folder, partition, file))
    _cut(folder, journal)
    return journal


def _read(folder: Folder, name: str, type_: type[T], partition: Partition) -> T | None:
    where = f"{partition.folder}/{name}"
    try:
        data = folder.read(name)
    except FileNotFoundError:
        return None
    content = unseal(data, type_, where)
    found = getattr(content, "format", FORMAT)
    if found != FORMAT:
        raise ArchiveError(f"{where} has format {found}, this version of twilio-sessions knows {FORMAT}")
    return content


def _read_part(folder: Folder, partition: Partition, number: int) -> Part:
    part = _read(folder, part_name(number), Part, partition)
    if part is None:
        raise damaged(f"{partition.folder}/{part_name(number)}", "is missing")
    return part


def _begin(folder: Folder, partition: Partition) -> Journal:
    """Begin a record with a checkpoint that counts nothing, so that rows without one are never ours."""
    found = [name for name in folder.names() if _ROWS.fullmatch(name)]
    if found:
        raise ArchiveError(
            f"{partition.folder} holds {found[0]} but no {CHECKPOINT}: it is not known what has been read; "
            "nothing was changed. Export to a new folder, or put the checkpoint back"
        )
    journal = Journal(folder, partition)
    journal.begin()
    return journal


def _same_plan(found: Partition, asked: Partition) -> None:
    differences = [
        f"{field.name} was {getattr(found, field.name)!r} and is {getattr(asked, field.name)!r} now"
        for field in attrs.fields(type(asked))
        if getattr(found, field.name) != getattr(asked, field.name)
    ]
    if differences:
        raise ArchiveError(
            f"{asked.folder} belongs to another export: {'; '.join(differences)}. "
            "Ask for the same again, or export to a new folder"
        )


def _check(folder: Folder, partition: Partition, file: DataFile) -> Hash:
    """Return the hash of the bytes that a checkpoint counts, when they are the ones that were written."""
    where = f"{partition.folder}/{file.name}"
    try:
        size = folder.size(file.name)
    except FileNotFoundError:
        raise damaged(where, "is missing") from None
    if size < file.size:
        raise damaged(where, f"has {size:,} bytes; {file.size:,} were written")
    digest = hashlib.sha256()
    for offset in range(0, file.size, _CHUNK):
        digest.update(folder.read(file.name, offset, min(_CHUNK, file.size - offset)))
    if digest.hexdigest() != file.sha256:
        raise damaged(where, "was changed after it was written: its hash is another one")
    return digest


def _check_whole(folder: Folder, partition: Partition, file: DataFile) -> None:
    _check(folder, partition, file)
    size = folder.size(file.name)
    if size != file.size:
        raise damaged(f"{partition.folder}/{file.name}", f"has {size:,} bytes; {file.size:,} were written")


def _cut(folder: Folder, journal: Journal) -> None:
    """Remove what was written after the last checkpoint, and nothing that somebody else put here."""
    counted = {file.name: file.size for file in journal.durable.files.values()}
    kept = {file.name for part in journal.durable.parts for file in part.files}
    kept |= {part_name(part.number) for part in journal.durable.parts}
    for name in folder.names():
        if name in counted:
            if folder.size(name) > counted[name]:
                folder.truncate(name, counted[name])
            # Also when a run before this one cut it, for that may have been killed before it came to this.
            folder.sync(name)
        elif name not in kept and (_ROWS.fullmatch(name) or _TEMPORARY.fullmatch(name)):
            folder.remove(name)

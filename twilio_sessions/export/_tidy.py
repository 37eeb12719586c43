"""Looks for what does not belong into the folders of an archive, and for files that others may read."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.export._archive import INCREMENTS
from twilio_sessions.export._findings import Findings, Problem
from twilio_sessions.export._layout import CHECKPOINT, MANIFEST, PARTITION, PLAN, part_name
from twilio_sessions.export._made import memory_name
from twilio_sessions.export._plan import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from twilio_sessions.export._records import LayerRecord, PartitionRecord

__all__ = ["check_folders"]

_LOCK: Final = ".lock"
_TEMPORARY: Final = ".tmp"
# What an export that goes on cuts away or counts itself.
_WRITTEN: Final = (".ndjson", ".ndjson.zst", ".json")
# Where a conversion goes that is not told where.
_CONVERTED: Final = ("parquet", "csv", "ndjson", "archive.duckdb")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def check_folders(root: Path, layers: Iterable[LayerRecord], findings: Findings) -> None:
    """Name what is strange in the folders of an archive; nothing is changed, and no link is followed."""
    folders = _Folders(findings)
    for layer in layers:
        folders.expect(layer.prefix.rstrip("/"), PLAN, MANIFEST)
        planned = layer.plan.partitions if layer.plan is not None else ()
        for partition in planned:
            folders.expect(layer.prefix + partition.folder, PARTITION, CHECKPOINT)
        for record in layer.partitions:
            folders.expect(record.where, PARTITION, CHECKPOINT, *_files(record))
            if record.manifest is None:
                folders.unfinished.add(record.where)
    folders.expect("", INCREMENTS, *RESOURCES, *_CONVERTED, *map(memory_name, _CONVERTED))
    folders.check(root)


def _files(record: PartitionRecord) -> list[str]:
    return [*(file.name for file in record.files), *(part_name(part.number) for part in record.parts)]


@attrs.define
class _Folders:
    """The folders of an archive, and which names each may hold."""

    findings: Findings
    known: dict[str, set[str]] = attrs.field(factory=dict[str, set[str]])
    unfinished: set[str] = attrs.field(factory=set[str])

    def expect(self, folder: str, *names: str) -> None:
        """Say that a folder, and so those above it, may be there and hold these names."""
        self.known.setdefault(folder, {_LOCK}).update(names)
        while folder:
            above, _, name = folder.rpartition("/")
            self.known.setdefault(above, {_LOCK}).add(name)
            folder = above

    def check(self, root: Path) -> None:
        """Look into each folder that is there."""
        self._mode(".", root.stat(follow_symlinks=False))
        for folder in sorted(self.known):
            try:
                entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
            except (FileNotFoundError, NotADirectoryError):
                continue
            for entry in entries:
                self._entry(folder, entry)

    def _entry(self, folder: str, entry: os.DirEntry[str]) -> None:
        where = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_symlink():
            self._warn(where, "it is a link; an export makes none")
        elif entry.name.endswith(_TEMPORARY):
            self._warn(where, "it was left by an interrupted write and may be removed")
        elif entry.name in self.known[folder]:
            self._mode(where, entry.stat(follow_symlinks=False))
        elif folder not in self.unfinished or not entry.name.endswith(_WRITTEN):
            self._warn(where, "it is no part of the archive")

    def _mode(self, where: str, found: os.stat_result) -> None:
        if os.name != "nt" and stat.S_IMODE(found.st_mode) & _OTHERS:
            wanted = 0o700 if stat.S_ISDIR(found.st_mode) else 0o600
            seen = f"{stat.S_IMODE(found.st_mode):04o}"
            problem = "others may read it"
            self.findings.warnings.append(Problem("files", where, problem, f"{wanted:04o}", seen))

    def _warn(self, where: str, what: str) -> None:
        self.findings.warnings.append(Problem("files", where, what))

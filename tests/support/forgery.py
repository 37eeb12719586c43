"""Changes an archive as somebody would who knows its format: rows, and every hash and count over them."""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.export import open_archive
from twilio_sessions.export._frames import Compress, Lines, to_frame, to_lines
from twilio_sessions.export._layout import Frame, Part, PartitionManifest, part_name, seal, unseal
from twilio_sessions.export._manifest import manifest_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from twilio_sessions.export import ArchiveFile

__all__ = ["edit_manifest", "edit_partition", "edit_row", "file_of", "forge", "lines_of", "rows_to_frame"]


def file_of(root: Path, resource: str, product: str = "proxy") -> ArchiveFile:
    """Return the largest data file of a resource."""
    layer = open_archive(root).layers[-1]
    return max(layer.files("assistants" if product == "assistants" else "proxy", resource), key=_size)


def _size(file: ArchiveFile) -> int:
    return file.data.size


def lines_of(file: ArchiveFile) -> list[bytes]:
    """Return the rows of a data file."""
    return to_lines(file.path.read_bytes(), file.partition.compress)


def rows_to_frame(rows: Sequence[bytes], compress: Compress) -> bytes:
    """Return rows in the form in which they are stored."""
    lines = Lines()
    lines.add(rows)
    return to_frame(lines, compress)


def forge(
    file: ArchiveFile, edit: Callable[[list[bytes]], list[bytes]], *, tallies: bool, root: Path | None = None
) -> None:
    """Change the rows of a file and compute hashes and counts anew; those of the tallies if wanted.

    Args:
        file: The file.
        edit: Returns other rows.
        tallies: Whether to forge what was counted while reading, too.
        root: The folder with the manifest; by default that of the archive.
    """
    rows = edit(lines_of(file))
    stored = rows_to_frame(rows, file.partition.compress)
    file.path.write_bytes(stored)
    frames = (Frame(len(stored), len(rows), zlib.crc32(stored)),)
    digest = hashlib.sha256(stored).hexdigest()
    data = attrs.evolve(file.data, rows=len(rows), size=len(stored), sha256=digest, frames=frames)
    path = file.path.with_name(part_name(file.part))
    part = unseal(path.read_bytes(), Part, "")
    files = tuple(data if each.name == data.name else each for each in part.files)
    path.write_bytes(seal(attrs.evolve(part, files=files)))
    shown = tuple(attrs.evolve(each, frames=()) for each in files)
    added = len(rows) - file.data.rows

    def change(manifest: PartitionManifest) -> PartitionManifest:
        parts = tuple(
            attrs.evolve(each, files=shown) if each.number == file.part else each for each in manifest.parts
        )
        tally = manifest.tallies[data.resource]
        if tallies:
            tally = attrs.evolve(tally, rows=tally.rows + added)
        return attrs.evolve(manifest, parts=parts, tallies={**manifest.tallies, data.resource: tally})

    up = len(file.partition.folder.split("/"))
    edit_partition(file, change, root or file.path.parents[up])


def edit_partition(
    file: ArchiveFile, change: Callable[[PartitionManifest], PartitionManifest], root: Path
) -> None:
    """Change what is said of the partition of a file, wherever that is."""
    path = file.path.with_name("partition.json")
    manifest = change(unseal(path.read_bytes(), PartitionManifest, ""))
    path.write_bytes(seal(manifest))
    changed = json.loads(path.read_bytes())["content"]

    def put(content: dict[str, Any]) -> None:
        for at, each in enumerate(content["partitions"]):
            if each["partition"] == changed["partition"]:
                content["partitions"][at] = changed
        rows = dict.fromkeys(content["rows"], 0)
        for each in content["partitions"]:
            prefix = "assistants-" if each["partition"]["product"] == "assistants" else ""
            for name, tally in each["tallies"].items():
                rows[prefix + name] += tally["rows"]
        content["rows"] = rows

    edit_manifest(root, put, sealed=True)


def edit_manifest(root: Path, change: Callable[[dict[str, Any]], None], *, sealed: bool = False) -> None:
    """Change the manifest; and its hash if wanted."""
    path = root / "manifest.json"
    content = json.loads(path.read_bytes())
    change(content)
    if sealed:
        content["sha256"] = manifest_hash(json.dumps(content).encode())
    path.write_text(json.dumps(content, indent=2))


def edit_row(line: bytes, **fields: object) -> bytes:
    """Return a row with other fields; with None, without them."""
    row = {**json.loads(line), **fields}
    kept = {name: value for name, value in row.items() if value is not None or name not in fields}
    return json.dumps(kept, separators=(",", ":")).encode()

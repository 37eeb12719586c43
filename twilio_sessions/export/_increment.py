"""Where a later export of an archive goes: a folder of its own below it, and what it is compared with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._archive import INCREMENTS, Archive, open_archive
from twilio_sessions.export._layout import MANIFEST
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.export._plan import Selection

__all__ = ["Increment", "next_increment"]


@attrs.frozen
class Increment:
    """A later export of an archive.

    Attributes:
        folder: Where it is written to.
        base: What is there already.
        since: The SHA-256 of the newest manifest of that.
        selection: What the archive was made of, and what is asked for again.
    """

    folder: DiskFolder
    base: Archive
    since: str
    selection: Selection


def next_increment(path: Path) -> Increment:
    """Return the increment to be written next, or the one that was begun and is not complete.

    Raises:
        ArchiveError: There is no complete archive to begin with.
    """
    archive = open_archive(path)
    base = attrs.evolve(
        archive, layers=tuple(layer for layer in archive.layers if layer.manifest.is_complete)
    )
    if len(archive.layers) - len(base.layers) > 1 or not archive.layers[0].manifest.is_complete:
        raise ArchiveError(f"{path} is not complete: run the same export without --since-last until it is")
    newest = base.layers[-1].folder
    folder = DiskFolder(path / INCREMENTS / f"{len(base.layers):04}")
    since = hashlib.sha256(newest.read(MANIFEST)).hexdigest()
    return Increment(folder, base, since, base.layers[-1].manifest.selection)

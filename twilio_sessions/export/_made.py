"""Remembers what conversions made in an archive, so that this, and nothing else, may be made anew."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._layout import seal, unseal
from twilio_sessions.export._storage import DiskFolder, replace

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MadeHere", "memory_name"]

# The newest, and the one that is there until the newest has taken its place.
_REMEMBERED: Final = 2


@attrs.frozen
class _Made:
    """What is remembered of one output.

    Attributes:
        digests: What it was when it was made; the newest first.
    """

    digests: tuple[str, ...] = ()


@attrs.frozen
class MadeHere:
    """The memory of one output of an archive, in a hidden file beside it.

    Attributes:
        target: The output: a file, or a folder of files.
    """

    target: Path

    def is_unchanged(self) -> bool:
        """Tell whether what is there is what a conversion made, byte for byte. Blocks on the disk."""
        # DuckDB keeps changes beside the file while it is open, and after a crash.
        if self.target.with_name(f"{self.target.name}.wal").exists():
            return False
        digest = _digest(self.target)
        return digest is not None and digest in self._read().digests

    def remember(self, made: Path) -> None:
        """Remember what is about to become the target, durably."""
        digest = _digest(made)
        if digest is not None:
            before = _digest(self.target) if os.path.lexists(self.target) else None
            known = [one for one in self._read().digests if one == before]
            digests = (digest, *known)[:_REMEMBERED]
            replace(self._folder, self._name, seal(_Made(digests)))

    @property
    def _folder(self) -> DiskFolder:
        return DiskFolder(self.target.parent)

    @property
    def _name(self) -> str:
        return memory_name(self.target.name)

    def _read(self) -> _Made:
        try:
            return unseal(self._folder.read(self._name), _Made, self._name)
        except (FileNotFoundError, ArchiveError):
            # What nobody remembers was made by somebody else.
            return _Made()


def memory_name(name: str) -> str:
    """Return the name of the file that remembers an output of this name."""
    return f".{name}.made"


def _digest(path: Path) -> str | None:
    """Return a hash of a file, or of the names and contents of a folder of files; None of anything else."""
    paths = sorted(path.iterdir()) if path.is_dir() else [path]
    if path.is_symlink() or any(each.is_symlink() or not each.is_file() for each in paths):
        return None
    whole = hashlib.sha256()
    for each in paths:
        with each.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{digest} {each.name}\n".encode())
    return whole.hexdigest()

"""One folder of an archive: files only their owner can read, made durable step by step."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Protocol

from twilio_sessions.errors import ArchiveError, ArchiveLockedError
from twilio_sessions.export._locks import lock, unlock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["DiskFolder", "Folder", "replace"]

_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
# A link that somebody planted is not followed, neither for reading nor for writing.
_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_TEMPORARY: Final = ".tmp"
# What some file systems (network, FUSE) say to the fsync of a folder: they have no such thing.
_NO_FOLDER_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EBADF})


class Folder(Protocol):
    """The few things that are done to files here; each one alone, so that a crash can come between them.

    Names are file names in this folder. Nothing is durable before `sync` (the bytes of a file) and
    `sync_folder` (that a file has its name) have returned.
    """

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Return bytes of a file; FileNotFoundError where there is none."""
        ...

    def size(self, name: str) -> int:
        """Return the size of a file in bytes; FileNotFoundError where there is none."""
        ...

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        ...

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write bytes at a place in a file, which is made if it is not there."""
        ...

    def truncate(self, name: str, size: int) -> None:
        """Cut a file."""
        ...

    def sync(self, name: str) -> None:
        """Make the bytes of a file durable."""
        ...

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in place of the file that had it."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        ...

    def sync_folder(self) -> None:
        """Make names durable."""
        ...


def replace(folder: Folder, name: str, data: bytes) -> None:
    """Give a file a new content, durably: after a crash it is the old one or the new one, whole."""
    temporary = name + _TEMPORARY
    folder.remove(temporary)
    folder.write(temporary, 0, data)
    folder.sync(temporary)
    folder.rename(temporary, name)
    folder.sync_folder()


class DiskFolder:
    """A folder on a disk.

    After a `lock` was let go nothing is written any more: a thread that nobody waits for, because what
    waited was cancelled, ends at its next step as if the process had been killed there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._step = threading.Lock()
        self._is_released = False

    def make(self) -> None:
        """Make the folder and those above it, for their owner only.

        Raises:
            ArchiveError: Something that is no folder is in the way.
        """
        missing = [path for path in self.path.parents if not path.exists()]
        for path in (*reversed(missing), self.path):
            if not path.exists():
                with suppress(FileExistsError):
                    path.mkdir(mode=_FOLDER_MODE)
            # The name of a folder is durable only when the folder above it is. One that is there already
            # may be a moment old, of a run that was killed before it came to this.
            with suppress(PermissionError):
                _sync_path(path.parent)
        if self.path.is_symlink() or not self.path.is_dir():
            raise ArchiveError(
                f"{self.path} must be a folder, and it is something else; name another one or move it away"
            )

    def below(self, name: str) -> DiskFolder:
        """Return the folder at a path below this one, made if it is not there; links are not followed.

        Raises:
            ArchiveError: Something that is no folder is in the way.
        """
        folder = self
        for part in name.split("/"):
            folder = DiskFolder(folder.path / part)
            folder.make()
        return folder

    def read(self, name: str, offset: int = 0, length: int | None = None) -> bytes:
        """Return bytes of a file."""
        with os.fdopen(self._open(name, os.O_RDONLY), "rb") as file:
            file.seek(offset)
            return file.read() if length is None else file.read(length)

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        return (self.path / name).stat(follow_symlinks=False).st_size

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        try:
            return sorted(entry.name for entry in os.scandir(self.path) if not entry.is_dir())
        except FileNotFoundError:
            return []

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Write bytes at a place in a file, which is made if it is not there."""
        with self._changing(), os.fdopen(self._open(name, os.O_WRONLY | os.O_CREAT), "wb", 0) as file:
            file.seek(offset)
            left = memoryview(data)
            while left:
                left = left[file.write(left) or 0 :]

    def truncate(self, name: str, size: int) -> None:
        """Cut a file."""
        with self._changing(), os.fdopen(self._open(name, os.O_WRONLY), "wb", 0) as file:
            file.truncate(size)

    def sync(self, name: str) -> None:
        """Make the bytes of a file durable."""
        with self._changing(), os.fdopen(self._open(name, os.O_RDWR), "rb+", 0) as file:
            os.fsync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in place of the file that had it."""
        with self._changing():
            (self.path / old).replace(self.path / new)

    def remove(self, name: str) -> None:
        """Remove a file; nothing happens where there is none."""
        with self._changing():
            (self.path / name).unlink(missing_ok=True)

    def sync_folder(self) -> None:
        """Make names durable."""
        with self._changing():
            _sync_path(self.path)

    @contextmanager
    def lock(self) -> Generator[None]:
        """Hold the folder until the block ends, or the process.

        Raises:
            ArchiveLockedError: Somebody else holds it.
        """
        descriptor = self._open(".lock", os.O_RDWR | os.O_CREAT)
        try:
            if not lock(descriptor):
                raise ArchiveLockedError(
                    f"{self.path} is being written to by another process; "
                    "wait until it has ended, or export to another folder"
                )
            self._is_released = False
            yield
        finally:
            # A step that is under way in a thread left behind is waited for; it is the last one.
            self._is_released = True
            with self._step:
                unlock(descriptor)

    @contextmanager
    def _changing(self) -> Generator[None]:
        """Make one step of a change, while the folder is held."""
        with self._step:
            if self._is_released:
                raise ArchiveLockedError(f"{self.path} was let go; nothing may be written to it any more")
            yield

    def _open(self, name: str, flags: int) -> int:
        path = self.path / name
        try:
            return os.open(path, flags | _NO_LINKS, _FILE_MODE)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise ArchiveError(
                f"{path} is a link, and links are not followed here; put the file itself in its place"
            ) from None


def _sync_path(path: Path) -> None:
    if os.name == "nt":
        return  # Windows has no such thing: a rename is written through there.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)

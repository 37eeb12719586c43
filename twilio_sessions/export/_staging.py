"""A new file or folder that has its name only when it is whole, and never takes that of another one."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO, Final

import attrs

from twilio_sessions.errors import ArchiveLockedError, ArgumentError
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

__all__ = ["Stage", "staged"]

_CONTENT: Final = "content"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
# Errors of writing, which do not say by themselves where.
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FILE_MODE: Final = 0o600
_FOLDER_MODE: Final = 0o700


@attrs.frozen
class Stage:
    """Where files are written before they are shown.

    Attributes:
        folder: A folder of its own, for its owner only.
    """

    folder: Path

    @contextmanager
    def create(self, name: str) -> Generator[BinaryIO]:
        """Make a file to write to; its bytes are durable when the block ends.

        Raises:
            OSError: The disk is full or cannot be written to.
        """
        with os.fdopen(os.open(self.folder / name, _NEW, _FILE_MODE), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def sync(self, name: str) -> None:
        """Make the bytes of a file durable that somebody else has written."""
        DiskFolder(self.folder).sync(name)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.iterdir())


@contextmanager
def staged(target: Path, *, is_folder: bool) -> Generator[Stage]:
    """Yield a place to write to; what is there when the block ends becomes `target`, if it ends well.

    What a process that was killed left behind is removed by the next one that makes the same thing.

    Args:
        target: What is made; it must not exist.
        is_folder: Whether it is the folder, or the one file in it that has the name of the target.

    Raises:
        ArgumentError: The target exists.
        ArchiveLockedError: Another process makes it at the moment.
        OSError: It cannot be written.
    """
    _refuse(target)
    hidden = DiskFolder(target.with_name(f".{target.name}.tmp"))
    hidden.make()
    try:
        with hidden.lock():
            try:
                _refuse(target)
                yield from _filled(target, hidden.path / _CONTENT, is_folder=is_folder)
            finally:
                _remove(hidden.path)
    except ArchiveLockedError:
        raise ArchiveLockedError(
            f"{target} is being made by another process; wait until it has ended, or name another place"
        ) from None
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:
            error.filename = str(target)
        raise


def _filled(target: Path, content: Path, *, is_folder: bool) -> Generator[Stage]:
    _clear(content)
    content.mkdir(mode=_FOLDER_MODE)
    try:
        yield Stage(content)
        DiskFolder(content).sync_folder()
        _publish(content if is_folder else content / target.name, target)
        DiskFolder(target.parent).sync_folder()
    finally:
        _clear(content)


def _publish(made: Path, target: Path) -> None:
    _refuse(target)
    if made.is_dir():
        made.rename(target)
        return
    try:
        # Unlike a rename, a link does not replace what somebody else has made meanwhile.
        os.link(made, target)
    except FileExistsError:
        _refuse(target)
    except OSError:
        # Some file systems have no links.
        made.rename(target)


def _refuse(target: Path) -> None:
    if os.path.lexists(target):
        raise ArgumentError(
            f"{target} exists, and nothing is written over; move it away, or name another place",
            argument="out",
        )


def _clear(content: Path) -> None:
    if os.path.lexists(content):
        shutil.rmtree(content)


def _remove(hidden: Path) -> None:
    """Remove the empty place, where that is possible; what stays does no harm."""
    with suppress(OSError):
        (hidden / ".lock").unlink()
        hidden.rmdir()

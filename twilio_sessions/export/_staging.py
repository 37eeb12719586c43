"""A new file or folder that has its name only when it is whole, and never takes that of somebody else's."""

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

    from twilio_sessions.export._made import MadeHere

__all__ = ["Stage", "staged"]

_CONTENT: Final = "content"
_OLD: Final = "old"
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
def staged(
    target: Path, *, is_folder: bool, memory: MadeHere | None = None, may_replace: bool = False
) -> Generator[Stage]:
    """Yield a place to write to; what is there when the block ends becomes `target`, if it ends well.

    What a process that was killed left behind is removed by the next one that makes the same thing.

    Args:
        target: What is made.
        is_folder: Whether it is the folder, or the one file in it that has the name of the target.
        memory: Remembers what was made here; None remembers nothing.
        may_replace: Whether the target may exist, if it is as the memory knows it.

    Raises:
        ArgumentError: The target exists, and may not be replaced.
        ArchiveLockedError: Another process makes it at the moment.
        OSError: It cannot be written.
    """
    place = _Place(target, memory, may_replace)
    place.check()
    hidden = DiskFolder(target.with_name(f".{target.name}.tmp"))
    hidden.make()
    try:
        with hidden.lock():
            try:
                place.check()
                yield from _filled(place, hidden.path, is_folder=is_folder)
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


@attrs.frozen
class _Place:
    """Where something is made, and what may be there.

    Attributes:
        target: Its path.
        memory: Knows what was made there.
        may_replace: Whether that may be replaced.
    """

    target: Path
    memory: MadeHere | None
    may_replace: bool

    def check(self) -> None:
        """Refuse to write over anything that is not ours."""
        if not os.path.lexists(self.target):
            return
        if not self.may_replace or self.memory is None:
            why = "exists"
        elif not self.memory.is_unchanged():
            why = "exists, is not as a conversion of this archive left it"
        else:
            return
        raise ArgumentError(
            f"{self.target} {why}, and nothing is written over; move it away, or name another place",
            argument="out",
        )

    def publish(self, made: Path, old: Path) -> None:
        """Give what was made its name; what had it goes to `old`."""
        self.check()
        if self.memory is not None:
            # Before it is there: one that nobody remembers could never be replaced.
            self.memory.remember(made)
            # To read all of it took a while.
            self.check()
        if os.path.lexists(self.target):
            self._exchange(made, old)
        elif made.is_dir():
            made.rename(self.target)
        else:
            self._link(made)

    def _exchange(self, made: Path, old: Path) -> None:
        if not made.is_dir():
            made.replace(self.target)
            return
        # No file system everywhere exchanges two folders in one step. Whoever is killed in between leaves
        # the old one here, and the next one makes it anew.
        self.target.rename(old)
        try:
            made.rename(self.target)
        except OSError:
            old.rename(self.target)
            raise

    def _link(self, made: Path) -> None:
        try:
            # Unlike a rename, a link does not replace what somebody else has made meanwhile.
            os.link(made, self.target)
        except FileExistsError:
            self.check()
            raise
        except OSError:
            # Some file systems have no links.
            made.rename(self.target)


def _filled(place: _Place, hidden: Path, *, is_folder: bool) -> Generator[Stage]:
    content, old = hidden / _CONTENT, hidden / _OLD
    _clear(content)
    content.mkdir(mode=_FOLDER_MODE)
    try:
        yield Stage(content)
        DiskFolder(content).sync_folder()
        _clear(old)
        place.publish(content if is_folder else content / place.target.name, old)
        DiskFolder(place.target.parent).sync_folder()
        _clear(old)
    finally:
        _clear(content)


def _clear(content: Path) -> None:
    if os.path.lexists(content):
        shutil.rmtree(content)


def _remove(hidden: Path) -> None:
    """Remove the empty place, where that is possible; what stays does no harm."""
    with suppress(OSError):
        (hidden / ".lock").unlink()
        hidden.rmdir()

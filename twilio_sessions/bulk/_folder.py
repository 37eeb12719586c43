"""The folder of a journal: what may be in it, who may read it, and that one process at a time writes."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twilio_sessions.errors import ArchiveError, ArchiveLockedError, JournalError, JournalLockedError
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Generator
    from os import PathLike

__all__ = ["JOURNAL", "PLAN", "check_folder", "held"]

PLAN: Final = "plan.ndjson"
JOURNAL: Final = "journal.ndjson"
# What a journal that has no plan yet may hold: a run was killed before it had written that.
_BEGUN: Final = frozenset({".lock", JOURNAL, f"{JOURNAL}.tmp", f"{PLAN}.tmp"})
_OTHERS: Final = 0o077
_OWNER: Final = 0o600


@contextmanager
def held(path: str | PathLike[str]) -> Generator[DiskFolder]:
    """Hold the folder of a journal, made if it is not there, until the block ends or the process.

    Raises:
        JournalError: Something that is no journal is in the way.
        JournalLockedError: Another process writes to it.
    """
    folder = DiskFolder(Path(path))
    with ExitStack() as stack:
        try:
            folder.make()
            check_folder(folder.path)
            stack.enter_context(folder.lock())
            _tighten(folder)
        except ArchiveLockedError:
            raise JournalLockedError(
                f"{folder.path} is being written to by another process; wait until it has ended"
            ) from None
        except ArchiveError as error:
            raise JournalError(str(error)) from None
        yield folder


def _tighten(folder: DiskFolder) -> None:
    """Let nobody else read what is in a journal that was copied, say: unique names are in it."""
    if os.name == "nt":
        return  # There, the folder says who may do what.
    for name in (PLAN, JOURNAL):
        # A file of somebody else is theirs to give away; a link is refused where it is opened to be used.
        with suppress(OSError):
            descriptor = os.open(folder.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                if os.fstat(descriptor).st_mode & _OTHERS:
                    os.fchmod(descriptor, _OWNER)
            finally:
                os.close(descriptor)


def check_folder(path: Path) -> None:
    """Refuse what is no folder, and a folder that holds something else.

    Raises:
        JournalError: It is one of these.
    """
    if path.exists() and not path.is_dir():
        raise JournalError(f"{path} must be a folder, and it is a file; name a new folder for the journal")
    names = {entry.name for entry in path.iterdir()} if path.is_dir() else set[str]()
    if PLAN not in names and names - _BEGUN:
        raise JournalError(f"{path} is no journal of a bulk change, and it is not empty; name a new folder")

"""Locks on files that die with their process: not before it, and not after it in one of its children."""

from __future__ import annotations

import errno
import os
from typing import Final

__all__ = ["lock", "unlock"]

# What is said of a lock that somebody else has.
_TAKEN: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
_held: Final[set[int]] = set()


def lock(descriptor: int) -> bool:
    """Take the lock of an open file and tell whether it could be had. Either way `unlock` closes the file.

    Raises:
        OSError: The file system has no locks.
    """
    _held.add(descriptor)
    try:
        _lock(descriptor)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def unlock(descriptor: int) -> None:
    """Close the file, and let go of its lock if it was had."""
    if descriptor in _held:
        _held.remove(descriptor)
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 - there only

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl  # noqa: PLC0415 - not on Windows

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _leave_to_parent() -> None:
    """Close, in the child of a fork, what the parent holds: a lock lasts while anybody has the file open."""
    for descriptor in list(_held):
        unlock(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)

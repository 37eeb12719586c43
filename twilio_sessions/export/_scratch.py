"""A database for what does not fit into memory, in a file that has no name: nothing is left of it.

SQLite makes the file itself (mode 0600, in `SQLITE_TMPDIR`, `TMPDIR` or `/var/tmp`) and unlinks it at once,
however the process ends.
"""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["scratch_database"]

_CACHE_KIB: Final = 16 * 1024
_SETTINGS: Final = (
    # The file is private and never read again after a crash.
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "temp_store = FILE",
    f"cache_size = -{_CACHE_KIB}",
)


def scratch_database() -> sqlite3.Connection:
    """Return an empty database, inside a transaction that is never to be committed; any thread may use it.

    Example:
        >>> database = scratch_database()
        >>> _ = database.execute("CREATE TABLE rows (sid TEXT)")
        >>> database.close()
    """
    database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for setting in _SETTINGS:
        database.execute(f"PRAGMA {setting}")
    database.execute("BEGIN")
    return database

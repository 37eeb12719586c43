"""A database for what does not fit into memory: it is private, and nothing is left of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from twilio_sessions.export._scratch import scratch_database

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_any_thread_may_use_it_and_no_file_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    database = scratch_database()
    database.execute("CREATE TABLE rows (text)")
    rows = [(str(number) * 1000,) for number in range(30_000)]
    # More than the cache has room for.
    filler = threading.Thread(target=database.executemany, args=("INSERT INTO rows VALUES (?)", rows))
    filler.start()
    filler.join()
    assert database.execute("SELECT count(*) FROM rows").fetchone() == (30_000,)
    assert list(tmp_path.iterdir()) == []
    database.close()


def test_two_have_nothing_in_common():
    one, other = scratch_database(), scratch_database()
    one.execute("CREATE TABLE rows (text)")
    other.execute("CREATE TABLE rows (text)")
    one.execute("INSERT INTO rows VALUES (1)")
    assert other.execute("SELECT count(*) FROM rows").fetchone() == (0,)
    one.close()
    other.close()

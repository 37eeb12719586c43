"""The index of rows: what is there twice, and what is not there at all."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from twilio_sessions.export._index import Dangling, Duplicate, RowIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


def test_a_row_may_be_once_in_each_layer():
    with RowIndex() as index:
        index.add("sessions", 0, [("KC1", 1), ("KC2", 2), ("KC3", 3)])
        index.add("sessions", 1, [("KC1", 4), ("KC3", 5)])
        index.add("participants", 0, [("KC1", 6)])
        assert list(index.duplicates()) == []
        assert list(index.dangling()) == []


def test_each_time_that_a_row_is_there_again_is_found():
    with RowIndex() as index:
        index.add("sessions", 0, [("KC1", 9), ("KC2", 2), ("KC1", 3)])
        index.add("sessions", 1, [("KC1", 4), ("KC1", 5), ("KC1", 6)])
        assert list(index.duplicates()) == [
            Duplicate("sessions", "KC1", 3, 9),
            Duplicate("sessions", "KC1", 4, 5),
            Duplicate("sessions", "KC1", 4, 6),
        ]


def test_a_row_that_is_not_there_is_found_with_the_first_that_belongs_to_it():
    with RowIndex() as index:
        index.add("sessions", 0, [("KC1", 1)])
        index.add("sessions", 1, [("KC2", 2)])
        index.refer("sessions", "participants", [("KC2", 8), ("KC3", 7), ("KC3", 6)])
        index.refer("sessions", "interactions", [("KC1", 5), ("KC4", 4), ("KC3", 3)])
        index.refer("services", "sessions", [("KS1", 1)])
        assert list(index.dangling()) == [
            Dangling("sessions", "KC3", "interactions", 3),
            Dangling("sessions", "KC4", "interactions", 4),
            Dangling("sessions", "KC3", "participants", 6),
            Dangling("services", "KS1", "sessions", 1),
        ]


def test_nothing_is_left_on_the_disk_and_nobody_else_can_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    rows = [(f"KC{number:032}", number) for number in range(60_000)]
    with RowIndex() as index:
        for _ in range(10):
            index.add("sessions", 0, rows)
        written = [file for file in open_files() if file.st_size > 10_000_000]
        assert written, "more than fits into its memory is on the disk"
        assert {stat.S_IMODE(file.st_mode) for file in written} == {0o600}
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def open_files() -> Iterator[os.stat_result]:
    for descriptor in range(1024):
        with suppress(OSError):
            yield os.fstat(descriptor)

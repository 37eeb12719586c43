"""Rows as lines, from all files of an archive."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from specimens import ROWS, SESSIONS
from written import written

from twilio_sessions.errors import ArchiveError, ArgumentError
from twilio_sessions.export import cat

if TYPE_CHECKING:
    from pathlib import Path


def printed(path: Path, resource: str, product: str | None = None) -> list[bytes]:
    file = io.BytesIO()
    rows = cat(path, resource, file, product=product)
    lines = file.getvalue().split(b"\n")
    assert lines.pop() == b""
    assert rows == len(lines)
    return lines


@pytest.mark.parametrize("compress", ["zstd", "none"])
@pytest.mark.parametrize("frame", [1, 4, 1000])
def test_rows_are_as_they_were_sent(tmp_path: Path, compress: str, frame: int):
    written(tmp_path / "a", ROWS, compress=compress, frame=frame)  # type: ignore[arg-type]
    assert printed(tmp_path / "a", "sessions") == list(SESSIONS)
    assert printed(tmp_path / "a", "sessions", "assistants") == list(ROWS["assistants", "sessions"])
    assert printed(tmp_path / "a", "messages") == list(ROWS["assistants", "messages"])
    assert printed(tmp_path / "a", "phone-numbers") == list(ROWS["proxy", "phone-numbers"])


def test_of_a_resource_without_rows_nothing_is_printed(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): []})
    assert printed(tmp_path / "a", "sessions") == []


def test_the_newest_version_of_a_row_is_printed(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): [b'{"sid": "KC1", "ttl": 1}', b'{"sid": "KC2"}']})
    written(
        tmp_path / "a" / "increments" / "0001",
        {("proxy", "sessions"): [b'{"sid": "KC1", "ttl": 2}', b'{"sid": "KC3"}']},
    )
    assert sorted(printed(tmp_path / "a", "sessions")) == [
        b'{"sid": "KC1", "ttl": 2}',
        b'{"sid": "KC2"}',
        b'{"sid": "KC3"}',
    ]


def test_what_was_not_exported_is_named(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): [], ("proxy", "services"): []})
    with pytest.raises(ArgumentError, match="without message-interactions of proxy; it has services, "):
        cat(tmp_path / "a", "message-interactions", io.BytesIO())
    with pytest.raises(ArgumentError, match="without sessions of assistants"):
        cat(tmp_path / "a", "sessions", io.BytesIO(), product="assistants")


def test_a_mistake_is_found_before_the_archive_is(tmp_path: Path):
    with pytest.raises(ArgumentError, match="there is no resource 'sesions'"):
        cat(tmp_path, "sesions", io.BytesIO())
    with pytest.raises(ArchiveError, match="this is no archive"):
        cat(tmp_path, "sessions", io.BytesIO())

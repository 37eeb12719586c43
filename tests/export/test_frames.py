"""Rows to frames and back."""

from __future__ import annotations

import sys

import pytest
from forgery import rows_to_frame
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions import ArchiveError, ConfigurationError
from twilio_sessions.export._frames import (
    COMPRESSIONS,
    Compress,
    Lines,
    check_compress,
    suffix,
    to_lines,
)

ROWS = st.lists(st.binary(max_size=60).map(lambda row: row.replace(b"\n", b" ")), min_size=1, max_size=20)
each_compression = pytest.mark.parametrize("compress", COMPRESSIONS)


@each_compression
@given(first=ROWS, second=ROWS)
def test_rows_come_back_from_one_frame_or_several(
    compress: Compress, first: list[bytes], second: list[bytes]
):
    frames = [rows_to_frame(rows, compress) for rows in (first, second)]
    assert to_lines(frames[0], compress) == first
    assert to_lines(b"".join(frames), compress) == first + second


@each_compression
def test_a_frame_that_was_cut_is_refused(compress: Compress):
    frame = rows_to_frame([b'{"sid":"KC1"}', b'{"sid":"KC2"}'], compress)
    for size in range(1, len(frame)):
        if compress == "none" and frame[size - 1 : size] == b"\n":
            continue  # Whole lines are whole; how many there should be is the checkpoint's affair.
        with pytest.raises(ArchiveError, match=r"not a zstd frame|the last line is not whole"):
            to_lines(frame[:size], compress)


def test_rows_are_compressed():
    rows = [b'{"sid":"KC%032x","status":"open"}' % number for number in range(100)]
    assert len(rows_to_frame(rows, "zstd")) < len(rows_to_frame(rows, "none")) / 3
    assert rows_to_frame(rows, "zstd")[:4] == b"\x28\xb5\x2f\xfd"


def test_rows_are_one_piece_of_memory_for_each_page():
    lines = Lines()
    assert lines.add([]) == 0
    assert lines.pieces == []
    assert lines.add([b"one", b"two"]) == 6
    assert lines.add([b"three"]) == 5
    assert (lines.rows, lines.pieces) == (3, [b"one\ntwo\n", b"three\n"])


def test_a_frame_says_how_large_it_is_before_it_is_decompressed():
    frame = rows_to_frame([b"row" * 100] * 100, "zstd")
    # Bit 5 of the descriptor: one segment, of which the header says the size; 256 is taken off in two bytes.
    assert frame[4] & 0b0010_0000
    assert int.from_bytes(frame[5:7], "little") + 256 == 100 * 301


def test_names_say_what_is_inside():
    assert suffix("zstd") == ".ndjson.zst"
    assert suffix("none") == ".ndjson"


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="it is in the standard library")
def test_without_the_package_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "backports", None)
    check_compress("none")
    assert to_lines(rows_to_frame([b"row"], "none"), "none") == [b"row"]
    with pytest.raises(ConfigurationError, match=r"pip install 'twilio-sessions\[export\]'.*--compress none"):
        check_compress("zstd")

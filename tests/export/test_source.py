"""Parents read back from the archive: each once, in order, wherever the reading begins and the parts end."""

from __future__ import annotations

import pytest
from journals import add, commit, open_again, rows_of
from powerloss import MemoryFolder

from twilio_sessions import ArchiveError
from twilio_sessions.export._frames import COMPRESSIONS, Compress
from twilio_sessions.export._source import Parent, ParentReader, frames_of, parents_at


def session(number: int) -> bytes:
    return b'{"sid":"KC%d","new":{"sid":"not this"}}' % number


def parents(*numbers: int) -> list[Parent]:
    return [Parent(number, f"KC{number}") for number in numbers]


def read_all(reader: ParentReader) -> list[Parent]:
    found: list[Parent] = []
    while more := reader.read():
        found += more
    return found


@pytest.mark.parametrize("compress", COMPRESSIONS)
@pytest.mark.parametrize("start", [0, 1, 3, 4, 8, 9, 12])
def test_from_anywhere_to_the_end(compress: Compress, start: int):
    folder = MemoryFolder()
    journal = open_again(folder, compress=compress, part_rows=5)
    for first in range(0, 10, 2):
        add(journal, "sessions", [session(first), session(first + 1)])
        commit(journal)
    assert len(journal.durable.parts) == 1
    reader = ParentReader(journal, "sessions", start)
    assert read_all(reader) == parents(*range(start, 10))
    # The next run finds the same.
    assert read_all(ParentReader(open_again(folder, compress=compress, part_rows=5), "sessions")) == parents(
        *range(10)
    )


def test_it_goes_on_when_there_is_more():
    journal = open_again(MemoryFolder(), part_rows=4)
    reader = ParentReader(journal, "sessions")
    assert reader.read() == []
    for number in range(12):
        add(journal, "sessions", [session(number)])
        # What is not durable is not there yet.
        assert reader.read() == []
        commit(journal)
        assert reader.read() == parents(number)
        assert reader.number == number + 1
    journal.finish()
    assert reader.read() == []


def test_rows_of_others_are_not_among_them():
    journal = open_again(MemoryFolder(), part_rows=3)
    for number in range(6):
        add(journal, "participants", [b'{"sid":"KP","session_sid":"KC"}'])
        commit(journal)
        add(journal, "sessions", [session(number)])
        commit(journal)
    assert read_all(ParentReader(journal, "sessions")) == parents(*range(6))


def test_a_frame_at_a_time():
    journal = open_again(MemoryFolder())
    for first in (0, 3):
        add(journal, "sessions", [session(first + at) for at in range(3)])
        commit(journal)
    reader = ParentReader(journal, "sessions")
    assert [len(reader.read()) for _ in range(3)] == [3, 3, 0]


def test_parents_by_number():
    journal = open_again(MemoryFolder(), part_rows=4)
    for number in range(9):
        add(journal, "sessions", [session(number)])
        commit(journal)
    assert parents_at(journal, "sessions", [7, 0, 3, 100]) == parents(0, 3, 7)
    assert parents_at(journal, "sessions", []) == []


@pytest.mark.parametrize(
    ("row", "parent"),
    [
        (b'{"id":"s1","sid":null}', Parent(0, "s1")),
        (b'{"sid":"KP1","session_sid":"KC1"}', Parent(0, "KP1", "KC1")),
        # Off the contract, and read with good will as it was when it came.
        (b'{"sid":17,"session_sid":18}', Parent(0, "17", "18")),
    ],
)
def test_what_a_row_says(row: bytes, parent: Parent):
    journal = open_again(MemoryFolder())
    add(journal, "sessions", [row])
    commit(journal)
    assert read_all(ParentReader(journal, "sessions")) == [parent]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"{}", "row 1 has no sid"),
        (b"[]", r"proxy/KS1{32}/sessions-00000.ndjson, at byte 0: row 1 of the frame cannot be read"),
        (b'{"sid":["KC1"]}', "row 1 of the frame cannot be read"),
    ],
)
def test_a_row_that_says_nothing(row: bytes, message: str):
    journal = open_again(MemoryFolder())
    add(journal, "sessions", [session(0), row])
    commit(journal)
    with pytest.raises(ArchiveError, match=message):
        ParentReader(journal, "sessions").read()


def test_frames_say_where_they_are():
    journal = open_again(MemoryFolder(), part_rows=3)
    for number in range(5):
        add(journal, "sessions", [session(number)])
        commit(journal)
    found = list(frames_of(journal, "sessions"))
    size = len(session(0)) + 1
    assert [(frame.file.name[9:14], frame.offset, frame.size, frame.rows) for frame in found] == [
        ("00000", 0, size, 1),
        ("00000", size, size, 1),
        ("00000", 2 * size, size, 1),
        ("00001", 0, size, 1),
        ("00001", size, size, 1),
    ]
    assert rows_of(journal, "sessions") == [session(number) for number in range(5)]

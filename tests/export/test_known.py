"""What an archive knows of a listing that goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from journals import add, commit, open_again, partition_of
from powerloss import MemoryFolder

from twilio_sessions.export import _known as known
from twilio_sessions.export._known import KnownRows, last_rows, rows_below
from twilio_sessions.export._source import Parent
from twilio_sessions.export._stage import Walk

if TYPE_CHECKING:
    from twilio_sessions.export._journal import Journal


@pytest.fixture
def journal() -> Journal:
    made = open_again(MemoryFolder(), part_rows=4)
    for number in range(6):
        add(made, "sessions", [b'{"sid":"KC%d"}' % number])
        commit(made)
        rows = [b'{"sid":"KP%d%d","session_sid":"KC%d"}' % (number, at, number) for at in range(2)]
        walk = Walk(number, "token", 1) if number in {2, 4} else Walk(number, None, 1, is_done=True)
        add(made, "participants", rows, walk)
        commit(made)
    return made


@pytest.mark.parametrize(
    ("most", "found"), [(None, range(6)), (1, [5]), (3, [3, 4, 5]), (100, range(6)), (0, [])]
)
def test_the_last_rows(journal: Journal, most: int | None, found: list[int]):
    assert last_rows(journal, "sessions", most) == [f"KC{number}" for number in found]


def test_rows_by_parent(journal: Journal):
    assert rows_below(journal, "participants", ["KC1", "KC9"]) == {"KC1": ["KP10", "KP11"], "KC9": []}
    assert rows_below(journal, "participants", []) == {}


def test_a_row_that_does_not_say_whose_it_is_may_be_anybodys(journal: Journal):
    add(journal, "participants", [b'{"sid":"KP?"}'])
    commit(journal)
    assert rows_below(journal, "participants", ["KC1", "KC2"]) == {
        "KC1": ["KP10", "KP11", "KP?"],
        "KC2": ["KP20", "KP21", "KP?"],
    }


@pytest.mark.parametrize(
    ("resource", "row", "sid", "identity"),
    [
        ("interactions", b'{"sid":"KI1","session_sid":"KC1"}', "KC1", "KI1"),
        ("message-interactions", b'{"sid":"KI1","session_sid":"KC1","participant_sid":"KP1"}', "KP1", "KI1"),
        ("messages", b'{"id":"m1","session_id":"s1"}', "s1", "s1/m1"),
    ],
)
def test_what_says_whose_it_is(resource: str, row: bytes, sid: str, identity: str):
    journal = open_again(MemoryFolder(), include=(resource,))
    add(journal, resource, [row])
    commit(journal)
    assert rows_below(journal, resource, [sid]) == {sid: [identity]}


def test_rows_off_the_contract_are_known_as_well():
    """Such as a date without a time zone: it was taken when it came, and must not end the next run."""
    journal = open_again(MemoryFolder())
    add(journal, "sessions", [b'{"sid":"KC1","date_created":"2026-11-22"}', b'{"sid":2}'])
    commit(journal)
    assert last_rows(journal, "sessions") == ["KC1", "2"]


async def test_unfinished_listings_are_looked_up_in_one_reading(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
):
    readings = []

    def count(*arguments: object) -> dict[str, list[str]]:
        readings.append(arguments)
        return rows_below(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(known, "rows_below", count)
    rows = KnownRows(journal, "participants", "sessions")
    found: dict[str, list[str]] = {}

    async def look(parent: Parent) -> None:
        found[parent.sid] = await rows.of_unfinished(parent)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look, Parent(2, "KC2"))
        tasks.start_soon(look, Parent(4, "KC4"))
    assert found == {"KC2": ["KP20", "KP21"], "KC4": ["KP40", "KP41"]}
    assert len(readings) == 1


async def test_all_rows_of_one_listing(journal: Journal):
    assert await KnownRows(journal, "participants", "sessions").of_all(Parent(1, "KC1")) == ["KP10", "KP11"]
    sessions = KnownRows(journal, "sessions", None)
    assert await sessions.of_all(None) == [f"KC{number}" for number in range(6)]
    assert await sessions.of_unfinished(None) == [f"KC{number}" for number in range(6)]


async def test_of_a_large_listing_the_last_rows_are_enough(monkeypatch: pytest.MonkeyPatch, journal: Journal):
    monkeypatch.setattr(known, "_USUAL", 2)
    assert await KnownRows(journal, "sessions", None).of_unfinished(None) == ["KC4", "KC5"]


def test_the_fixture_has_parts(journal: Journal):
    assert len(journal.durable.parts) > 1
    assert journal.partition == partition_of(part_rows=4)

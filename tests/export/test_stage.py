"""How far listings have been read."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.export._stage import StageState, Walk


def done(parent: int) -> Walk:
    return Walk(parent, None, 2, is_done=True)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=80))
def test_whatever_the_order_it_knows_what_was_read(notes: list[tuple[int, bool]]):
    state, read, part = StageState(), set[int](), dict[int, Walk]()
    for number, (parent, ends) in enumerate(notes):
        if parent in read:
            continue
        walk = done(parent) if ends else Walk(parent, f"token {number}", number)
        state.note(walk)
        if ends:
            read.add(parent)
            part.pop(parent, None)
        else:
            part[parent] = walk
        for other in range(32):
            expected = Walk(other, is_done=True) if other in read else part.get(other, Walk(other))
            assert state.walk(other) == expected
        assert state.done == len(read)
        assert state.cursor == next(other for other in range(32) if other not in read)
        assert msgspec.json.decode(msgspec.json.encode(state), type=StageState) == state


def test_what_is_noted_twice_counts_once():
    state = StageState()
    for parent in (0, 0, 2, 2):
        state.note(done(parent))
    assert state == StageState(1, {}, [(2, 3)])


def test_one_that_cannot_be_read_does_not_make_the_record_grow():
    state = StageState()
    state.note(Walk(0, "token", 1))
    for parent in range(1, 50_000):
        state.note(done(parent))
    assert state == StageState(0, {0: Walk(0, "token", 1)}, [(1, 50_000)])
    state.note(done(0))
    assert state == StageState(50_000)


def test_a_copy_stays_as_it_is():
    state = StageState()
    state.note(Walk(1, "token", 1))
    state.note(done(3))
    copy = state.copy()
    for parent in (1, 0, 2, 4):
        state.note(done(parent))
    assert copy == StageState(0, {1: Walk(1, "token", 1)}, [(3, 4)])
    assert state.cursor == 5


@pytest.mark.parametrize("walk", [Walk(3), Walk(3, "token", 7, is_again=True)])
def test_a_listing_that_was_read_in_part_goes_on_there(walk: Walk):
    state = StageState()
    state.note(walk)
    assert state.walk(3) == walk
    assert state.done == 0

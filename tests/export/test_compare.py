"""Comparing an archive with a listing: right in any order, and with little memory in the same one."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.export import Changes, Comparison, SidDigest

if TYPE_CHECKING:
    import random

Side = dict[str, tuple[str | None, ...]]


def compared(archived: Side, listed: Side) -> Comparison:
    comparison = Comparison()
    for sid, version in archived.items():
        comparison.from_archive(sid, version)
    for sid, version in listed.items():
        comparison.from_listing(sid, version)
    return comparison


@pytest.mark.parametrize(
    ("archived", "listed", "expected"),
    [
        ({}, {}, Changes()),
        ({"a": ("1",)}, {"a": ("1",)}, Changes()),
        ({"a": ("1",)}, {"a": ("2",)}, Changes(changed=("a",))),
        ({"a": (None,)}, {"a": ("2",)}, Changes(changed=("a",))),
        ({"a": ("1",)}, {}, Changes(removed=("a",))),
        ({}, {"a": ("1",)}, Changes(added=("a",))),
        (
            {"a": ("1",), "b": ("1",), "c": ("1",)},
            {"d": ("1",), "c": ("2",), "b": ("1",)},
            Changes(("d",), ("a",), ("c",)),
        ),
    ],
)
def test_what_was_added_removed_and_changed(archived: Side, listed: Side, expected: Changes):
    comparison = compared(archived, listed)
    assert comparison.changes() == expected
    assert expected.is_empty == (archived == listed)
    assert (comparison.archived.count, comparison.listed.count) == (len(archived), len(listed))


def test_what_a_filter_leaves_out_and_exists_has_changed():
    comparison = compared({"a": ("open",), "b": ("open",), "c": ("open",)}, {"a": ("open",)})
    assert comparison.missing == 2
    comparison.is_there("b")
    comparison.is_there("a")
    comparison.is_there("nobody")
    assert comparison.changes() == Changes(removed=("c",), changed=("b",))


sids = st.text(alphabet="abcdef", min_size=1, max_size=2)
sides = st.dictionaries(sids, st.tuples(st.sampled_from(["1", "2", None])), max_size=20)


@given(archived=sides, listed=sides, data=st.data())
def test_the_outcome_does_not_depend_on_order_or_pieces(archived: Side, listed: Side, data: st.DataObject):
    steps = [(True, sid) for sid in archived] + [(False, sid) for sid in listed]
    comparison = Comparison()
    for is_archived, sid in data.draw(st.permutations(steps)):
        if is_archived:
            comparison.from_archive(sid, archived[sid])
        else:
            comparison.from_listing(sid, listed[sid])
    changes = comparison.changes()
    assert set(changes.added) == listed.keys() - archived.keys()
    assert set(changes.removed) == archived.keys() - listed.keys()
    assert set(changes.changed) == {
        sid for sid in archived.keys() & listed.keys() if archived[sid] != listed[sid]
    }
    same = comparison.archived.hexdigest() == comparison.listed.hexdigest()
    assert same == (archived.keys() == listed.keys())


@given(st.lists(sids, max_size=30), st.randoms())
def test_a_digest_does_not_depend_on_order(listed: list[str], rng: random.Random):
    one, other = SidDigest(), SidDigest()
    for sid in listed:
        one.add(sid)
    rng.shuffle(listed)
    for sid in listed:
        other.add(sid)
    assert one == other
    assert one.hexdigest() == other.hexdigest()


def test_a_digest_is_the_documented_one_and_sees_what_comes_twice():
    hashes = [int(hashlib.sha256(sid).hexdigest(), 16) for sid in (b"KC1", b"KC1", b"KC2")]
    digest = SidDigest()
    assert digest.hexdigest() == "0" * 64
    for sid in ("KC1", "KC2", "KC1"):
        digest.add(sid)
    assert digest.hexdigest() == f"{sum(hashes) % 2**256:064x}"
    assert digest.count == 3


def test_in_the_same_order_only_differences_are_kept():
    comparison, most = Comparison(), 0
    # 100 at a time from each side; every 500th is missing on one side or the other.
    pages = [[f"KC{number}" for number in range(first, first + 100)] for first in range(1, 20_001, 100)]
    for page in pages:
        for sid in page:
            if not sid.endswith("000"):
                comparison.from_archive(sid, ("1",))
        for sid in page:
            if not sid.endswith("500"):
                comparison.from_listing(sid, ("1",))
        most = max(most, comparison.waiting)
    assert most <= 40
    assert len(comparison.changes().added) == len(comparison.changes().removed) == 20

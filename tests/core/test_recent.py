"""What was listed lately is remembered, and no more than that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions._core.recent import Recent

SIDS = st.integers(0, 40).map(str)


def test_what_comes_again_is_seen():
    recent = Recent()
    assert [recent.is_new(one) for one in "abcab"] == [True, True, True, False, False]


def test_the_last_ten_thousand_are_remembered_in_bounded_memory():
    recent = Recent()
    for number in range(35_000):
        assert recent.is_new(str(number))
        assert number < 10_000 or not recent.is_new(str(number - 10_000)) or number % 10_000
    assert not recent.is_new("34999")
    assert not recent.is_new("25001")
    assert recent.is_new("0"), "long forgotten"
    assert len(recent._now) + len(recent._before) <= 20_000  # noqa: SLF001 - what is promised


@given(st.lists(st.lists(SIDS, max_size=8)), st.integers(8, 20))
def test_a_page_at_a_time_is_as_one_by_one(pages: list[list[str]], remembered: int):
    listed, every = Recent(remembered), list[str]()
    for page in pages:
        new = set(listed.new_of(page))
        for at, sid in enumerate(page):
            # What was never there is new, and what came lately is not, be it on the same page.
            assert at in new or sid in every
            assert at not in new or sid not in every[-remembered:]
            every += [sid] if at in new else []


def test_it_remembers_many_and_not_all():
    listed = Recent(100)
    for first in range(0, 1000, 10):
        assert listed.new_of([str(number) for number in range(first, first + 10)]) == range(10)
    assert len(listed._now) + len(listed._before) <= 200 + 10  # noqa: SLF001
    assert listed.new_of([str(number) for number in range(900, 1000)]) == []
    assert listed.new_of(["0"]) == range(1)

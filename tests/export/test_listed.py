"""Which rows of a page come for the first time: the same as one by one, however they repeat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.export._listed import ListedRows

SIDS = st.integers(0, 40).map(str)


@given(st.lists(st.lists(SIDS, max_size=8)), st.integers(8, 20))
def test_a_page_at_a_time_is_as_one_by_one(pages: list[list[str]], remembered: int):
    listed, every = ListedRows(remembered), list[str]()
    for page in pages:
        new = set(listed.new(page))
        for at, sid in enumerate(page):
            # What was never there is new, and what came lately is not, be it on the same page.
            assert at in new or sid in every
            assert at not in new or sid not in every[-remembered:]
            every += [sid] if at in new else []


def test_it_remembers_many_and_not_all():
    listed = ListedRows(100)
    for first in range(0, 1000, 10):
        assert listed.new([str(number) for number in range(first, first + 10)]) == range(10)
    assert len(listed._now) + len(listed._before) <= 200 + 10  # noqa: SLF001
    assert listed.new([str(number) for number in range(900, 1000)]) == []
    assert listed.new(["0"]) == range(1)

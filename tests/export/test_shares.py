"""Who may read how many listings at once."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.export._shares import Shares, divide


@attrs.define(eq=False)
class Work:
    remaining: int
    woken: int = 0

    def wake(self) -> None:
        self.woken += 1


@pytest.mark.parametrize(
    ("places", "remaining", "shares"),
    [
        (10, [90, 10], [9, 1]),
        (10, [90, 10, 0], [9, 1, 1]),
        (10, [0, 0], [5, 5]),
        (1, [0, 0, 0], [1, 1, 1]),
        (1, [5, 5, 5], [1, 1, 1]),
        (64, [], []),
        (64, [1], [64]),
    ],
)
def test_shares(places: int, remaining: list[int], shares: list[int]):
    assert divide(places, remaining) == shares


@given(st.integers(1, 200), st.lists(st.integers(0, 10_000), max_size=50))
def test_everybody_has_one_and_together_hardly_more_than_there_are(places: int, remaining: list[int]):
    shares = divide(places, remaining)
    assert len(shares) == len(remaining)
    assert min(shares, default=1) >= 1
    assert sum(shares) <= places + 1.5 * len(remaining)


def test_shares_follow_what_is_left():
    now = 0.0
    shares = Shares(10, clock=lambda: now)
    large, small = Work(90), Work(10)
    shares.join(large)
    assert shares.of(large) == 10
    shares.join(small)
    assert (shares.of(large), shares.of(small)) == (9, 1)
    large.remaining = 10
    # It is not divided anew at every step.
    assert shares.of(large) == 9
    now = 1.0
    assert (shares.of(large), shares.of(small)) == (5, 5)
    assert small.woken == 1, "it waits for that and looks at nothing meanwhile"
    shares.leave(large)
    assert shares.of(small) == 10
    assert (large.woken, small.woken) == (1, 2)
    # Who does not take part asks in vain, but is not stopped.
    assert shares.of(large) == 1

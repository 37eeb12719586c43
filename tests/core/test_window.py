"""The log of what the server has counted, judged by a server that is written here and knows nothing of it."""

from __future__ import annotations

import heapq
from typing import Any
from unittest import mock

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twilio_sessions._core import window as module
from twilio_sessions._core.window import PROXY_LIMIT, Limit, Shortest, SlidingWindow


def spend(window: SlidingWindow, count: int, now: float = 0.0) -> list[float]:
    """Send as fast as is allowed, to a server that answers at once; return when each request went."""
    times: list[float] = []
    for _ in range(count):
        now = window.ready_at(now)
        go(window, now)
        times.append(now)
    return times


def go(window: SlidingWindow, time: float, until: float | None = None) -> None:
    """Send one request and let it be answered, by default at once."""
    window.take(time)
    window.answered(time, time if until is None else until)


def test_proxys_published_limit():
    assert Limit(requests=150, window=5.0, guard=0.02) == PROXY_LIMIT
    assert PROXY_LIMIT.span == 5.02


def test_a_burst_goes_in_parts_and_the_window_is_kept():
    times = spend(SlidingWindow(PROXY_LIMIT), 301)
    assert times[:30] == [0.0] * 30
    assert times[30] == pytest.approx(0.1)
    assert times[149] == pytest.approx(0.4)
    # From then on every place is taken again when the server and the guard have forgotten it.
    assert [b - a for a, b in zip(times, times[150:], strict=False)] == [pytest.approx(5.02)] * 151


@pytest.mark.parametrize(
    ("taken", "ahead", "ready"),
    [
        ([], 0, 10.0),
        ([], 3, 10.0),
        ([], 4, 11.5),
        ([], 8, 13.0),
        ([9.0], 0, 10.0),
        ([9.0], 2, 10.0),
        ([9.0], 3, 10.5),
        ([9.0], 4, 11.5),
        ([9.0, 9.2, 9.4, 9.6], 0, 10.5),
        ([9.0, 9.2, 9.4, 9.6], 3, 11.1),
        ([9.0, 9.2, 9.4, 9.6], 4, 12.0),
        ([1.0, 1.0, 1.0, 1.0], 0, 10.0),
    ],
)
def test_when_a_request_may_go_behind_others(taken: list[float], ahead: int, ready: float):
    window = SlidingWindow(Limit(requests=4, window=1.4, guard=0.1))
    for time in taken:
        go(window, time)
    assert window.ready_at(10.0, ahead) == pytest.approx(ready)


@given(st.lists(st.floats(0, 3), max_size=12), st.integers(0, 20))
def test_the_forecast_for_those_behind_is_never_too_late(gaps: list[float], ahead: int):
    window = SlidingWindow(Limit(requests=4, window=1.4, guard=0.1))
    now = 0.0
    for gap in gaps:
        now = window.ready_at(now + gap)
        go(window, now)
    forecast = window.ready_at(now, ahead)
    assert forecast <= spend(window, ahead + 1, now)[-1] + 1e-9


def test_what_never_went_is_not_counted():
    window = SlidingWindow(Limit(requests=2, window=10.0, guard=0.1))
    go(window, 0.0)
    window.take(1.0)
    assert window.ready_at(2.0) == pytest.approx(10.1)
    window.give_back(1.0)
    assert window.ready_at(2.0) == 2.0
    assert window.recent_rate(2.0) == pytest.approx(1 / 2)


# When a request has arrived, as far as its answer tells.

ONE = Limit(requests=1, window=10.0, guard=0.1)


def used_to(limit: Limit, trip: float) -> SlidingWindow:
    """Return a window that has long known how fast the fastest round trip is."""
    window = SlidingWindow(limit)
    for number in range(2 * limit.requests):
        go(window, number - 1000.0, number - 1000.0 + trip)
    return window


@pytest.mark.parametrize(
    ("taken", "answered", "ready"),
    [
        # As fast as the fastest: it has arrived as soon as any.
        (0.0, 0.5, 10.1),
        # 0.3 s slower than the fastest: it may have arrived so much later.
        (0.0, 0.8, 10.4),
        # The fastest of all tells that the others could have been as fast.
        (0.0, 0.2, 10.1),
    ],
)
def test_a_request_is_counted_when_it_can_have_arrived(taken: float, answered: float, ready: float):
    window = used_to(ONE, 0.5)
    go(window, taken, answered)
    assert window.ready_at(answered) == pytest.approx(ready)


def test_a_faster_answer_tells_more_of_those_before_it():
    window = used_to(Limit(requests=2, window=10.0, guard=0.0), 1.0)
    go(window, 0.0, 1.0)
    go(window, 2.0, 2.1)
    assert window.ready_at(3.0) == pytest.approx(10.9)


def test_before_the_fastest_is_known_a_request_may_have_arrived_until_its_answer_came():
    window = SlidingWindow(ONE)
    go(window, 0.0, 0.5)
    assert window.ready_at(1.0) == pytest.approx(10.6)
    go(window, 20.0, 20.4)
    assert window.ready_at(21.0) == pytest.approx(30.1)


def test_a_request_without_an_answer_keeps_its_place():
    window = used_to(ONE, 0.5)
    window.take(0.0)
    # Expected for when it has arrived at the earliest; and looked at again now and then after that.
    assert window.ready_at(0.2) == pytest.approx(10.1)
    assert window.ready_at(1.0) == pytest.approx(10.6)
    assert window.ready_at(50.0) == pytest.approx(59.6)
    slow = used_to(ONE, 20.0)
    slow.take(0.0)
    assert slow.ready_at(18.0) == pytest.approx(18.2)
    slow.answered(0.0, 21.0)
    assert slow.ready_at(21.0) == 21.0


def test_others_do_not_wait_for_one_that_is_not_answered():
    window = SlidingWindow(Limit(requests=2, window=10.0, guard=0.0))
    window.take(0.0)
    assert spend(window, 3, 1.0) == pytest.approx([1.0, 11.0, 21.0])
    window.answered(0.0, 22.0)
    # It may have arrived at any time until its answer came; the fastest round trip takes no time at all.
    assert spend(window, 3, 22.0) == pytest.approx([31.0, 32.0, 41.0])


def test_what_failed_had_arrived_by_then():
    window = used_to(Limit(requests=2, window=10.0, guard=0.0), 1.0)
    window.take(5.0)
    window.failed(7.0)
    go(window, 6.9, 7.9)
    # The answer came later than the failure, and yet says that its request had arrived before.
    assert window.ready_at(8.0) == pytest.approx(16.9)
    go(window, 16.9, 17.9)
    assert window.ready_at(18.0) == pytest.approx(18.0)
    assert window.ready_at(18.0, 1) == pytest.approx(26.9)


def test_what_nobody_waits_for_any_more_has_failed():
    window = SlidingWindow(Limit(requests=3, window=10.0, guard=0.0))
    go(window, 0.0)
    window.take(1.0)
    window.take(2.0)
    assert not window.is_idle(100.0)
    window.abandon(4.0)
    window.abandon(5.0)
    assert spend(window, 3, 6.0) == pytest.approx([10.0, 14.0, 14.2])
    assert not window.is_idle(20.0)
    assert window.is_idle(24.3)


def test_the_shortest_is_forgotten_slowly_and_improved_at_once():
    shortest = Shortest(2)
    seen: list[float] = []
    for now, value in ((0, 5), (1, 3), (29, 4), (31, 6), (32, 9), (59, 7), (62, 7), (63, 8), (64, 2)):
        shortest.see(now, value)
        seen.append(shortest.value)
    assert seen == [0, 3, 3, 3, 3, 3, 3, 7, 2]


def test_the_shortest_is_remembered_while_there_is_no_traffic():
    shortest = Shortest(2)
    seen: list[float] = []
    for now, value in ((0, 3), (1, 4), (1000, 5), (5000, 6), (5001, 6), (5002, 6)):
        shortest.see(now, value)
        seen.append(shortest.value)
    assert seen == [0, 3, 3, 3, 3, 6]


# What the server sees.


def most_in_a_window(arrivals: list[float], window: float) -> int:
    """Count exactly, and slowly: for each arrival, what came in the window that ends with it."""
    return max((sum(end - window < time <= end for time in arrivals) for end in arrivals), default=0)


@attrs.frozen
class Trip:
    """One request: when it is wanted after the one before, its way there and back, and what becomes of it."""

    gap: float
    there: float
    back: float
    fate: str


FASTEST = Trip(0.0, 0.01, 0.02, "answered")

limits = st.builds(
    Limit,
    requests=st.integers(1, 12),
    window=st.sampled_from([1.0, 5.0]),
    guard=st.sampled_from([1e-6, 0.05]),
)
ways = st.one_of(st.just(0.0), st.floats(0, 0.1), st.floats(0, 7))
trips = st.builds(
    Trip,
    st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 8)),
    ways.map(lambda late: FASTEST.there + late),
    ways.map(lambda late: FASTEST.back + late),
    st.sampled_from(["answered", "answered", "answered", "failed", "abandoned", "never sent"]),
)


@given(limits, st.lists(trips, max_size=60))
@example(
    # Half a minute of slow answers: the fastest way was forgotten, and found again.
    Limit(requests=1, window=1.0, guard=1e-6),
    [Trip(0, 0.01, back, "answered") for back in (0.02, 2.02, 4.02, 7.02, 7.02, 7.02)]
    + [Trip(3, 0.01, 7.02, "answered"), Trip(0, 0.0725, 0.02, "answered"), FASTEST],
)
# The law holds as long as the fastest way is known; what is lost when it is not is the guard's affair.
def test_no_window_of_the_server_is_ever_overfull(limit: Limit, some: list[Trip]):
    with mock.patch.object(module, "_REMEMBERED", float("inf")):
        sorted_arrivals = arrivals_of(some, limit)
    assert most_in_a_window(sorted_arrivals, limit.window - 1e-9) <= limit.requests


def arrivals_of(some: list[Trip], limit: Limit) -> list[float]:
    """Return when the server sees each of these requests, let go as the window allows."""
    window, now = used_to(limit, FASTEST.there + FASTEST.back), 0.0
    arrivals, answers = list[float](), list[tuple[float, float, str]]()

    def pass_time(until: float) -> float:
        while answers and answers[0][0] <= until:
            at, taken, fate = heapq.heappop(answers)
            window.answered(taken, at) if fate == "answered" else window.failed(at)
        return until

    for trip in some:
        now = pass_time(now + trip.gap)
        while (ready := window.ready_at(now)) > now:
            following = answers[0][0] if answers else ready
            # While every place waits for an answer, there is nothing to see before one comes.
            looks_again = ready - now == pytest.approx(0.02 * limit.window)
            now = pass_time(following if looks_again else min(ready, following))
        window.take(now)
        if trip.fate == "never sent":
            window.give_back(now)
            continue
        arrivals.append(now + trip.there)
        if trip.fate == "abandoned":
            # Its loop ended, and with it all that was under way: it has arrived, or never will.
            window.abandon(now)
            arrivals[:] = [arrived for arrived in arrivals if arrived <= now]
            answers.clear()
        else:
            heapq.heappush(answers, (now + trip.there + trip.back, now, trip.fate))
    return sorted(arrivals)


@given(st.lists(trips, max_size=40), st.integers(0, 20))
def test_a_forecast_is_never_too_late_whatever_is_under_way(some: list[Trip], ahead: int):
    window, now = used_to(Limit(requests=4, window=1.4, guard=0.1), 0.03), 0.0
    under_way: list[Any] = []
    for trip in some:
        now = max(now, window.ready_at(now)) if window.ready_at(now) - now < 2 else now
        if window.ready_at(now) > now:
            break
        window.take(now)
        heapq.heappush(under_way, (now + trip.there + trip.back, now))
        while under_way and under_way[0][0] <= now + trip.gap:
            at, taken = heapq.heappop(under_way)
            window.answered(taken, at)
        now += trip.gap
    forecast = window.ready_at(now, ahead)
    while under_way:
        at, taken = heapq.heappop(under_way)
        window.answered(taken, max(at, now))
    # The answers came at once, as no forecast can know; those who go now are answered at once, too.
    assert forecast <= spend(window, ahead + 1, now)[-1] + 0.1 + 1e-9

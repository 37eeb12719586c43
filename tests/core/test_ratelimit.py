"""The pure limiter, judged by a server that is written here and knows nothing of it."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions._core.ratelimit import (
    ACCOUNT,
    PROXY_LIMIT,
    Concurrency,
    Limit,
    RateKey,
    RateState,
    Share,
    SlidingWindow,
)

FOREVER = 1e9


# The window and its log.


def spend(state: SlidingWindow | RateState, count: int, now: float = 0.0) -> list[float]:
    """Send as fast as is allowed; return when each request went."""
    times: list[float] = []
    for _ in range(count):
        now = state.ready_at(now)
        state.take(now)
        times.append(now)
    return times


def test_proxys_published_limit():
    assert Limit(requests=150, window=5.0, guard=0.1) == PROXY_LIMIT
    assert PROXY_LIMIT.span == 5.1


def test_a_key_is_a_cheap_value():
    key = RateKey("proxy", ACCOUNT, "services")
    assert key == ("proxy", "account", "services")
    assert {key: 1}[RateKey("proxy", ACCOUNT, "services")] == 1


def test_a_burst_goes_in_parts_and_the_window_is_kept():
    times = spend(SlidingWindow(PROXY_LIMIT), 301)
    assert times[:30] == [0.0] * 30
    assert times[30] == pytest.approx(0.1)
    assert times[149] == pytest.approx(0.4)
    # From then on every place is taken again when the server and the guard have forgotten it.
    assert [b - a for a, b in zip(times, times[150:], strict=False)] == [pytest.approx(5.1)] * 151


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
        window.take(time)
    assert window.ready_at(10.0, ahead) == pytest.approx(ready)


@given(st.lists(st.floats(0, 3), max_size=12), st.integers(0, 20))
def test_the_forecast_for_those_behind_is_never_too_late(gaps: list[float], ahead: int):
    window = SlidingWindow(Limit(requests=4, window=1.4, guard=0.1))
    now = 0.0
    for gap in gaps:
        now = window.ready_at(now + gap)
        window.take(now)
    forecast = window.ready_at(now, ahead)
    assert forecast <= spend(window, ahead + 1, now)[-1] + 1e-9


def test_what_never_went_is_not_counted():
    window = SlidingWindow(Limit(requests=2, window=10.0))
    window.take(0.0)
    window.take(1.0)
    assert window.ready_at(2.0) == pytest.approx(10.1)
    window.give_back(1.0)
    window.give_back(7.7)
    assert window.ready_at(2.0) == 2.0


def test_what_went_later_is_counted_later():
    window = SlidingWindow(Limit(requests=1, window=10.0))
    window.take(0.0)
    window.move(0.0, 0.005)
    assert window.ready_at(1.0) == pytest.approx(10.1)
    window.move(0.0, 0.5)
    assert window.ready_at(1.0) == pytest.approx(10.6)


# What the server sees.


def most_in_a_window(arrivals: list[float], window: float) -> int:
    """Count exactly, and slowly: for each arrival, what came in the window that ends with it."""
    return max((sum(end - window < time <= end for time in arrivals) for end in arrivals), default=0)


limits = st.builds(
    Limit, requests=st.integers(1, 12), window=st.sampled_from([1.0, 5.0]), guard=st.sampled_from([0.05, 0.1])
)
one_request = st.tuples(
    st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 8)),  # after the one before
    st.floats(0, 0.89),  # the delay on its way, in guards
    st.one_of(st.just(0.0), st.floats(0, 0.9)),  # how late it leaves, and says so
    st.sampled_from(["ok", "ok", "ok", "429", "never sent"]),
)


@given(limits, st.lists(one_request, max_size=60), st.floats(0.001, 0.3))
def test_no_window_of_the_server_is_ever_overfull(limit: Limit, requests: list[Any], lateness: float):
    state = RateState(limit)
    now, arrivals, later = 0.0, [0.0][:0], list[tuple[float, float]]()
    for gap, delay, late, fate in requests:
        now += gap
        while (ready := state.ready_at(now)) > now or (later and later[0][0] <= now):
            if later and later[0][0] <= ready:
                sent, taken = heapq.heappop(later)
                now = max(now, sent)
                state.move(taken, sent)
            else:
                now = ready + lateness * limit.guard
        state.take(now)
        if fate == "never sent":
            state.give_back(now)
            continue
        if late:
            heapq.heappush(later, (now + late, now))
        arrivals.append(now + late + delay * limit.guard)
        if fate == "429":
            state.throttled(now + 0.05, now)
        else:
            state.succeeded()
    assert most_in_a_window(arrivals, limit.window - 1e-6) <= limit.requests


@given(st.integers(0, 2**32), st.floats(0, 0.02))
def test_nor_with_the_published_limit_under_any_load(seed: int, pace: float):
    random_ = random.Random(seed)
    state, now, arrivals = RateState(PROXY_LIMIT), 0.0, list[float]()
    for _ in range(460):
        now = state.ready_at(now + random_.expovariate(1 / pace) if pace else now) + random_.uniform(0, 0.01)
        state.take(now)
        arrivals.append(now + 0.2 + random_.uniform(0, 0.0999))
    arrivals.sort()
    assert all(b - a > 5.0 for a, b in zip(arrivals, arrivals[150:], strict=False))


# Many clients in virtual time.


@attrs.define
class Traffic:
    """What became of one client's requests: the times of those admitted and of those refused."""

    admitted: list[float] = attrs.field(factory=list[float])
    refused: list[float] = attrs.field(factory=list[float])

    def share(self, begin: float, end: float) -> float:
        """What was admitted, in parts of the published budget."""
        return sum(begin <= time < end for time in self.admitted) / (30 * (end - begin))


class Server:
    """150 in 5 s, counted exactly."""

    def __init__(self) -> None:
        self._log: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._log and self._log[0] <= now - 5:
            self._log.popleft()
        if len(self._log) >= 150:
            return False
        self._log.append(now)
        return True


def simulate(
    *lives: tuple[float, float],
    until: float,
    seed: int = 0,
    way: tuple[float, float] = (0.025, 0.075),
    lateness: float = 0.005,
) -> list[Traffic]:
    """Let clients that never run out of work share one budget; each has at most 100 requests in flight."""
    random_, server, order = random.Random(seed), Server(), itertools.count()
    states = [RateState(PROXY_LIMIT) for _ in lives]
    traffic = [Traffic() for _ in lives]
    in_flight = [0] * len(lives)
    events = [(begin, next(order), "send", client, 0.0) for client, (begin, _) in enumerate(lives)]
    heapq.heapify(events)

    def plan(time: float, what: str, client: int, sent: float = 0.0) -> None:
        heapq.heappush(events, (time, next(order), what, client, sent))

    while events and events[0][0] <= until:
        now, _, what, client, sent = heapq.heappop(events)
        if what == "send" and now < lives[client][1] and in_flight[client] < 100:
            ready = states[client].ready_at(now)
            if ready > now:
                plan(ready + random_.uniform(0, lateness), "send", client)
                continue
            states[client].take(now)
            in_flight[client] += 1
            plan(now + random_.uniform(*way), "arrive", client, now)
            plan(now + 1e-5, "send", client)
        elif what == "arrive":
            admitted = server.admits(now)
            (traffic[client].admitted if admitted else traffic[client].refused).append(now)
            plan(now + random_.uniform(*way), "success" if admitted else "429", client, sent)
        elif what in {"success", "429"}:
            if in_flight[client] == 100:
                plan(now, "send", client)
            in_flight[client] -= 1
            states[client].succeeded() if what == "success" else states[client].throttled(now, sent)
    return traffic


@pytest.mark.parametrize("way", [(0.025, 0.075), (0.1, 0.15), (0.4, 0.45)])
def test_alone_a_client_uses_the_whole_budget_and_draws_no_429(way: tuple[float, float]):
    [alone] = simulate((0, FOREVER), until=120, way=way)
    assert alone.refused == []
    # 3,000 requests need 95 s; an even number of windows, for the last burst counts as a whole.
    assert alone.admitted[2999] <= 95 / 0.97 + way[1]
    assert alone.share(10, 10 + 5.1 * 21) >= 0.97


def test_nor_does_it_when_timers_are_late():
    [alone] = simulate((0, FOREVER), until=120, lateness=0.04)
    assert alone.refused == []
    assert alone.share(10, 10 + 5.1 * 21) >= 0.97


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("joins", [0, 20, 21.7, 23.4])
@pytest.mark.parametrize("way", [(0.025, 0.075), (0.15, 0.2)])
def test_two_clients_divide_a_budget(way: tuple[float, float], joins: float, seed: int):
    both = simulate((0, FOREVER), (joins, FOREVER), until=joins + 140, seed=seed, way=way)
    # From the first moment on, with all that the collision costs; and then as it goes on.
    begun = [client.share(joins, joins + 120) for client in both]
    later = [client.share(joins + 20, joins + 140) for client in both]
    assert sum(begun) >= 0.9
    assert min(begun) >= 0.3
    assert sum(later) >= 0.93
    assert min(later) >= 0.33
    refused = [sum(joins + 20 <= time for time in client.refused) for client in both]
    assert sum(refused) <= 0.05 * 3600


@pytest.mark.parametrize("seed", range(6))
def test_three_clients_divide_a_budget(seed: int):
    lives = [(0, FOREVER), (13 + seed / 3, FOREVER), (20 + seed / 2, FOREVER)]
    shares = [client.share(23, 143) for client in simulate(*lives, until=143, seed=seed)]
    assert sum(shares) >= 0.9
    assert min(shares) >= 0.15


@pytest.mark.parametrize("others", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_last_one_gets_everything_back(others: int, seed: int):
    leave = 60 + seed * 1.3
    stays, *_ = simulate((0, FOREVER), *[(0, leave)] * others, until=leave + 90, seed=seed)
    assert stays.share(leave + 30, leave + 30 + 5.1 * 11) >= 0.95
    assert not [time for time in stays.refused if time > leave + 6]


# What 429s teach.


def test_a_429_lowers_the_rate_and_spaces_requests_evenly():
    state = RateState(PROXY_LIMIT)
    state.take(0.0)
    assert state.throttled(0.1, 0.0)
    first, *rest = spend(state, 20, 0.1)
    assert first == pytest.approx(0.2)  # the pause
    gaps = [b - a for a, b in itertools.pairwise(rest[5:])]
    assert gaps == [pytest.approx(5.1 / 150 / 0.9)] * len(gaps)


def test_429s_of_one_event_count_once():
    state, once = RateState(PROXY_LIMIT), RateState(PROXY_LIMIT)
    for each in (state, once):
        spend(each, 30)
        assert each.throttled(0.1, 0.0)
    assert not any(state.throttled(0.1 + i / 1000, 0.0) for i in range(29))
    assert spend(state, 50, 0.2) == spend(once, 50, 0.2)


def test_pauses_grow_without_a_success_and_end_with_one():
    state, now, pauses = RateState(PROXY_LIMIT), 0.0, list[float]()
    for _ in range(8):
        state.throttled(now, now)
        pauses.append(state.ready_at(now) - now)
        now = state.ready_at(now)
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1, 1, 1, 1])
    state.succeeded()
    state.throttled(now, now)
    assert state.ready_at(now) - now == pytest.approx(0.1)


def test_a_key_that_is_shut_out_is_not_cut_for_ever():
    state, now = RateState(PROXY_LIMIT), 0.0
    for _ in range(60):
        state.throttled(now, now)
        now = state.ready_at(now)
    times = spend(state, 40, now)[10:]
    assert 29 / (times[-1] - times[0]) > 0.7 * 150 / 5.1


def test_a_window_of_429s_among_successes_costs_a_third_at_most():
    state, now = RateState(PROXY_LIMIT), 0.0
    while now < 4.5:
        now = state.ready_at(now)
        state.throttled(now, now)
        state.succeeded()
    times = spend(state, 40, now)[10:]
    assert 29 / (times[-1] - times[0]) == pytest.approx(0.9**4 * 150 / 5.1, rel=0.05)


def test_what_never_went_gives_its_place_in_the_row_back():
    state = RateState(None)
    state.throttled(0.0, 0.0)
    spend(state, 5, 1.0)
    now = state.ready_at(1.0)
    state.take(now)
    assert state.ready_at(now) > now + 0.5
    state.give_back(now)
    assert state.ready_at(now) == pytest.approx(now)


def test_a_rate_has_a_floor():
    state, now = RateState(PROXY_LIMIT), 0.0
    for _ in range(400):
        now = state.ready_at(now + 2)
        state.throttled(now, now)
        state.succeeded()
    times = spend(state, 10, now)
    assert 9 / (times[-1] - times[0]) == pytest.approx(0.05 * 150 / 5.1, rel=0.35)


def test_what_the_server_asks_for_is_waited_for():
    state = RateState(PROXY_LIMIT)
    state.throttled(1.0, 0.9, pause=7.5)
    assert state.ready_at(1.0) == 8.5
    # Also when the 429 tells nothing else.
    state.throttled(1.1, 0.9, pause=9.0)
    assert state.ready_at(1.0) == pytest.approx(10.1)


def test_when_nobody_says_when_a_request_went_it_went_a_moment_ago():
    state = RateState(PROXY_LIMIT)
    assert state.throttled(10.0)
    assert not state.throttled(10.3)
    assert not state.throttled(10.6)
    state.succeeded()
    assert state.throttled(11.2)


def test_without_a_published_limit_nothing_waits_until_a_429():
    state = RateState(None)
    assert spend(state, 2000) == [0.0] * 2000
    assert state.ready_at(0.0, 10_000) == 0.0


def test_without_a_published_limit_a_rate_is_learnt_and_let_go_again():
    state = RateState(None)
    for i in range(400):
        state.take(i / 40)
    state.throttled(10.0, 9.9)
    times = spend(state, 41, 10.2)[10:]
    assert 30 / (times[-1] - times[0]) == pytest.approx(0.9 * 40, rel=0.03)
    times = spend(state, 2000, times[-1])
    assert times[-1] == times[-2] < 60


def test_a_rate_is_learnt_from_what_the_log_still_knows():
    # More than the log holds, in less than a second; and nothing at all.
    fast, never = RateState(None), RateState(None)
    for i in range(1000):
        fast.take(i / 2000)
    for state, rate in ((fast, 512), (never, 1)):
        state.throttled(0.5, 0.4)
        times = spend(state, 301, 1.0)[200:] if rate > 1 else spend(state, 4, 1.0)[1:]
        assert (len(times) - 1) / (times[-1] - times[0]) == pytest.approx(0.9 * rate, rel=0.05)


def test_an_idle_key_can_be_forgotten_when_that_changes_nothing():
    state = RateState(PROXY_LIMIT)
    assert state.is_idle(0.0)
    state.take(0.0)
    assert not state.is_idle(5.0)
    assert state.is_idle(5.2)
    state.throttled(5.2, 5.1, pause=60)
    assert not state.is_idle(7.0)
    assert not state.is_idle(65.0)
    assert state.is_idle(65.3)


def test_a_share_is_cut_rests_returns_looks_around_and_goes_on():
    share = Share(floor=0.1, rest=5.0)
    assert share.at(0.0) == 1.0
    share.cut(0.0)
    share.cut(0.0)
    low = share.at(0.0)
    assert low == pytest.approx(0.81)
    assert share.at(5.0) == low
    steps = [share.at(5 + time / 10) for time in range(90)]
    assert steps == sorted(steps)
    assert steps[45] == pytest.approx(0.9, abs=0.002)
    slow, begin, end = steps[46] - steps[45], steps[1] - steps[0], steps[-1] - steps[-2]
    assert 10 * slow < begin
    assert 10 * slow < end
    assert not share.is_whole
    assert share.at(20.0) == 1.0
    assert share.is_whole


def test_half_a_share_is_whole_again_within_20_seconds():
    share = Share(floor=0.1, rest=5.0)
    while share.at(0.0) > 0.5:
        share.cut(0.0)
    assert share.at(20.0) == 1.0


def test_a_share_has_a_floor():
    share = Share(floor=0.1, rest=0.0)
    for _ in range(100):
        share.cut(0.0)
    assert share.at(0.0) == pytest.approx(0.1)
    assert share.at(3.0) > 0.1


# Concurrency.


def test_a_cap_is_lowered_once_for_what_was_in_flight_together():
    cap = Concurrency(100)
    assert cap.cap(0.0) == 100
    for _ in range(50):
        cap.throttled(1.0, 0.5)
    assert cap.cap(1.0) == 90
    cap.throttled(1.5, 1.2)
    cap.throttled(1.6)
    assert cap.cap(1.6) == 81
    assert cap.is_cut


def test_a_cap_never_reaches_zero_and_recovers():
    cap = Concurrency(3)
    for i in range(200):
        cap.throttled(i / 10, i / 10)
    assert cap.cap(20.0) == 1
    assert cap.has_room(20.0)
    cap.in_flight = 1
    assert not cap.has_room(20.0)
    assert cap.has_room(60.0)
    assert not cap.is_cut


def test_a_cap_finds_an_unpublished_limit():
    # The account may have 20 in flight; each request takes about 0.2 s.
    cap, random_, events, now = Concurrency(100), random.Random(1), list[tuple[float, float, bool]](), 0.0
    running = admitted = refused = 0
    while now < 60:
        while cap.has_room(now):
            cap.in_flight += 1
            ok = running < 20
            running += ok
            heapq.heappush(events, (now + (random_.uniform(0.1, 0.3) if ok else 0.05), now, ok))
        now, sent, ok = heapq.heappop(events)
        cap.in_flight -= 1
        running -= ok
        admitted, refused = admitted + ok, refused + (not ok)
        if not ok:
            cap.throttled(now, sent)
    assert admitted >= 0.85 * 60 * 20 / 0.2
    assert refused <= 0.1 * admitted

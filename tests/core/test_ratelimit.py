"""What one key may do, alone and with others: judged by a server that knows nothing of it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from traffic import FOREVER, Road, simulate

from twilio_sessions._core.ratelimit import ACCOUNT, RateKey, RateState
from twilio_sessions._core.window import PROXY_LIMIT

if TYPE_CHECKING:
    import random

SPAN = PROXY_LIMIT.span


def spend(state: RateState, count: int, now: float = 0.0) -> list[float]:
    """Send as fast as is allowed, to a server that answers at once; return when each request went."""
    times: list[float] = []
    for _ in range(count):
        now = state.ready_at(now)
        state.take(now)
        state.answered(now, now)
        times.append(now)
    return times


def test_a_key_is_a_cheap_value():
    key = RateKey("proxy", ACCOUNT, "services")
    assert key == ("proxy", "account", "services")
    assert {key: 1}[RateKey("proxy", ACCOUNT, "services")] == 1


# Many clients in virtual time.


@pytest.mark.parametrize("way", [(0.025, 0.075), (0.1, 0.15), (0.4, 0.45)])
def test_alone_a_client_uses_the_whole_budget_and_draws_no_429(way: tuple[float, float]):
    [alone] = simulate((0, FOREVER), until=120, road=Road(way))
    assert alone.refused == []
    # 3,000 requests need 95 s; an even number of windows, for the last burst counts as a whole.
    # The first two are longer by a round trip: until then it is not known how much of one is waiting.
    assert alone.admitted[2999] <= 95 / 0.97 + way[1] + 2 * 2 * way[1]
    assert alone.share(10, 10 + SPAN * 21) >= 0.97


def test_nor_does_it_when_timers_are_late():
    [alone] = simulate((0, FOREVER), until=120, lateness=0.04)
    assert alone.refused == []
    assert alone.share(10, 10 + SPAN * 21) >= 0.97


LOAD = tuple((begin, begin + 0.4) for begin in (1.2, 9.0, 14.1, 33.3, 38.25, 38.8, 70.0, 75.0, 80.0))
"""A machine that is busy with other things, at times for windows on end in the same place of them."""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("road", "lateness"),
    [
        (Road((0.001, 0.005)), 0.001),
        (Road((0.02, 0.05), tail=0.2), 0.005),
        (Road((0.02, 0.08), stalls=LOAD), 0.02),
        (Road((0.002, 0.01), tail=0.1, stalls=LOAD), 0.05),
        (Road((0.02, 0.05), tail=2.0), 0.0),
        (Road((0.05, 0.06), lost=0.01, stalls=LOAD), 0.005),
    ],
    ids=["local", "late ones", "load", "load and late ones", "very late ones", "lost answers"],
)
def test_whatever_delays_requests_none_is_refused(road: Road, lateness: float, seed: int):
    [alone] = simulate((0, FOREVER), until=120, road=road, lateness=lateness, seed=seed)
    assert alone.refused == []
    assert alone.share(10, 10 + SPAN * 21) >= (0.93 if road.tail > 1 else 0.97)


def test_the_slowness_of_new_connections_is_not_taken_for_that_of_the_route():
    class Opening(Road):
        def end(self, begin: float, random_: random.Random) -> float:
            return super().end(begin, random_) + (0.3 if begin < 1 else 0.0)

    [alone] = simulate((0, FOREVER), until=60, road=Opening((0.002, 0.004)))
    assert alone.refused == []
    assert alone.share(5, 5 + SPAN * 10) >= 0.97


def test_a_route_that_becomes_longer_costs_little_and_draws_no_429():
    class Moving(Road):
        def end(self, begin: float, random_: random.Random) -> float:
            return super().end(begin, random_) + (0.1 if begin > 30 else 0.0)

    [alone] = simulate((0, FOREVER), until=140, road=Moving((0.02, 0.03)))
    assert alone.refused == []
    # The shorter route is remembered for half a minute, at most for a whole one.
    assert alone.share(0, 120) >= 0.95
    assert alone.admitted[-1500] > 140 - 50 / 0.97


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("joins", [0, 20, 21.7, 23.4])
@pytest.mark.parametrize("way", [(0.025, 0.075), (0.15, 0.2)])
def test_two_clients_divide_a_budget(way: tuple[float, float], joins: float, seed: int):
    both = simulate((0, FOREVER), (joins, FOREVER), until=joins + 140, seed=seed, road=Road(way))
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
    assert stays.share(leave + 30, leave + 30 + SPAN * 11) >= 0.95
    assert not [time for time in stays.refused if time > leave + 6]


# What 429s teach.


def test_a_429_lowers_the_rate_and_spaces_requests_evenly():
    state = RateState(PROXY_LIMIT)
    state.take(0.0)
    assert state.throttled(0.1, 0.0)
    first, *rest = spend(state, 20, 0.1)
    assert first == pytest.approx(0.2)  # the pause
    gaps = [b - a for a, b in itertools.pairwise(rest[5:])]
    assert gaps == [pytest.approx(SPAN / 150 / 0.9)] * len(gaps)


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
    assert 29 / (times[-1] - times[0]) > 0.7 * 150 / SPAN


def test_a_window_of_429s_among_successes_costs_a_third_at_most():
    state, now = RateState(PROXY_LIMIT), 0.0
    while now < 4.5:
        now = state.ready_at(now)
        state.throttled(now, now)
        state.succeeded()
    times = spend(state, 40, now)[10:]
    assert 29 / (times[-1] - times[0]) == pytest.approx(0.9**4 * 150 / SPAN, rel=0.05)


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
    assert 9 / (times[-1] - times[0]) == pytest.approx(0.05 * 150 / SPAN, rel=0.35)


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
    assert not state.is_idle(5.2)
    state.answered(0.0, 0.1)
    assert not state.is_idle(5.0)
    assert state.is_idle(5.2)
    state.throttled(5.2, 5.1, pause=60)
    assert not state.is_idle(7.0)
    assert not state.is_idle(65.0)
    assert state.is_idle(65.3)

"""What 429s leave of a rate or of a cap, and how it comes back."""

from __future__ import annotations

import heapq
import random

import pytest

from twilio_sessions._core.share import Concurrency, Share


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

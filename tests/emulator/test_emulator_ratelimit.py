"""Twilio's limits as the server keeps them: an exact sliding window, and requests in progress at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.emulator import EmulatorOptions, Fault
from twilio_sessions.emulator._limits import SlidingWindow

# Moments in ticks, so that sums are exact; many fall together, and many exactly one window apart.
moments = st.lists(st.integers(0, 6), max_size=60).map(
    lambda steps: [sum(steps[: index + 1]) for index in range(len(steps))]
)


@given(moments, st.integers(1, 5), st.integers(1, 12))
def test_the_window_is_exact(times, limit, window):
    limiter = SlidingWindow(limit, window)
    admitted: list[int] = []
    for now in times:
        inside = sum(now - window < one <= now for one in admitted)
        # As many as the window holds, and not one fewer.
        assert limiter.admit("x", now) is (inside < limit)
        if inside < limit:
            admitted.append(now)
    for start in times:
        assert sum(start <= one < start + window for one in admitted) <= limit


@given(moments, st.integers(1, 5), st.integers(1, 12))
def test_the_window_that_counts_rejected_requests(times, limit, window):
    limiter = SlidingWindow(limit, window, count_rejected=True)
    for index, now in enumerate(times):
        inside = sum(now - window < one for one in times[:index])
        assert limiter.admit("x", now) is (inside < limit)


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab")), max_size=40))
def test_keys_do_not_share(steps):
    both, alone, now = SlidingWindow(2, 5), {"a": SlidingWindow(2, 5), "b": SlidingWindow(2, 5)}, 0
    for step, key in steps:
        now += step
        assert both.admit(key, now) is alone[key].admit("x", now)


def test_the_published_numbers():
    """150 at once, then none for five seconds, then 150 again: what no token bucket admits."""
    limiter = SlidingWindow(150, 5.0)
    assert [limiter.admit("x", 0.0) for _ in range(151)] == [True] * 150 + [False]
    assert not limiter.admit("x", 4.999)
    assert [limiter.admit("x", 5.0) for _ in range(151)] == [True] * 150 + [False]


def statuses(desk: Any, method: Any, path: Any, times: Any) -> list[int]:
    return [desk.send(method, path).status for _ in range(times)]


def test_the_budget_is_that_of_an_endpoint_of_a_service(make_desk):
    desk = make_desk(rate_limit=3)
    one, two = desk.service("one", numbers=0), desk.service("two", numbers=0)
    assert statuses(desk, "GET", f"{one}/Sessions", 4) == [200] * 3 + [429]
    assert statuses(desk, "GET", f"{two}/Sessions", 4) == [200] * 3 + [429]
    assert statuses(desk, "POST", f"{one}/Sessions", 4) == [201] * 3 + [429]
    sids = list(desk.store.sessions)
    # A session is no endpoint of its own, and neither is a query.
    assert [desk.send("GET", f"{one}/Sessions/{sids[index % 3]}").status for index in range(4)][3] == 429
    assert desk.send("GET", f"{one}/Sessions", query="PageSize=1").status == 429
    assert desk.send("GET", f"{one}/PhoneNumbers").status == 200
    assert desk.send("DELETE", f"{one}/Sessions/{sids[0]}").status == 204
    desk.ticks += 5
    assert desk.send("GET", f"{one}/Sessions").status == 200


def test_the_list_of_services_has_one_budget_for_the_account(make_desk):
    desk = make_desk(rate_limit=2)
    assert statuses(desk, "GET", "/Services", 3) == [200, 200, 429]
    desk.service("one", numbers=0)
    # A name is only another name of the same service.
    one = next(iter(desk.store.services)).sid
    assert [desk.send("GET", f"/Services/{name}").status for name in (one, "one", one)] == [200, 200, 429]


def test_what_is_not_limited(make_desk):
    desk = make_desk(rate_limit=1)
    assert statuses(desk, "GET", "/Sessions", 3) == [200] * 3
    assert statuses(desk, "GET", "/nowhere", 3) == [404] * 3
    assert statuses(desk, "PUT", "/Services", 3) == [405] * 3
    assert statuses(make_desk(), "GET", "/Services", 200) == [200] * 200


@pytest.mark.parametrize(("counted", "expected"), [(False, 200), (True, 429)])
def test_whether_rejected_requests_count(make_desk, counted, expected):
    desk = make_desk(rate_limit=2, rate_limit_counts_rejected=counted)
    statuses(desk, "GET", "/Services", 2)
    for _ in range(3):
        desk.ticks += 2
        desk.send("GET", "/Services")
    desk.ticks += 2
    assert desk.send("GET", "/Services").status == expected


@pytest.mark.parametrize("retry_after", [None, 1])
async def test_a_limited_request_was_never_processed(dial, retry_after):
    line = await dial(rate_limit=2, rate_limit_window=0.2, retry_after=retry_after)
    for _ in range(2):
        assert (await line.call("POST", f"{line.service}/Sessions"))[0] == 201
    status, headers, body = await line.call("POST", f"{line.service}/Sessions")
    assert status == 429
    assert (body["code"], body["message"], body["status"]) == (20429, "Too Many Requests", 429)
    assert headers.get("Retry-After") == (None if retry_after is None else "1")
    assert line.processed == ["sessions.create"] * 2
    assert line.received.status == 429
    await asyncio.sleep(0.21)
    assert (await line.call("POST", f"{line.service}/Sessions"))[0] == 201


async def test_requests_that_never_came_through_are_not_counted(dial):
    line = await dial(rate_limit=1, rate_limit_window=60)
    line.emulator.faults.add(Fault("answer", status=503, times=2))
    stranger = type(line)(line.emulator, "wrong")
    assert (await line.call("GET", line.service))[0] == 503
    assert (await line.call("GET", line.service))[0] == 503
    assert (await stranger.call("GET", line.service))[0] == 401
    assert (await line.call("GET", line.service))[0] == 200
    assert (await line.call("GET", line.service))[0] == 429


async def test_too_many_at_once(dial):
    line = await dial(concurrency_limit=3, latency=0.1)
    answers = await asyncio.gather(*(line.call("POST", f"{line.service}/Sessions") for _ in range(5)))
    assert sorted(status for status, _, _ in answers) == [201, 201, 201, 429, 429]
    assert {body["code"] for status, _, body in answers if status == 429} == {20429}
    assert line.processed == ["sessions.create"] * 3
    seen = sorted(int(headers["Twilio-Concurrent-Requests"]) for _, headers, _ in answers)
    assert seen == [1, 2, 3, 4, 5]
    assert (await line.call("GET", line.service))[0] == 200


async def test_a_stalled_request_takes_its_place(dial):
    line = await dial(concurrency_limit=1)
    line.emulator.faults.add(Fault("stall", after_bytes=0))
    _, writer = await line.dial("GET", line.service)
    await asyncio.sleep(0.02)
    assert (await line.call("GET", line.service))[0] == 429
    writer.close()
    await asyncio.sleep(0.02)
    assert (await line.call("GET", line.service))[0] == 200


@pytest.mark.parametrize(
    "options",
    [
        {"rate_limit": 0},
        {"rate_limit_window": 0},
        {"concurrency_limit": 0},
        {"latency": -1},
        {"latency_jitter": -1},
    ],
)
def test_options_that_are_none(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        EmulatorOptions(**options)

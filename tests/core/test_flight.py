"""The places in flight: whose turn it is, and that cancelling anybody at any step loses none of them."""

from __future__ import annotations

import asyncio
import random
import time

import pytest
from gates import FREE, KEY, LONG, OTHER, ROOMY, gate_of, hold, is_free, turns
from pace import WATCHED

from twilio_sessions._core import flight
from twilio_sessions._core.ratelimit import RateKey
from twilio_sessions._core.slot import NoSlotInTimeError
from twilio_sessions._core.window import Limit


async def test_places_in_flight_are_taken_in_turns():
    gate, order = gate_of(Limit(requests=100), concurrency=1), list[str]()

    async def one(key: RateKey | None) -> None:
        async with gate.slot(key):
            order.append(key.scope if key else "none")

    async with gate.slot(None):
        tasks = [asyncio.create_task(one(key)) for key in (KEY, KEY, KEY, OTHER, OTHER, None)]
        await turns()
    await asyncio.gather(*tasks)
    assert order == ["KS1", "KS2", "none", "KS1", "KS2", "KS1"]


async def test_a_place_in_flight_that_does_not_come_in_time():
    gate = gate_of(concurrency=1)
    async with gate.slot(None):
        begin = gate.clock()
        with pytest.raises(NoSlotInTimeError, match="no request in flight ended"):
            await gate.slot(KEY, begin + 0.03).__aenter__()
        assert 0.02 < gate.clock() - begin < 5
        assert gate.waiting == 0
    await hold(gate, KEY)


async def test_a_429_stops_those_who_wait_for_a_place_in_flight_too():
    gate = gate_of(ROOMY, concurrency=1)
    async with gate.slot(KEY) as slot:
        waits = asyncio.create_task(hold(gate, KEY))
        await turns()
        slot.throttled(None, pause=0.1)
        began = gate.clock()
    await waits
    assert gate.clock() - began > 0.09


async def test_20429_lowers_the_cap_once_for_one_event():
    gate = gate_of(concurrency=10, clock=lambda: 50.0)
    for key in (KEY, OTHER, None, KEY, KEY):
        gate.throttled(key, 20429, sent=50.0)
    # The last two tell nothing of the others: their key is known to be shut out.
    slots = [gate.slot(FREE) for _ in range(7)]
    for slot in slots:
        await slot.__aenter__()
    with pytest.raises(NoSlotInTimeError):
        await gate.slot(FREE, 50.0).__aenter__()
    for slot in slots:
        await slot.__aexit__(None, None, None)
    assert is_free(gate)


async def test_another_429_leaves_the_cap_alone():
    gate = gate_of(concurrency=2)
    gate.throttled(KEY, None)
    gate.throttled(None, 80623)
    async with gate.slot(None), gate.slot(None):
        assert gate.in_flight == 2


async def test_who_waits_for_a_cap_that_grows_is_woken(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(flight, "_LOOK_AGAIN", 0.01)
    ahead = 0.0
    order = list[str]()
    gate = gate_of(concurrency=2, clock=lambda: time.monotonic() + ahead)
    gate.throttled(None, 20429)

    async def one(name: str, key: RateKey | None) -> None:
        async with gate.slot(key):
            order.append(name)

    async with gate.slot(None):
        waits = asyncio.create_task(one("waits", FREE))
        await asyncio.sleep(0.05)
        assert gate.waiting == 1
        ahead = 60.0
        # Whoever finds that it has grown does not overtake.
        await asyncio.wait_for(asyncio.gather(one("late", None), waits), 5)
    assert order == ["waits", "late"]


async def test_what_is_granted_to_a_cancelled_task_goes_to_the_next():
    gate = gate_of(LONG, concurrency=1)
    first = gate.slot(KEY)
    await first.__aenter__()
    cancelled = asyncio.create_task(hold(gate, KEY))
    await turns()
    following = asyncio.create_task(hold(gate, KEY))
    await turns()
    await first.__aexit__(None, None, None)
    assert gate.in_flight == 1  # granted already
    cancelled.cancel()
    # It takes the second slot, and does not wait for the third: the rate was given back with the place.
    await asyncio.wait_for(following, 5)
    assert cancelled.cancelled()
    assert is_free(gate)


async def test_a_place_without_a_rate_is_given_back_too():
    gate = gate_of(concurrency=1)
    first = gate.slot(None)
    await first.__aenter__()
    cancelled = asyncio.create_task(hold(gate, None))
    await turns()
    await first.__aexit__(None, None, None)
    cancelled.cancel()
    await turns()
    assert is_free(gate)
    await hold(gate, None)


async def test_a_cancelled_body_releases_its_place():
    gate = gate_of(concurrency=1)
    task = asyncio.create_task(hold(gate, KEY, 30))
    await turns()
    assert gate.in_flight == 1
    task.cancel()
    await turns()
    assert is_free(gate)


@pytest.mark.parametrize("concurrency", [1, 2, 100])
@pytest.mark.parametrize("step", range(12))
async def test_cancelling_anybody_at_any_step_leaks_nothing(step: int, concurrency: int):
    for victim in range(6):
        gate = gate_of(Limit(requests=3, window=0.004, guard=0.0), concurrency)
        tasks = [asyncio.create_task(hold(gate, KEY, 0)) for _ in range(6)]
        await turns(step)
        tasks[victim].cancel()
        results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert [result for number, result in enumerate(results) if number != victim] == [None] * 5
        assert is_free(gate)


async def test_random_cancellation_under_load_loses_no_wake_up():
    random_ = random.Random(7)
    gate = gate_of(Limit(requests=20, window=0.02, guard=0.0), concurrency=7)
    keys = [None, FREE, *(RateKey("proxy", f"KS{number}", "sessions") for number in range(5))]
    tasks = list[asyncio.Task[None]]()
    for number in range(400):
        tasks.append(asyncio.create_task(hold(gate, keys[number % 7], random_.random() / 500)))
        if number % 5 == 0:
            await asyncio.sleep(random_.choice([0, 0, 0.001]))
        if number % 3 == 0:
            random_.choice(tasks).cancel()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    assert {type(result) for result in results} == {type(None), asyncio.CancelledError}
    assert is_free(gate)
    await asyncio.gather(*(hold(gate, key) for key in keys))


async def test_thousands_cancelled_at_once_leave_the_gate_usable():
    many = 1_000 if WATCHED else 10_000
    gate = gate_of(LONG)
    await hold(gate, KEY)
    stays = asyncio.create_task(hold(gate, KEY, 30))
    tasks = [asyncio.create_task(hold(gate, KEY)) for _ in range(many)]
    await turns()
    assert gate.waiting == many
    began = time.monotonic()
    for task in (*tasks, stays):
        task.cancel()
    await asyncio.gather(*tasks, stays, return_exceptions=True)
    assert time.monotonic() - began < 10
    assert is_free(gate)
    await asyncio.wait_for(hold(gate, OTHER), 5)


async def test_a_queue_that_was_cancelled_holds_up_nobody():
    gate = gate_of(Limit(requests=100), concurrency=1)
    first = gate.slot(None)
    await first.__aenter__()
    tasks = [asyncio.create_task(hold(gate, KEY)) for _ in range(10)]
    await turns()
    last = asyncio.create_task(hold(gate, OTHER))
    await turns()
    for task in tasks:
        task.cancel()
    # In the same step, before those who were cancelled have run.
    await first.__aexit__(None, None, None)
    await asyncio.wait_for(last, 5)
    assert is_free(gate)

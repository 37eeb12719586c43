"""The gate on a real loop, with windows of a tenth of a second: who waits, who goes, and in which loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from contextlib import suppress

import pytest
from gates import FREE, KEY, LONG, OTHER, ROOMY, SHORT, gate_of, hold, is_free, turns

from twilio_sessions import ConfigurationError
from twilio_sessions._core.ratelimit import RateKey
from twilio_sessions._core.slot import NoSlotInTimeError
from twilio_sessions._core.window import Limit

# Rates.


async def test_the_window_is_kept_over_many_windows():
    gate, sent = gate_of(), list[float]()

    async def one() -> None:
        async with gate.slot(KEY) as slot:
            slot.answered()
            sent.append(gate.clock())

    await asyncio.gather(*(one() for _ in range(40)))
    assert all(b - a > SHORT.window for a, b in zip(sent, sent[5:], strict=False))
    assert is_free(gate)


async def test_first_come_first_served():
    gate, order = gate_of(), list[int]()

    async def one(number: int) -> None:
        async with gate.slot(KEY):
            order.append(number)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert order == list(range(20))


@pytest.mark.parametrize("key", [KEY, FREE])
async def test_a_late_comer_does_not_overtake_one_who_waits(key: RateKey):
    gate, order = gate_of(), list[str]()

    async def one(name: str) -> None:
        async with gate.slot(key):
            order.append(name)

    gate.throttled(key, None, pause=0.15)
    waits = asyncio.create_task(one("waits"))
    await turns()
    time.sleep(0.3)  # noqa: ASYNC251 - the slot is there now, but the loop has not noticed
    await one("late")
    await waits
    assert order == ["waits", "late"]


@pytest.mark.parametrize("key", [None, FREE])
async def test_without_a_published_limit_nobody_waits(key: RateKey | None):
    gate = gate_of(LONG, concurrency=1000)
    slots = [gate.slot(key) for _ in range(1000)]
    for slot in slots:
        await slot.__aenter__()
    assert gate.in_flight == 1000
    for slot in slots:
        await slot.__aexit__(None, None, None)
    assert is_free(gate)


async def test_a_small_key_does_not_wait_for_a_big_one():
    gate, order = gate_of(concurrency=50), list[RateKey]()

    async def one(key: RateKey) -> None:
        async with gate.slot(key):
            order.append(key)
            await asyncio.sleep(0)

    small = [RateKey("proxy", f"KS{number}", "sessions") for number in range(999)]
    big = [asyncio.create_task(one(KEY)) for _ in range(40)]
    await turns()
    middle = [asyncio.create_task(one(OTHER)) for _ in range(20)]
    await asyncio.gather(*map(one, small), *middle, *big)
    assert len(order) == 1059
    # By turns for the places in flight, whatever stands in a queue: nobody's one request waits for forty.
    last_small = max(order.index(key) for key in small)
    assert order[:last_small].count(KEY) < 30
    assert order[-1] == KEY
    assert is_free(gate)


async def test_waiting_for_a_place_in_flight_spends_no_rate():
    gate = gate_of(LONG, concurrency=1)
    async with gate.slot(None):
        tasks = [asyncio.create_task(hold(gate, KEY)) for _ in range(2)]
        await turns()
        assert gate.waiting == 2
        for task in tasks:
            task.cancel()
        await turns()
    await asyncio.wait_for(asyncio.gather(hold(gate, KEY), hold(gate, KEY)), 5)


# Deadlines.


def test_what_cannot_come_in_time_is_refused_without_waiting():
    async def scenario() -> None:
        gate = gate_of(LONG)
        await hold(gate, KEY)
        await hold(gate, KEY, 0)
        begin = gate.clock()
        entering = gate.slot(KEY, begin + 10).__aenter__()
        with pytest.raises(NoSlotInTimeError, match=r"has room in .* s, after the deadline") as caught:
            entering.send(None)
        assert caught.value.ready_at == pytest.approx(begin + 20, abs=5)
        assert gate.waiting == 0

    asyncio.run(scenario())


async def test_those_ahead_in_the_queue_count():
    gate = gate_of(Limit(requests=2, window=100.0))
    waiting = [asyncio.create_task(hold(gate, KEY)) for _ in range(6)]
    await turns()
    with pytest.raises(NoSlotInTimeError):
        # One went, one of the same window waits, then two and two: the seventh is three windows away.
        await gate.slot(KEY, gate.clock() + 250).__aenter__()
    seventh = asyncio.create_task(gate.slot(KEY, gate.clock() + 350).__aenter__())
    await turns()
    assert gate.waiting == 6
    for task in (seventh, *waiting):
        task.cancel()
    await asyncio.gather(seventh, *waiting, return_exceptions=True)
    assert is_free(gate)


async def test_a_deadline_that_has_passed_is_refused_whatever_is_free():
    gate = gate_of()
    with pytest.raises(TimeoutError):
        await gate.slot(KEY, gate.clock() - 1).__aenter__()
    assert is_free(gate)


async def test_a_deadline_far_away_changes_nothing():
    gate = gate_of()
    for _ in range(12):
        async with gate.slot(KEY, gate.clock() + 30):
            pass


async def test_a_429_that_moves_the_slot_past_a_deadline_ends_the_wait():
    gate = gate_of()
    for _ in range(5):
        await hold(gate, KEY)
    begin = gate.clock()
    impatient = asyncio.create_task(gate.slot(KEY, begin + 60).__aenter__())
    patient = asyncio.create_task(hold(gate, KEY))
    await turns()
    gate.throttled(KEY, None, pause=100)
    with pytest.raises(NoSlotInTimeError):
        await impatient
    assert gate.clock() - begin < 10
    assert gate.waiting == 1
    patient.cancel()
    with suppress(asyncio.CancelledError):
        await patient


async def test_a_429_pauses_its_key_and_no_other():
    gate = gate_of()
    async with gate.slot(KEY) as slot:
        slot.throttled(None, pause=30)
    with pytest.raises(NoSlotInTimeError):
        await gate.slot(KEY, gate.clock() + 20).__aenter__()
    async with gate.slot(OTHER, gate.clock() + 20) as slot:
        slot.succeeded()
    gate.succeeded(None)
    gate.succeeded(FREE)


# Loops.


def test_one_loop_after_another():
    gate = gate_of(concurrency=1)

    async def leave_a_mess() -> None:
        await gate.slot(KEY).__aenter__()
        gate.throttled(None, 20429)
        asyncio.get_running_loop().call_soon(asyncio.create_task, hold(gate, KEY))
        asyncio.get_running_loop().call_soon(asyncio.create_task, hold(gate, OTHER))
        await turns()
        assert gate.waiting == 2

    asyncio.run(leave_a_mess())
    asyncio.run(asyncio.wait_for(hold(gate, KEY), 5))
    assert is_free(gate)


def test_a_loop_that_stopped_and_goes_on():
    gate = gate_of(concurrency=1)
    one, two = asyncio.new_event_loop(), asyncio.new_event_loop()
    slot = gate.slot(KEY)
    one.run_until_complete(slot.__aenter__())
    waits = [one.create_task(hold(gate, key)) for key in (KEY, OTHER)]
    cancelled = one.create_task(hold(gate, KEY))
    one.run_until_complete(turns())
    cancelled.cancel()
    two.run_until_complete(asyncio.wait_for(hold(gate, KEY), 5))
    # Who waited in the first loop asks again there; what was in flight there is not released twice.
    one.run_until_complete(asyncio.wait_for(asyncio.gather(*waits), 5))
    assert cancelled.cancelled()
    one.run_until_complete(slot.__aexit__(None, None, None))
    assert is_free(gate)
    one.close()
    two.close()


def test_a_grant_that_is_cancelled_after_the_gate_has_moved():
    gate = gate_of(ROOMY, concurrency=1)
    one = asyncio.new_event_loop()
    slot = gate.slot(KEY)
    one.run_until_complete(slot.__aenter__())
    waits = one.create_task(hold(gate, KEY))
    one.run_until_complete(turns())
    gate.release(KEY, gate.term, answered=False)
    assert (gate.in_flight, gate.waiting) == (
        1,
        0,
    )  # the grant is made, but its task does not run before its loop does
    asyncio.run(hold(gate, KEY))
    waits.cancel()
    one.run_until_complete(asyncio.gather(waits, return_exceptions=True))
    assert is_free(gate)
    one.close()


def test_a_loop_that_runs_elsewhere_is_refused_and_not_disturbed():
    gate, refused = gate_of(concurrency=1), list[type]()

    def elsewhere() -> None:
        try:
            asyncio.run(hold(gate, KEY))
        except ConfigurationError as error:
            refused.append(type(error))

    async def scenario() -> None:
        async with gate.slot(KEY):
            waits = asyncio.create_task(hold(gate, KEY))
            await turns()
            thread = threading.Thread(target=elsewhere)
            thread.start()
            await asyncio.to_thread(thread.join)
        await asyncio.wait_for(waits, 5)

    asyncio.run(scenario())
    assert refused == [ConfigurationError]
    assert is_free(gate)


def test_a_loop_that_was_left_is_forgotten():
    gate = gate_of(concurrency=1)

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        async with gate.slot(KEY):
            waits = asyncio.create_task(hold(gate, KEY))
            await turns()
            gate.leave(loop)
            gate.leave(loop)  # once more, and it is not there any more
            assert is_free(gate)
            # Nothing is touched in the loop that was left, which after a fork is another process's.
            await turns()
            assert not waits.done()
            waits.cancel()
        await hold(gate, KEY)

    asyncio.run(scenario())
    assert is_free(gate)


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_tasks_that_are_collected_after_their_loop_closed_complain_of_nothing():
    def abandon() -> int:
        gate = gate_of(ROOMY, concurrency=1)
        loop = asyncio.new_event_loop()

        async def for_ever() -> None:
            async with gate.slot(KEY):
                await loop.create_future()

        tasks = [loop.create_task(for_ever()), *(loop.create_task(hold(gate, key)) for key in (KEY, OTHER))]
        loop.run_until_complete(turns())
        assert (gate.in_flight, gate.waiting) == (1, 2)
        loop.close()
        # The one in flight goes first, and must not try to start those who waited; they go with the gate.
        tasks.clear()
        gc.collect()
        return gate.in_flight

    assert abandon() == 0
    gc.collect()

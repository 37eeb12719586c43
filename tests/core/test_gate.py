"""The gate on a real loop, with windows of a tenth of a second: who waits, who goes, what is given back."""

from __future__ import annotations

import asyncio
import gc
import pickle
import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import ConfigurationError
from twilio_sessions._core import gate as module
from twilio_sessions._core.gate import Gate, NoSlotInTimeError
from twilio_sessions._core.ratelimit import Limit, RateKey

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT = Limit(requests=5, window=0.1, guard=0.02)
# Two at once, two more every 20 s: none of them within a test.
LONG = Limit(requests=10, window=1000.0)
ROOMY = Limit(requests=1000)
KEY = RateKey("proxy", "KS1", "sessions")
OTHER = RateKey("proxy", "KS2", "sessions")
FREE = RateKey("assistants", "account", "sessions")


def gate_of(
    limit: Limit = SHORT, concurrency: int = 100, clock: Callable[[], float] = time.monotonic
) -> Gate:
    return Gate({"proxy": limit}, concurrency=concurrency, clock=clock)


async def turns(count: int = 3) -> None:
    """Let every task run that can."""
    for _ in range(count):
        await asyncio.sleep(0)


async def hold(gate: Gate, key: RateKey | None, seconds: float | None = None) -> None:
    async with gate.slot(key):
        if seconds is not None:
            await asyncio.sleep(seconds)


def is_free(gate: Gate) -> bool:
    return gate.in_flight == 0 and gate.waiting == 0


# Rates.


async def test_the_window_is_kept_over_many_windows():
    gate, sent = gate_of(), list[float]()

    async def one() -> None:
        async with gate.slot(KEY) as slot:
            slot.sent()
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


async def test_a_place_in_flight_that_does_not_come_in_time():
    gate = gate_of(concurrency=1)
    async with gate.slot(None):
        begin = gate.clock()
        with pytest.raises(NoSlotInTimeError, match="no request in flight ended"):
            await gate.slot(KEY, begin + 0.03).__aenter__()
        assert 0.02 < gate.clock() - begin < 5
        assert gate.waiting == 0
    await hold(gate, KEY)


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


async def test_a_429_stops_those_who_wait_for_a_place_in_flight_too():
    gate = gate_of(ROOMY, concurrency=1)
    async with gate.slot(KEY) as slot:
        waits = asyncio.create_task(hold(gate, KEY))
        await turns()
        slot.throttled(None, pause=0.1)
        began = gate.clock()
    await waits
    assert gate.clock() - began > 0.09


def test_the_error_crosses_processes():
    error = pickle.loads(pickle.dumps(NoSlotInTimeError("too late", 7.5)))
    assert (str(error), error.ready_at) == ("too late", 7.5)
    assert isinstance(error, TimeoutError)


# Reports.


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
    monkeypatch.setattr(module, "_LOOK_AGAIN", 0.01)
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


async def test_what_is_sent_late_is_counted_late():
    gate = gate_of(Limit(requests=1, window=0.1, guard=0.0))
    async with gate.slot(KEY) as slot:
        await asyncio.sleep(0.08)
        slot.sent()
        sent = gate.clock()
    async with gate.slot(KEY):
        assert gate.clock() - sent > 0.099
    async with gate.slot(None) as slot:
        slot.sent()


# Memory.


async def test_idle_keys_are_forgotten():
    now = 0.0
    gate = gate_of(clock=lambda: now)
    for number in range(10_000):
        now += 0.01
        await hold(gate, RateKey("proxy", f"KS{number}", "sessions"))
    assert gate.keys <= 64


async def test_keys_in_use_are_not_forgotten():
    gate = gate_of(Limit(requests=1, window=100.0))
    for number in range(1000):
        await hold(gate, RateKey("proxy", f"KS{number}", "sessions"))
    assert gate.keys == 1000
    with pytest.raises(NoSlotInTimeError):
        await gate.slot(RateKey("proxy", "KS0", "sessions"), gate.clock() + 1).__aenter__()


# Cancellation.


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


async def test_a_place_is_released_once():
    gate = gate_of()
    slot = gate.slot(KEY)
    await slot.__aexit__(None, None, None)
    await slot.__aenter__()
    await slot.__aexit__(None, None, None)
    await slot.__aexit__(None, None, None)
    assert gate.in_flight == 0


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


async def test_10_000_cancelled_at_once_leave_the_gate_usable():
    gate = gate_of(LONG)
    await hold(gate, KEY)
    stays = asyncio.create_task(hold(gate, KEY, 30))
    tasks = [asyncio.create_task(hold(gate, KEY)) for _ in range(10_000)]
    await turns()
    assert gate.waiting == 10_000
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
    gate.release(gate.term)
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

"""What a slot reports of its request, and what it gives back."""

from __future__ import annotations

import asyncio
import pickle

from gates import KEY, OTHER, gate_of, hold, is_free

from twilio_sessions._core.slot import NoSlotInTimeError
from twilio_sessions._core.window import Limit


def test_the_error_crosses_processes():
    error = pickle.loads(pickle.dumps(NoSlotInTimeError("too late", 7.5)))
    assert (str(error), error.ready_at) == ("too late", 7.5)
    assert isinstance(error, TimeoutError)


async def test_what_arrives_late_is_counted_late():
    gate = gate_of(Limit(requests=1, window=0.1, guard=0.0))
    await hold(gate, KEY)
    async with gate.slot(KEY) as slot:
        slot.answered()
        slot.answered()  # once is enough
    async with gate.slot(KEY) as slot:
        await asyncio.sleep(0.08)
        slot.answered()
        arrived = gate.clock()
    async with gate.slot(KEY):
        # Not by when it was let go: then it would be 0.02.
        assert gate.clock() - arrived > 0.06
    async with gate.slot(None) as slot:
        slot.answered()


async def test_what_is_not_answered_is_counted_when_its_slot_is_left():
    gate = gate_of(Limit(requests=1, window=0.1, guard=0.0))
    await hold(gate, KEY, 0.08)
    left = gate.clock()
    await hold(gate, KEY)
    assert gate.clock() - left > 0.06


async def test_a_place_is_released_once():
    gate = gate_of()
    slot = gate.slot(KEY)
    await slot.__aexit__(None, None, None)
    await slot.__aenter__()
    await slot.__aexit__(None, None, None)
    await slot.__aexit__(None, None, None)
    assert gate.in_flight == 0


def test_what_went_in_a_loop_that_ended_is_counted_once_and_waited_for_no_more():
    gate = gate_of(Limit(requests=1, window=0.1, guard=0.0))
    slot = gate.slot(KEY)
    asyncio.run(slot.__aenter__())
    asyncio.run(hold(gate, OTHER))
    slot.answered()
    asyncio.run(slot.__aexit__(None, None, None))
    # Its place comes back a window after its loop was left, not after an answer that nobody will hear.
    asyncio.run(asyncio.wait_for(hold(gate, KEY), 5))
    assert is_free(gate)

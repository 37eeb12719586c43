"""Which keys are remembered, and which are forgotten."""

from __future__ import annotations

import pytest
from gates import gate_of, hold

from twilio_sessions._core.ratelimit import RateKey
from twilio_sessions._core.slot import NoSlotInTimeError
from twilio_sessions._core.window import Limit


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

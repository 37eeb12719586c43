"""Gates with small limits, and the little that tests do with them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from twilio_sessions._core.gate import Gate
from twilio_sessions._core.ratelimit import RateKey
from twilio_sessions._core.window import Limit

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

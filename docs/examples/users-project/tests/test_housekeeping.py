"""Code with `async`: the client belongs to the loop of the test, whoever runs it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from orders import close_idle

if TYPE_CHECKING:
    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator

HOUR = timedelta(hours=1)


@pytest.mark.asyncio
async def test_what_is_idle_is_closed(twilio_emulator: Emulator, twilio_async_client: AsyncClient):
    service = twilio_emulator.add_service()
    busy = twilio_emulator.add_session(service, participants=2, age=9 * HOUR)
    twilio_emulator.add_interaction(busy, "Where are you?", age=HOUR)
    idle = twilio_emulator.add_session(service, age=9 * HOUR)
    over = twilio_emulator.add_session(service, status="closed", age=9 * HOUR)
    assert await close_idle(twilio_async_client, service.sid, 8 * HOUR) == [idle.sid]
    assert [one.status for one in (busy, idle, over)] == ["in-progress", "closed", "closed"]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_nothing_is_touched_twice(twilio_emulator: Emulator, twilio_async_client: AsyncClient):
    service = twilio_emulator.add_service()
    for _ in range(120):
        twilio_emulator.add_session(service, age=9 * HOUR)
    assert len(await close_idle(twilio_async_client, service.sid, 8 * HOUR)) == 120
    assert await close_idle(twilio_async_client, service.sid, 8 * HOUR) == []
    changed = [one.changed for one in twilio_emulator.processed if one.operation == "sessions.update"]
    assert len(changed) == len(set(changed)) == 120

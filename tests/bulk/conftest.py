"""A local Twilio with one service of many sessions, and a client of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from archives import client_of, emulator_of

from twilio_sessions.emulator import Seed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with emulator_of(Seed(services=2, sessions=60, random_seed=3)) as running:
        yield running


@pytest.fixture
async def client(emulator: Emulator) -> AsyncIterator[AsyncClient]:
    async with client_of(emulator.base_url, max_attempts=3) as made:
        yield made

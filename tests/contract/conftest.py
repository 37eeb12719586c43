"""The behaviour contract: written once, against the async shape, and run over every client there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from canary import SECRET
from facade import AsyncFacade

from twilio_sessions import AsyncClient, Client
from twilio_sessions.emulator import Emulator, Seed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from twilio_sessions.proxy import AsyncServiceContext


@pytest.fixture
def seed() -> Seed | None:
    """Whatever the local Twilio holds to begin with; a module may say otherwise."""
    return None


@pytest.fixture
async def emulator(seed: Seed | None) -> AsyncGenerator[Emulator]:
    """A local Twilio on a real socket."""
    async with Emulator(seed=seed, auth_token=SECRET) as running:
        yield running


@pytest.fixture(params=["async", "sync"])
async def client(request: pytest.FixtureRequest, emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    """A client of the local Twilio: the async one, and the sync one shown as if it were async."""
    told = emulator.environment()
    arguments: dict[str, Any] = {
        "account_sid": told["TWILIO_ACCOUNT_SID"],
        "auth_token": told["TWILIO_AUTH_TOKEN"],
        "proxy_url": emulator.base_url,
        "assistants_url": emulator.base_url,
    }
    if request.param == "async":
        async with AsyncClient(**arguments) as made:
            yield made
    else:
        async with AsyncFacade(Client(**arguments)) as shown:
            yield cast("AsyncClient", shown)


@pytest.fixture
async def service(client: AsyncClient) -> AsyncServiceContext:
    """A service with enough numbers for every participant of a test."""
    made = await client.proxy.v1.services.create(unique_name="contract")
    context = client.proxy.v1.services(made.sid)
    for number in range(4):
        await context.phone_numbers.create(phone_number=f"+1415555020{number}")
    return context

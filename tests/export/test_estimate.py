"""How long an export will take: the arithmetic of the published limit, and what was listed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from raw_server import http, raw_server

from twilio_sessions import ArgumentError, AsyncClient, ServerError
from twilio_sessions.emulator import Emulator, EmulatorOptions, Fault, Seed
from twilio_sessions.export import Estimate, Partition, PartitionEstimate, estimate, select
from twilio_sessions.export._estimate import _Counted, _requests

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SEED = Seed(services=4, sessions=700, random_seed=3)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED) as running:
        yield running


def client_of(
    emulator: Emulator, *, rate_limit: bool = True, assistants_url: str | None = None
) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=assistants_url or emulator.base_url,
        rate_limit=rate_limit,
        max_attempts=1,
    )


async def test_only_services_and_sessions_are_listed(emulator: Emulator):
    async with client_of(emulator) as client:
        estimated = await estimate(client)
    assert {one.operation for one in emulator.processed} == {
        "services.list",
        "sessions.list",
        "assistants.sessions.list",
    }
    assert estimated.sessions == 700 + 140
    assert {each.listed for each in estimated.partitions} >= {140}
    by_sid = {each.partition.service_sid: each for each in estimated.partitions}
    for service in emulator.store.services:
        found = by_sid[service.sid]
        assert (
            found.sessions == found.listed == found.requests["participants"] == found.requests["interactions"]
        )
        assert found.name == service.unique_name


async def test_the_longest_service_bounds_the_whole(emulator: Emulator):
    async with client_of(emulator) as client:
        estimated = await estimate(client)
    longest = estimated.partitions[0]
    assert longest.sessions == max(each.sessions for each in estimated.partitions) > 300
    # 150 requests go at once, the others at 30 a second.
    assert estimated.seconds == longest.seconds == (longest.sessions - 150) / 30
    assert estimated.why == (
        f"{longest.partition.service_sid} needs {longest.sessions:,} requests for its participants, and "
        "Twilio answers 30 a second for each endpoint of a service; nothing makes that faster"
    )


async def test_without_a_limit_requests_take_their_time():
    options = EmulatorOptions(latency=0.05)
    async with (
        Emulator(seed=Seed(services=3, sessions=300), options=options) as emulator,
        client_of(emulator, rate_limit=False) as client,
    ):
        estimated = await estimate(client, concurrency=4)
    assert estimated.limit is None
    assert estimated.latency > 0.05
    assert estimated.seconds == estimated.requests * estimated.latency / 4 > 7
    assert estimated.why.startswith(f"{estimated.requests:,} requests or more, 4 at once, and each takes 0.")


async def test_filters_count_before_anything_nested(emulator: Emulator):
    async with client_of(emulator) as client:
        estimated = await estimate(
            client, select(products=["proxy"], statuses=["closed"], include=["participants"])
        )
    closed = sum(session.status == "closed" for session in emulator.store.sessions.values())
    assert 0 < estimated.sessions == closed < 700
    assert sum(each.listed for each in estimated.partitions) == 700
    assert sum(each.requests["participants"] for each in estimated.partitions) == closed
    assert all(set(each.requests) == {"sessions", "participants"} for each in estimated.partitions)


async def test_what_is_not_there_is_left_out(emulator: Emulator):
    emulator.faults.add(Fault("answer", status=410, operation="assistants.sessions.list"))
    async with client_of(emulator) as client:
        estimated = await estimate(client)
    assert [(each.what, each.is_gone) for each in estimated.skipped] == [("assistants", True)]
    async with client_of(emulator, assistants_url="http://127.0.0.1:1") as client:
        estimated = await estimate(client)
    assert [(each.what, each.is_gone) for each in estimated.skipped] == [("assistants", False)]
    assert estimated.sessions == 700


async def test_what_cannot_be_listed_is_an_error(emulator: Emulator):
    emulator.faults.add(Fault("answer", status=503, operation="sessions.list", nth=2))
    async with client_of(emulator) as client:
        with pytest.raises(ServerError):
            await estimate(client)
        with pytest.raises(ArgumentError, match="there is no 'nobody'"):
            await estimate(client, select(services=["nobody"]))
        with pytest.raises(ArgumentError, match="concurrency must be 1 or more"):
            await estimate(client, concurrency=0)


async def test_an_empty_account_takes_no_time():
    empty = [
        http(200, b'{"%s": [], "meta": {"next_page_url": null}}' % key) for key in (b"services", b"sessions")
    ]
    async with (
        raw_server(*empty) as server,
        AsyncClient("AC" + "0" * 32, "t", proxy_url=server.url, assistants_url=server.url) as client,
    ):
        estimated = await estimate(client)
    assert (estimated.sessions, estimated.requests) == (0, 1)
    assert estimated.seconds < 1


def test_requests_are_one_per_listing_at_least():
    every = select(include=["all"])
    proxy = every.partition("proxy", "KS" + "1" * 32)
    assert _requests(_Counted(proxy, sessions=250, listed=300, pages=3)) == {
        "phone-numbers": 1,
        "sessions": 3,
        "participants": 250,
        "interactions": 250,
        "message-interactions": 500,
    }
    assistants = every.partition("assistants")
    assert _requests(_Counted(assistants, sessions=7, listed=7, pages=1)) == {"sessions": 1, "messages": 7}


def one(product: str, seconds: float, **requests: int) -> PartitionEstimate:
    partition = Partition("proxy", "KS" + "1" * 32) if product == "proxy" else Partition("assistants")
    return PartitionEstimate(partition, None, 1, 1, requests, seconds)


@pytest.mark.parametrize(
    ("partitions", "seconds", "why"),
    [
        ((), 0.0, "0 requests or more, 64 at once"),
        ((one("proxy", 9.0, sessions=90, participants=100),), 9.0, "the sessions of KS1"),
        (
            (one("assistants", 9.0, sessions=1, messages=900),),
            9.0,
            "the sessions of assistants are listed page by",
        ),
        (
            (one("proxy", 25.0, sessions=9, participants=900),),
            25.0,
            "needs 900 requests for its participants",
        ),
        ((one("proxy", 25.0, sessions=9, participants=900),), 30.0, "909 requests or more, 64 at once"),
    ],
)
def test_what_bounds_it_is_said(partitions: tuple[PartitionEstimate, ...], seconds: float, why: str):
    assert why in Estimate(partitions, seconds, 0.1, 64, 30.0).why

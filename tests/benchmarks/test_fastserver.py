"""The load generator answers what every client asks for, after a latency, and counts."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
from fastserver import ACCOUNT, PAGE, TOKEN, FastServer, Told, fast_server, service_sid, session_sid

from twilio_sessions import AsyncClient

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


def client_of(base: str) -> AsyncClient:
    return AsyncClient(ACCOUNT, TOKEN, proxy_url=base, rate_limit=False)


def told_by(pipe: Connection) -> Told:
    pipe.send("tell")
    told: Told = pipe.recv()
    return told


async def test_a_listing_has_as_many_different_sessions_as_the_service_has():
    with fast_server(FastServer(sizes=(2 * PAGE, PAGE + 1))) as (base, pipe):
        async with client_of(base) as client:
            services = client.proxy.v1.services
            found = [
                [session async for session in services(service_sid(n)).sessions.list()] for n in range(2)
            ]
        assert [len({one.sid for one in sessions}) for sessions in found] == [2 * PAGE, PAGE + 1]
        assert {one.service_sid for one in found[1]} == {service_sid(1)}
        assert told_by(pipe).requests == 4


@pytest.mark.parametrize("closed", [True, False])
async def test_closed_sessions_have_each_of_their_dates(closed: bool):
    with fast_server(FastServer(1, PAGE, closed=closed)) as (base, _):
        async with client_of(base) as client:
            session = await client.proxy.v1.services(service_sid(0)).sessions(session_sid(7)).fetch()
    assert session.sid == session_sid(7)
    dates = [session.date_started, session.date_ended, session.date_last_interaction]
    dates += [session.date_expiry, session.date_created, session.date_updated]
    assert (None not in dates) is closed


async def test_sessions_are_created_updated_and_deleted_and_forms_are_counted():
    with fast_server(FastServer()) as (base, pipe):
        async with client_of(base) as client:
            sessions = client.proxy.v1.services(service_sid(0)).sessions
            made = [await sessions.create(ttl=60) for _ in range(2)]
            assert (await sessions(made[0].sid).update(status="closed")).sid == made[0].sid
            await sessions(made[0].sid).delete()
        assert made[0].sid != made[1].sid
        told = told_by(pipe)
        assert (told.requests, told.posted) == (4, 2 * len("Ttl=60") + len("Status=closed"))
        again = told_by(pipe)
        assert (again.requests, again.posted) == (0, 0)
        assert 0 < told.cpu <= again.cpu


async def test_a_form_may_come_after_its_head():
    with fast_server(FastServer()) as (base, pipe):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rpartition(":")[2]))
        writer.write(
            f"POST /v1/Services/{service_sid(0)}/Sessions HTTP/1.1\r\ncontent-length: 6\r\n\r\n".encode()
        )
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.1)
        writer.write(b"Ttl=60")
        assert (await reader.readline()).startswith(b"HTTP/1.1 201")
        writer.close()
        await writer.wait_closed()
        assert told_by(pipe).requests == 1


async def test_every_request_takes_the_latency_and_many_at_once_take_it_once():
    latency = 0.2
    with fast_server(FastServer(latency=latency)) as (base, _):
        async with client_of(base) as client:
            sessions = client.proxy.v1.services(service_sid(0)).sessions
            began = time.monotonic()
            await asyncio.gather(*(sessions(session_sid(n)).fetch() for n in range(50)))
            took = time.monotonic() - began
    # A tenth of what one after the other would take: a busy machine does not matter.
    assert latency <= took < 25 * latency

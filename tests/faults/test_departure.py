"""Time runs out before a request has left: then it was not processed, and even a create may be sent again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from answers import KS, client_of, session, stall, verbs
from canary import SECRET
from raw_server import raw_server

from twilio_sessions import APITimeoutError, AsyncClient
from twilio_sessions.events import Event, RequestFailed

if TYPE_CHECKING:
    from raw_server import RawServer


async def create(client: AsyncClient) -> object:
    return await client.proxy.v1.services(KS).sessions.create(ttl=60)


def narrow(server: RawServer, connector: aiohttp.BaseConnector) -> AsyncClient:
    """Return a client whose connector has fewer connections than it may have requests in flight."""
    return client_of(server, connector=connector, max_attempts=1, timeout=30)


async def test_what_waited_for_a_place_in_the_pool_was_not_processed():
    heard: list[Event] = []
    async with raw_server(stall) as server, aiohttp.TCPConnector(limit=1) as connector:
        async with narrow(server, connector) as client:
            ahead = asyncio.create_task(create(client))
            await server.asked(1)
            with pytest.raises(APITimeoutError, match=r"no connection within 0\.05 s") as caught:
                await create(client.with_options(attempt_timeout=0.05, on_event=heard.append))
            assert not caught.value.maybe_processed
            assert [event.maybe_processed for event in heard if isinstance(event, RequestFailed)] == [False]
            ahead.cancel()
            await asyncio.wait({ahead})
        assert verbs(server) == ["POST"]


async def test_a_create_that_waited_in_vain_is_tried_again():
    async with raw_server(stall, session(201)) as server, aiohttp.TCPConnector(limit=1) as connector:
        async with narrow(server, connector) as client:
            ahead = asyncio.create_task(create(client))
            await server.asked(1)
            asyncio.get_running_loop().call_later(0.15, ahead.cancel)
            await create(client.with_options(attempt_timeout=0.1, max_attempts=9))
            assert client.counters.retries >= 1
        assert verbs(server) == ["POST", "POST"]


async def test_what_waited_for_a_connection_to_be_made_was_not_processed():
    """A server that takes the connection and never shakes hands."""
    silent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        await silent.wait()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with AsyncClient(
            "AC" + "0" * 32, SECRET, proxy_url=url, attempt_timeout=0.1, max_attempts=2
        ) as client:
            with pytest.raises(APITimeoutError, match=r"no connection within 0\.1 s") as caught:
                await create(client)
            assert client.counters.requests == 2
        silent.set()
    assert not caught.value.maybe_processed


async def test_what_had_left_may_have_been_processed():
    async with raw_server(stall) as server, client_of(server, attempt_timeout=0.1) as client:
        with pytest.raises(APITimeoutError, match=r"no answer within 0\.1 s") as caught:
            await create(client)
    assert caught.value.maybe_processed
    assert verbs(server) == ["POST"]


async def test_a_kept_connection_does_not_speak_for_the_next_request():
    """Each request has a departure of its own: one that was answered says nothing of one that waits."""
    async with (
        raw_server(session(201), stall) as server,
        aiohttp.TCPConnector(limit=1) as connector,
        narrow(server, connector) as client,
    ):
        await create(client)
        ahead = asyncio.create_task(create(client))
        await server.asked(2)
        with pytest.raises(APITimeoutError) as caught:
            await create(client.with_options(attempt_timeout=0.05))
        assert not caught.value.maybe_processed
        ahead.cancel()
        await asyncio.wait({ahead})

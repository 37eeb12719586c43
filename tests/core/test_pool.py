"""Every option about connections reaches the wire."""

from __future__ import annotations

import asyncio
import base64
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from canary import SECRET
from raw_server import http, raw_server

from twilio_sessions import APIConnectionError, APITimeoutError, AsyncClient, ConfigurationError

if TYPE_CHECKING:
    from raw_server import RawServer

ACCOUNT = "AC" + "0" * 32
KS = "KS" + "1" * 32
SERVICE = http(200, f'{{"sid": "{KS}"}}'.encode())
ELSEWHERE = "http://twilio.invalid"


def client_of(url: str, **options: Any) -> AsyncClient:
    return AsyncClient(ACCOUNT, SECRET, proxy_url=url, assistants_url=url, **{"max_attempts": 1} | options)


async def test_an_http_proxy_is_used():
    async with raw_server(SERVICE) as proxy, client_of(ELSEWHERE, http_proxy=proxy.url) as client:
        await client.proxy.v1.services(KS).fetch()
    assert proxy.seen[0].startswith(f"GET {ELSEWHERE}/v1/Services/{KS} HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("trust_env", "no_proxy", "used"), [(True, "", True), (True, "twilio.invalid", False), (False, "", False)]
)
async def test_the_environment_is_obeyed_when_it_is_trusted(
    monkeypatch: pytest.MonkeyPatch, trust_env: bool, no_proxy: str, used: bool
):
    async with raw_server(SERVICE) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", no_proxy)
        async with client_of(ELSEWHERE, trust_env=trust_env) as client:
            if used:
                await client.proxy.v1.services(KS).fetch()
            else:
                with pytest.raises(Exception, match=r"twilio\.invalid"):
                    await client.proxy.v1.services(KS).fetch()
    assert len(proxy.seen) == used


async def test_a_proxy_may_be_a_host_and_a_port(monkeypatch: pytest.MonkeyPatch):
    async with raw_server(SERVICE) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
        async with client_of(ELSEWHERE, trust_env=True) as client:
            await client.proxy.v1.services(KS).fetch()
    assert len(proxy.seen) == 1


async def test_what_is_no_http_proxy_is_refused_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "socks5://ada:secret@127.0.0.1:9")
    async with client_of(ELSEWHERE, trust_env=True) as client:
        with pytest.raises(ConfigurationError, match="HTTP_PROXY must be an http or https URL") as caught:
            await client.proxy.v1.services(KS).fetch()
    assert "secret" not in str(caught.value)


async def test_this_machine_itself_needs_no_proxy(monkeypatch: pytest.MonkeyPatch):
    async with raw_server(SERVICE) as server:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        async with client_of(server.url, trust_env=True) as client:
            await client.proxy.v1.services(KS).fetch()
    assert len(server.seen) == 1


async def _never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3600)


@pytest.mark.parametrize("own", [True, False], ids=["a connector of the caller's", "our own"])
async def test_what_is_under_way_ends_when_the_client_is_closed(own: bool):
    connector = aiohttp.TCPConnector() if own else None
    options: dict[str, Any] = {"attempt_timeout": 0.3, "max_connections": 1, "rate_limit": False}
    async with raw_server(_never) as server:
        client = client_of(server.url, connector=connector, **options)
        calls = [asyncio.create_task(client.proxy.v1.services(KS).fetch()) for _ in range(3)]
        await server.asked(1)
        await client.close()
        await asyncio.wait(calls, timeout=20)
        # Be it on its way or waiting for a connection: nobody has cancelled these tasks.
        assert {type(call.exception()) for call in calls} == {APITimeoutError if own else APIConnectionError}
    if connector is not None:
        await connector.close()


async def test_the_environment_is_read_once_and_no_netrc_ever(monkeypatch: pytest.MonkeyPatch, tmp_path: Any):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    async with raw_server(SERVICE) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        async with client_of(ELSEWHERE, trust_env=True) as client:
            monkeypatch.delenv("http_proxy")
            await client.proxy.v1.services(KS).fetch()
    basic = base64.b64encode(f"{ACCOUNT}:{SECRET}".encode()).decode()
    assert f"Authorization: Basic {basic}\r\n" in proxy.seen[0]


async def test_a_connector_of_the_callers_is_used_and_not_closed():
    async with raw_server(SERVICE) as server, aiohttp.TCPConnector(limit=1) as connector:
        for _ in range(2):
            async with client_of(server.url, connector=connector) as client:
                await client.proxy.v1.services(KS).fetch()
        assert not connector.closed
        assert server.open_connections == 1


async def many_at_once(server: RawServer, **options: Any) -> int:
    """Make eight calls at once and return how many connections that took at most."""
    most = 0

    async def watch() -> None:
        nonlocal most
        while True:
            most = max(most, server.open_connections)
            await asyncio.sleep(0.001)

    async with client_of(server.url, **options) as client:
        watcher = asyncio.create_task(watch())
        await asyncio.gather(*(client.proxy.v1.services(KS).fetch() for _ in range(8)))
        watcher.cancel()
    return most


@pytest.mark.parametrize("rate_limit", [True, False])
async def test_no_more_connections_are_opened_than_asked_for(rate_limit: bool):
    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(SERVICE)
        await writer.drain()

    async with raw_server(slow) as server:
        assert await many_at_once(server, max_connections=2, rate_limit=rate_limit) == 2


async def test_silence_ends_an_attempt_before_its_time_is_up():
    async def half(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SERVICE[:-3])
        await writer.drain()
        await asyncio.sleep(5)

    async with raw_server(half) as server, client_of(server.url, read_timeout=0.1) as client:
        with pytest.raises(APITimeoutError, match=r"no byte for 0\.1 s .*may have been processed"):
            await client.proxy.v1.services(KS).fetch()


async def test_a_proxy_that_refuses_has_passed_nothing_on():
    refusal = http(407, b"", reason="Proxy Authentication Required")
    async with (
        raw_server(refusal) as proxy,
        client_of("https://twilio.invalid", http_proxy=proxy.url) as client,
    ):
        with pytest.raises(APIConnectionError, match="the HTTP proxy refused to connect: 407") as caught:
            await client.proxy.v1.services.create(unique_name="a")
    assert not caught.value.maybe_processed
    assert proxy.seen[0].startswith("CONNECT twilio.invalid:443")


@pytest.mark.parametrize("http_proxy", ["127.0.0.1:3128", "socks5://127.0.0.1:1080", "http://[", ""])
def test_a_proxy_that_is_none_is_refused(http_proxy: str):
    with pytest.raises(ConfigurationError, match="http_proxy must be an http or https URL"):
        client_of(ELSEWHERE, http_proxy=http_proxy)


async def test_a_tls_context_beside_a_connector_would_be_ignored_and_is_refused():
    async with aiohttp.TCPConnector() as connector:
        with pytest.raises(ConfigurationError, match="either connector or tls"):
            client_of(ELSEWHERE, connector=connector, tls=ssl.create_default_context())

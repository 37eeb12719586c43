"""One exchange over a real socket: what is sent, and what each way of breaking is called."""

from __future__ import annotations

import asyncio
import base64
import gzip
import logging
import os
import socket
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from canary import SECRET
from raw_server import http, raw_server

from twilio_sessions import (
    APIConnectionError,
    APITimeoutError,
    AsyncClient,
    AuthenticationError,
    ConfigurationError,
    InvalidResponseError,
    PaginationError,
    ResponseTooLargeError,
)

if TYPE_CHECKING:
    from raw_server import Answer

AC = "AC" + "0" * 32
KS = "KS" + "1" * 32
BASIC = base64.b64encode(f"{AC}:{SECRET}".encode()).decode()
SERVICE = http(200, f'{{"sid": "{KS}"}}'.encode(), "Content-Type: application/json")


def client_of(url: str, timeout: float = 5, **options: Any) -> AsyncClient:
    plain: dict[str, Any] = {"max_attempts": 1, "rate_limit": False} | options
    return AsyncClient(AC, SECRET, proxy_url=url, assistants_url=url, timeout=timeout, **plain)


async def test_what_is_sent():
    async with raw_server(SERVICE) as server, client_of(server.url) as client:
        await client.proxy.v1.services(KS).fetch()
        await client.proxy.v1.services(KS).update(unique_name="a b+é", default_ttl=5)
    get, post = server.seen
    assert get.startswith(f"GET /v1/Services/{KS} HTTP/1.1\r\n")
    assert f"Authorization: Basic {BASIC}\r\n" in get
    assert "Accept: application/json\r\n" in get
    assert "User-Agent: twilio-sessions/" in get
    assert post.startswith(f"POST /v1/Services/{KS} HTTP/1.1\r\n")
    assert "Content-Type: application/x-www-form-urlencoded\r\n" in post
    assert post.endswith("\r\n\r\nUniqueName=a+b%2B%C3%A9&DefaultTtl=5")


@pytest.mark.parametrize("name", ["Order #1234", "a/../b", "%2e%2e", "..;", "é?x=1", "C:\\", "a+b"])
async def test_a_unique_name_reaches_the_server_as_one_encoded_segment(name: str):
    from urllib.parse import quote  # noqa: PLC0415 - the expectation, kept apart from the code under test

    async with raw_server(http(200, b'{"sid": "KC1"}')) as server, client_of(server.url) as client:
        await client.proxy.v1.services(KS).sessions(name).fetch()
    assert server.seen[0].startswith(f"GET /v1/Services/{KS}/Sessions/{quote(name, safe='')} HTTP/1.1\r\n")


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def then_close(data: bytes) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        writer.close()

    return answer


async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():  # noqa: ASYNC110 - a transport has no event for it
        await asyncio.sleep(0.01)


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "answer",
    [
        reset,
        hang_up,
        then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"),
        then_close(b"HELLO, THIS IS NOT HTTP\r\n\r\n"),
        then_close(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
    ],
    ids=["reset", "hang up", "short body", "short chunk", "not HTTP", "huge header"],
)
async def test_an_exchange_that_breaks_may_have_been_processed(answer: Answer):
    async with raw_server(answer) as server, client_of(server.url) as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.proxy.v1.services(KS).fetch()
    assert caught.value.maybe_processed
    assert caught.value.url == f"{server.url}/v1/Services/{KS}"
    assert "may have been processed" in str(caught.value)
    assert len(server.seen) == 1, "nothing is sent a second time behind the caller's back"


async def test_a_stale_connection_is_not_used_twice_in_silence():
    async def answer_and_leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SERVICE)
        await writer.drain()

    async with raw_server(answer_and_leave, hang_up) as server, client_of(server.url) as client:
        await client.proxy.v1.services(KS).fetch()
        with pytest.raises(APIConnectionError):
            await client.proxy.v1.services(KS).delete()
    assert [head.split()[0] for head in server.seen] == ["GET", "DELETE"]


@pytest.mark.parametrize("answer", [stall, drip], ids=["stall", "slow loris"])
async def test_a_server_that_takes_its_time_ends_at_the_timeout(answer: Answer):
    async with raw_server(answer) as server, client_of(server.url, timeout=0.2) as client:
        with pytest.raises(APITimeoutError, match=r"no answer within 0.2 s") as caught:
            await client.proxy.v1.services(KS).fetch()
    assert caught.value.maybe_processed


async def test_a_small_limit_is_shown_as_it_is():
    async with raw_server(stall) as server:
        for seconds, shown in ((0.005, "0.005"), (0.0123456, "0.012"), (1.04, "1")):
            async with client_of(server.url, timeout=30, attempt_timeout=seconds) as client:
                with pytest.raises(APITimeoutError, match=rf"no (answer|connection) within {shown} s \["):
                    await client.proxy.v1.services(KS).fetch()


async def test_a_refused_connection_was_not_processed():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        async with client_of(url) as client:
            with pytest.raises(APIConnectionError, match="was not processed") as caught:
                await client.proxy.v1.services.create(unique_name="a")
    assert not caught.value.maybe_processed


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"sid": "KS', b"null", b'\xef\xbb\xbf{"sid": "KS1"}', b'{"sid": NaN}', b"[]"],
)
async def test_a_success_that_is_no_resource_is_an_error(body: bytes):
    answer = http(200, body, "Twilio-Request-Id: RQ1")
    async with raw_server(answer) as server, client_of(server.url) as client:
        with pytest.raises(InvalidResponseError, match="not a Service") as caught:
            await client.proxy.v1.services(KS).fetch()
    assert (caught.value.status, caught.value.request_id, caught.value.body_start) == (200, "RQ1", body)


async def test_a_redirect_is_not_followed():
    async with (
        raw_server(SERVICE) as other,
        raw_server(http(307, b"", f"Location: {other.url}/v1/Services/{KS}")) as server,
        client_of(server.url) as client,
    ):
        with pytest.raises(InvalidResponseError, match="is not followed"):
            await client.proxy.v1.services(KS).fetch()
    assert other.seen == []


async def test_a_foreign_next_page_is_not_followed():
    async with raw_server(SERVICE) as other:
        page = f'{{"services": [], "meta": {{"next_page_url": "{other.url}/v1/Services?PageToken=a"}}}}'
        async with raw_server(http(200, page.encode())) as server, client_of(server.url) as client:
            with pytest.raises(PaginationError, match="foreign origin"):
                _ = [service async for service in client.proxy.v1.services.list()]
    assert other.seen == []


async def test_a_bomb_is_stopped_while_it_unpacks():
    bomb = http(200, gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip")
    async with raw_server(bomb) as server, client_of(server.url, max_response_bytes=1_000_000) as client:
        with pytest.raises(ResponseTooLargeError, match=r"larger than 1000000 bytes \(max_response_bytes\)"):
            await client.proxy.v1.services(KS).fetch()


async def test_the_time_to_cancel_is_any_time():
    async with raw_server(stall, SERVICE) as server, client_of(server.url) as client:
        task = asyncio.create_task(client.proxy.v1.services(KS).fetch())
        while not server.seen:  # noqa: ASYNC110 - the server keeps a list, not an event
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.proxy.v1.services(KS).fetch()).sid == KS


async def test_a_closed_client_says_so():
    client = client_of("http://127.0.0.1:1")
    await client.close()
    await client.close()
    with pytest.raises(ConfigurationError, match="this client is closed; make a new one"):
        await client.proxy.v1.services(KS).fetch()


def test_a_client_is_made_without_a_loop_and_follows_its_user_to_another(
    caplog: pytest.LogCaptureFixture,
):
    with asyncio.Runner() as one, asyncio.Runner() as other:
        client = client_of("http://127.0.0.1:1")

        async def use() -> None:
            with pytest.raises(APIConnectionError):
                await client.proxy.v1.services(KS).fetch()

        for runner in (one, other, one, other):
            runner.run(use())
        other.run(client.close())
        for runner in (one, other):
            runner.run(asyncio.sleep(0))
    said = [record.message for record in caplog.records if "another event loop" in record.message]
    assert said == ["the client is used from another event loop than before; it opens new connections"]


def test_a_client_that_was_used_before_a_fork_says_so(monkeypatch: pytest.MonkeyPatch):
    client = client_of("http://127.0.0.1:1")

    async def use() -> str:
        with pytest.raises((APIConnectionError, ConfigurationError)) as caught:
            await client.proxy.v1.services(KS).fetch()
        return str(caught.value)

    with asyncio.Runner() as runner:
        assert "cannot connect" in runner.run(use())
        with monkeypatch.context() as child:
            # What a child process sees; real forks are in tests/process.
            child.setattr(os, "getpid", lambda: 0)
            assert "before os.fork()" in runner.run(use())
        runner.run(client.close())


async def test_the_secret_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    answers: list[Answer] = [
        http(401, b'{"code": 20003, "message": "Authenticate"}'),
        hang_up,
        http(200, b"x"),
    ]
    async with raw_server(*answers) as server, client_of(server.url) as client:
        for _ in answers:
            try:
                await client.proxy.v1.services(KS).fetch()
            except (AuthenticationError, APIConnectionError, InvalidResponseError) as error:
                shown += traceback.format_exception(error)
                shown.append(repr(error.__dict__))
    assert len(server.seen) == len(answers)
    text = "".join(shown) + caplog.text
    assert f"GET /v1/Services/{KS} RequestFinished" in caplog.text
    assert "status=401" in caplog.text
    assert SECRET not in text
    assert BASIC not in text

"""Every fault as a client sees it: bytes, breaks and silences, and what the ledger says of them."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from twilio_sessions.emulator import Emulator, EmulatorOptions, Fault, Seed

CREATE: Any = {"operation": "sessions.create"}


async def create(line: Any) -> Any:
    return await line.ask("POST", f"{line.service}/Sessions", b"UniqueName=x")


# Without an answer.


@pytest.mark.parametrize("when", ["before-body", "before", "after"])
@pytest.mark.parametrize("do", ["reset", "hang-up"])
async def test_a_connection_that_breaks(line, do, when):
    line.emulator.faults.add(Fault(do, when=when, **CREATE))
    if do == "reset":
        with pytest.raises(ConnectionResetError):
            await create(line)
    else:
        assert await create(line) == b""
    assert line.processed == (["sessions.create"] if when == "after" else [])
    assert line.emulator.store.counts()["sessions"] == (8 if when == "after" else 7)
    seen = line.received
    assert (seen.operation, seen.status, seen.answer, seen.fault) == ("sessions.create", None, "none", do)
    assert seen.request_id.startswith("RQ")
    assert (await line.call("GET", line.service))[0] == 200  # the next one is left alone


async def test_a_reset_before_the_body_does_not_wait_for_it(line):
    line.emulator.faults.add(Fault("reset", when="before-body"))
    reader, writer = await line.dial("POST", "/v1/Services", head="Content-Length: 1000000\r\n")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_a_reset_after_reading_waits_for_the_body(line):
    line.emulator.faults.add(Fault("reset"))
    reader, writer = await line.dial("POST", "/v1/Services", head="Content-Length: 2000000\r\n")
    writer.write(b"x" * 1_999_999)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(), 0.1)
    writer.write(b"x")
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_what_aiohttp_makes_of_a_lost_answer(line):
    line.emulator.faults.add(Fault("reset", when="after", method="post", times=None))
    auth = {"Authorization": aiohttp.encode_basic_auth(line.emulator.account_sid, "emulated-auth-token")}
    async with aiohttp.ClientSession(headers=auth) as session:
        for _ in range(3):
            with pytest.raises(aiohttp.ClientOSError):
                await session.post(f"{line.emulator.base_url}{line.service}/Sessions")
    # One attempt, one session: what a client must find out by itself.
    assert line.processed == ["sessions.create"] * 3
    ids = [one.request_id for one in line.emulator.processed]
    assert ids == [one.request_id for one in line.emulator.requests]


@pytest.mark.parametrize(("when", "made"), [("before-body", 0), ("before", 0), ("after", 1)])
async def test_a_stall_before_the_head_lasts_until_the_client_leaves(line, when, made):
    line.emulator.faults.add(Fault("stall", when=when))
    reader, writer = await line.dial("POST", f"{line.service}/Sessions", b"UniqueName=x")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    seen = line.received
    assert (seen.answer, seen.status, seen.fault) == ("pending", None, "stall")
    writer.close()
    assert (await line.settled()) is seen
    assert (seen.answer, seen.status) == ("none", None)
    assert len(line.emulator.processed) == made


@pytest.mark.parametrize("sent", [0, 10, 10_000])
async def test_a_stall_in_the_body(line, sent):
    line.emulator.faults.add(Fault("stall", after_bytes=sent))
    reader, writer = await line.dial("GET", line.service)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(line.split(head)[1]["Content-Length"])
    kept = min(sent, length - 1)
    assert len(await reader.readexactly(kept)) == kept
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    assert (line.received.answer, line.received.status) == ("cut", 200)
    assert line.processed == ["services.fetch"]
    writer.close()


async def test_closing_with_stalled_and_slow_clients_leaves_nothing_behind():
    before = asyncio.all_tasks()
    seed, options = Seed(services=1), EmulatorOptions(latency=30)
    async with Emulator(seed=seed, options=options) as emulator:
        plan = [Fault("stall"), Fault("stall", after_bytes=3), Fault("slow", bytes_per_second=1)]
        emulator.faults.add(*plan, Fault("delay", delay=30))
        url = urlsplit(emulator.base_url)
        lines = []
        for _ in range(5):
            lines.append(await asyncio.open_connection(url.hostname, url.port))
            lines[-1][1].write(b"GET /v1/Services HTTP/1.1\r\nHost: x\r\n\r\n")
        while len(emulator.requests) < 5:  # noqa: ASYNC110 - the ledger tells nobody
            await asyncio.sleep(0.001)
        started = time.monotonic()
    assert time.monotonic() - started < 20
    for reader, writer in lines:
        with contextlib.suppress(ConnectionResetError):
            await reader.read()
        writer.close()
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before
    assert "pending" not in {one.answer for one in emulator.requests}


# Answers that end too early, or late.


@pytest.mark.parametrize("ending", ["hang-up", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("after_bytes", [None, 0, 1, 100, 10**6])
async def test_a_truncated_body(line, framing, ending, after_bytes):
    _, _, whole = line.split(await line.ask("GET", line.service))
    line.emulator.faults.add(Fault("truncate", framing=framing, ending=ending, after_bytes=after_bytes))
    reader, writer = await line.dial("GET", line.service)
    answer = b""
    try:
        while piece := await reader.read(1000):
            answer += piece
        assert ending == "hang-up"
    except ConnectionResetError:
        assert ending == "reset"
    writer.close()
    status, headers, body = line.split(answer)
    kept = len(whole) // 2 if after_bytes is None else min(after_bytes, len(whole) - 1)
    expected = whole[:kept]
    if framing == "chunked" and kept:
        expected = b"%x\r\n%b\r\n" % (kept, expected)
    assert (status, body) == (200, expected)
    assert ("Content-Length" in headers) is (framing == "length")
    assert headers["Twilio-Request-Id"] == line.received.request_id
    assert (line.received.answer, line.received.status) == ("cut", 200)


@pytest.mark.parametrize(
    ("framing", "raised"),
    [
        ("length", aiohttp.ClientPayloadError),
        ("chunked", aiohttp.ClientPayloadError),
        ("close", json.JSONDecodeError),
    ],
)
async def test_what_aiohttp_makes_of_a_truncated_body(line, framing, raised):
    line.emulator.faults.add(Fault("truncate", framing=framing, times=None))
    auth = {"Authorization": aiohttp.encode_basic_auth(line.emulator.account_sid, "emulated-auth-token")}
    async with (
        aiohttp.ClientSession(headers=auth) as session,
        session.get(line.emulator.base_url + line.service) as response,
    ):
        # Without a length, only the JSON parser can tell.
        with pytest.raises(raised):
            json.loads(await response.read())


async def test_an_answer_without_a_body_has_none_to_cut(line):
    made = json.loads(line.split(await create(line))[2])["sid"]
    line.emulator.faults.add(Fault("truncate", operation="sessions.delete"))
    assert await line.ask("DELETE", f"{line.service}/Sessions/{made}") == b""
    assert line.processed == ["sessions.create", "sessions.delete"]
    assert line.received.answer == "none"
    made = json.loads(line.split(await create(line))[2])["sid"]
    line.emulator.faults.add(Fault("slow", bytes_per_second=1), Fault("bom"), Fault("huge", size=9))
    for _ in range(3):
        status, _, body = line.split(await line.ask("DELETE", f"{line.service}/Sessions/{made}"))
        assert (status, body) in [(204, b""), (404, body)]
        assert line.received.answer == "whole"


async def test_a_stall_where_there_is_no_body(line):
    sid = next(iter(line.emulator.store.sessions))
    line.emulator.faults.add(Fault("stall", after_bytes=5))
    reader, writer = await line.dial("DELETE", f"{line.service}/Sessions/{sid}")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.05)
    assert line.processed == ["sessions.delete"]
    assert line.received.status is None
    writer.close()


async def test_a_body_that_is_too_long_for_the_api_is_not_for_a_fault(line):
    line.emulator.faults.add(Fault("answer", status=503), Fault("answer", status=503, when="after"))
    for _ in range(2):
        reader, writer = await line.dial("POST", f"{line.service}/Sessions", b"x" * 3_000_000)
        assert (await reader.readline()).split()[1] == b"503"
        writer.close()
    assert not line.emulator.processed


@pytest.mark.parametrize(
    "fault", [None, Fault("answer", status=503), Fault("answer", status=503, when="after")]
)
async def test_a_client_that_leaves_in_the_middle_of_its_body(line, fault, caplog):
    line.emulator.faults.add(*[fault] * (fault is not None))
    _, writer = await line.dial("POST", f"{line.service}/Sessions", head="Content-Length: 9\r\n")
    await asyncio.sleep(0.01)
    writer.close()
    seen = await line.settled()
    assert (seen.status, seen.answer) == (None, "none")
    assert not line.emulator.processed
    assert not caplog.records


async def test_a_slow_body(line):
    _, _, whole = line.split(await line.ask("GET", line.service))
    line.emulator.faults.add(Fault("slow", bytes_per_second=len(whole) / 0.3))
    started = time.monotonic()
    reader, writer = await line.dial("GET", line.service)
    await reader.readuntil(b"\r\n\r\n")
    pieces: list[bytes] = []
    while sum(map(len, pieces)) < len(whole):
        pieces.append(await reader.read(1000))
    assert b"".join(pieces) == whole
    assert len(pieces) > 3
    assert time.monotonic() - started > 0.25
    writer.write(f"GET {line.service} HTTP/1.1\r\n{line.head}\r\n".encode())  # the connection lives
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
async def test_a_delay_and_a_client_that_does_not_wait_for_it(line, when, made):
    line.emulator.faults.add(Fault("delay", delay=0.1, when=when, times=2))
    _, writer = await line.dial("POST", f"{line.service}/Sessions")
    await asyncio.sleep(0.03)
    writer.close()
    await asyncio.sleep(0.12)
    assert len(line.emulator.processed) == made
    assert (line.received.answer, line.received.status) == ("none", None)
    started = time.monotonic()
    assert line.split(await line.ask("POST", f"{line.service}/Sessions"))[0] == 201
    assert time.monotonic() - started > 0.09
    assert len(line.emulator.processed) == made + 1


async def test_latency_is_for_everybody(dial):
    line = await dial(latency=0.05, latency_jitter=0.02)
    started = time.monotonic()
    await asyncio.gather(*(create(line) for _ in range(5)))
    assert time.monotonic() - started > 0.05
    line.emulator.faults.add(Fault("answer", status=503))
    started = time.monotonic()
    await create(line)
    assert time.monotonic() - started > 0.05


# Another answer.


@pytest.mark.parametrize("when", ["before-body", "before", "after"])
@pytest.mark.parametrize(
    ("given", "status", "code", "message"),
    [
        ({"status": 503}, 503, 20503, "An error occurred"),
        ({"status": 500}, 500, 20500, "An error occurred"),
        ({"status": 502}, 502, 20500, "An error occurred"),
        ({"status": 429}, 429, 20429, "Too Many Requests"),
        ({"status": 401}, 401, 20003, "Authenticate"),
        ({"status": 404}, 404, 20404, "An error occurred"),
        ({"status": 400, "code": 80609, "message": "no"}, 400, 80609, "no"),
        (
            {"status": 409, "code": 80623},
            409,
            80623,
            "A request to add the same Participant is still in progress",
        ),
    ],
)
async def test_another_answer(line, when, given, status, code, message):
    line.emulator.faults.add(Fault("answer", when=when, **given, **CREATE))
    got, headers, body = line.split(await create(line))
    assert got == status
    assert json.loads(body) == {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    assert headers["Content-Type"] == "application/json"
    assert headers["Twilio-Request-Id"] == line.received.request_id
    assert "Retry-After" not in headers
    assert line.processed == (["sessions.create"] if when == "after" else [])
    assert (line.received.status, line.received.answer) == (status, "whole")


async def test_retry_after(line):
    plan: list[Any] = [
        {"retry_after": 7},
        {"retry_after": 1.5},
        {"retry_after": 90, "retry_after_as": "date"},
    ]
    line.emulator.faults.add(*(Fault("answer", status=429, **one) for one in plan))
    line.emulator.faults.add(Fault("answer", status=429, headers={"Retry-After": "soon", "X-Y": "z"}))
    answers = [line.split(await line.ask("GET", "/"))[1] for _ in range(4)]
    assert [one["Retry-After"] for one in answers[:2]] == ["7", "1.5"]
    until, date = (parsedate_to_datetime(answers[2][name]) for name in ("Retry-After", "Date"))
    assert (until - date).total_seconds() == 90
    assert (answers[3]["Retry-After"], answers[3]["X-Y"]) == ("soon", "z")


@pytest.mark.parametrize(
    ("given", "status", "content_type", "body"),
    [
        ({"do": "html"}, 502, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ({"do": "html", "status": 200, "body": "<p>"}, 200, "text/html; charset=utf-8", b"<p>"),
        ({"do": "empty"}, 200, "application/json", b""),
        ({"do": "empty", "status": 500, "when": "before"}, 500, "application/json", b""),
        ({"do": "answer", "status": 200}, 200, "application/json", b"{}"),
        ({"do": "answer", "status": 500, "body": "oops"}, 500, "application/json", b"oops"),
    ],
)
async def test_no_json(line, given, status, content_type, body):
    line.emulator.faults.add(Fault(**given))
    got, headers, sent = line.split(await line.ask("GET", line.service))
    assert (got, headers["Content-Type"]) == (status, content_type)
    assert sent.startswith(body)
    assert bool(sent) is bool(body)
    assert headers["Content-Length"] == str(len(sent))


@pytest.mark.parametrize("status", [None, 301, 302, 307, 308])
async def test_a_redirect(line, status):
    line.emulator.faults.add(Fault("redirect", status=status, location="http://evil.invalid/x"))
    got, headers, _ = line.split(await line.ask("GET", line.service))
    assert (got, headers["Location"]) == (status or 307, "http://evil.invalid/x")
    assert not line.processed


async def test_a_huge_body(line):
    line.emulator.faults.add(Fault("huge", size=3_000_001))
    status, headers, body = line.split(await line.ask("GET", line.service))
    assert (status, headers["Content-Length"], len(body)) == (200, "3000001", 3_000_001)
    assert json.loads(body) == {}


async def test_a_gzip_bomb(line):
    line.emulator.faults.add(Fault("gzip-bomb", size=20_000_000))
    auth = {"Authorization": aiohttp.encode_basic_auth(line.emulator.account_sid, "emulated-auth-token")}
    async with (
        aiohttp.ClientSession(headers=auth, auto_decompress=False) as session,
        session.get(line.emulator.base_url + line.service) as response,
    ):
        packed = await response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 100_000
    body = gzip.decompress(packed)
    assert len(body) == 20_000_000
    assert json.loads(body) == {}


async def test_a_client_that_leaves_a_huge_body(line):
    line.emulator.faults.add(Fault("huge", size=10**12))
    reader, writer = await line.dial("GET", line.service)
    await reader.readexactly(1000)
    writer.close()
    await asyncio.sleep(0.01)
    assert (line.received.answer, line.received.status) == ("cut", 200)

"""Answers cut at every byte, from the status line to the last one: the whole result, or a typed error."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from canary import SECRET
from pace import offsets
from raw_server import raw_server

from twilio_sessions import AsyncClient, TwilioSessionsError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Coroutine

    from raw_server import Answer, RawServer

KS = "KS" + "1" * 32
KC = "KC" + "2" * 32
DATE = "Date: Sun, 22 Nov 2026 10:00:00 GMT"
SESSION = {"sid": KC, "ttl": 60, "date_created": "2026-11-22T10:00:00Z"}
TOKEN = "PageSize=2&Page=1&PageToken=PAKC.1%3D"
PATH = f"/v1/Services/{KS}/Sessions"


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


def by_length(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n{DATE}\r\nTwilio-Request-Id: RQ1\r\n\r\n"
    return head.encode() + body


def in_chunks(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\n{DATE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    third = len(body) // 3 + 1
    chunks = (body[at : at + third] for at in range(0, len(body), third))
    sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head.encode() + sent + b"0\r\n\r\n"


def until_closed(status: int, body: bytes) -> bytes:
    return f"HTTP/1.1 {status} OK\r\n{DATE}\r\nConnection: close\r\n\r\n".encode() + body


def packed_until_closed(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} OK\r\n{DATE}\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    return head.encode() + gzip.compress(body, mtime=0)


FRAMINGS = [by_length, in_chunks, until_closed, packed_until_closed]


async def rows_of_first_page(client: AsyncClient) -> object:
    pages = client.proxy.v1.services(KS).sessions.pages(page_size=2)
    try:
        page = await anext(pages)
        return [row.sid for row in page], page.next_page_token
    finally:
        await pages.aclose()


async def fetched(client: AsyncClient) -> object:
    session = await client.proxy.v1.services(KS).sessions(KC).fetch()
    return session.sid, session.ttl


async def created(client: AsyncClient) -> object:
    session = await client.proxy.v1.services(KS).sessions.create(ttl=60)
    return session.sid, session.ttl


async def created_by_name(client: AsyncClient) -> object:
    session = await client.proxy.v1.services(KS).sessions.create(ttl=60, unique_name="Order #1")
    return session.sid, session.ttl


async def all_rows(client: AsyncClient) -> object:
    return [row.sid async for row in client.proxy.v1.services(KS).sessions.list(page_size=2)]


def page(numbers: range, following: str | None) -> bytes:
    rows = [{"sid": f"KC{number}"} for number in numbers]
    url = f"https://proxy.twilio.com{PATH}?{following}" if following else None
    return json.dumps({"sessions": rows, "meta": {"next_page_url": url}}).encode()


def sids(numbers: range) -> list[str]:
    return [f"KC{number}" for number in numbers]


@attrs.frozen
class Case:
    """A call, the body of the answer that is cut, and what the call returns when it is not.

    Attributes:
        repeated: Whether the call succeeds after one cut.
        rest: What the server answers afterwards, if it is not the same, whole.
    """

    name: str
    call: Callable[[AsyncClient], Coroutine[Any, Any, object]]
    status: int
    body: bytes
    result: object
    repeated: bool = True
    rest: bytes | None = None


ONE = json.dumps(SESSION).encode()
CASES = [
    Case("fetch", fetched, 200, ONE, (KC, 60)),
    Case("create", created, 201, ONE, (KC, 60), repeated=False),
    Case("create named", created_by_name, 201, ONE, (KC, 60), rest=by_length(200, ONE)),
    Case("page", rows_of_first_page, 200, page(range(2), TOKEN), (sids(range(2)), TOKEN)),
    Case("last page", all_rows, 200, page(range(2), None), sids(range(2))),
]
WAYS = pytest.mark.parametrize("framing", FRAMINGS, ids=lambda framing: framing.__name__)
EACH = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def cut(answer: bytes, at: int) -> Answer:
    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer[:at])
        await writer.drain()
        writer.close()

    return send


def client_of(server: RawServer, **options: Any) -> AsyncClient:
    # Offsets are many: no rate is kept to, and a server that never stops cutting is asked all the same.
    options = {"timeout": 20, "rate_limit": False} | options
    return AsyncClient("AC" + "0" * 32, SECRET, proxy_url=server.url, **options)


async def outcome(call: Awaitable[object]) -> object:
    """Return the result or the typed error; anything else fails the test."""
    try:
        return await call
    except TwilioSessionsError as error:
        return error


def must_be_whole(case: Case, framing: Callable[[int, bytes], bytes], at: int, result: object) -> bool:
    """Check the outcome of a cut; return whether it was the result."""
    if isinstance(result, TwilioSessionsError):
        assert str(result), f"cut at {at}"
        return False
    assert result == case.result, f"cut at {at}"
    whole = framing(case.status, case.body)
    # Only what says nothing may be missing: the end of the chunks, the checksum of gzip.
    spare = {"in_chunks": len(b"0\r\n\r\n"), "packed_until_closed": 10}.get(framing.__name__, 0)
    assert at >= len(whole) - spare, f"cut at {at} of {len(whole)}, and nobody noticed"
    return True


@WAYS
@pytest.mark.parametrize("case", CASES[:2] + CASES[3:], ids=lambda case: case.name)
async def test_one_attempt(case: Case, framing: Callable[[int, bytes], bytes]):
    answer = framing(case.status, case.body)
    places = list(offsets(len(answer) + 1))
    cuts = [cut(answer, at) for at in places]
    succeeded, result = 0, None
    async with raw_server(*cuts) as server, client_of(server, max_attempts=1) as client:
        for at in places:
            result = await outcome(case.call(client))
            succeeded += must_be_whole(case, framing, at, result)
    assert len(server.seen) == len(places)
    assert succeeded >= 1
    assert result == case.result


@attrs.define
class Answers:
    """Answers whose order is decided while the server runs: those that are next, and then always the last."""

    always: bytes
    coming: list[bytes] = attrs.field(factory=list[bytes])

    async def __call__(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_last = not self.coming
        answer = self.always if is_last else self.coming.pop(0)
        writer.write(answer)
        await writer.drain()
        if not is_last or b"Connection: close" in answer:
            writer.close()


@WAYS
@EACH
async def test_one_cut_and_then_the_whole(case: Case, framing: Callable[[int, bytes], bytes]):
    answer = framing(case.status, case.body)
    answers = Answers(answer if case.rest is None else case.rest)
    async with raw_server(answers) as server, client_of(server) as client:
        for at in offsets(len(answer)):
            answers.coming = [answer[:at]]
            server.seen.clear()
            result = await outcome(case.call(client))
            if case.repeated:
                assert result == case.result, f"cut at {at}"
                assert len(server.seen) <= 2
            else:
                must_be_whole(case, framing, at, result)
                assert len(server.seen) == 1, f"cut at {at}: it was created twice"


@WAYS
async def test_the_look_at_a_lost_create_is_cut(framing: Callable[[int, bytes], bytes]):
    answer = framing(200, ONE)
    answers = Answers(answer)
    async with raw_server(answers) as server, client_of(server) as client:
        for at in offsets(len(answer)):
            answers.coming = [b"", answer[:at]]
            server.seen.clear()
            assert await created_by_name(client) == (KC, 60), f"cut at {at}"
            verbs = [request.split(" ", 1)[0] for request in server.seen]
            assert verbs[:2] == ["POST", "GET"]
            assert verbs.count("POST") == 1, f"cut at {at}: it was created twice"

"""One call over a real socket: what is tried again, what never is, and when it ends."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from typing import TYPE_CHECKING

import pytest
import trustme
from answers import (
    ABSENT,
    BUSY,
    FOUND,
    KC,
    KS,
    NOW,
    client_of,
    hang_up,
    refusal,
    service_of,
    session,
    stall,
    verbs,
)
from canary import SECRET
from raw_server import http, raw_server

from twilio_sessions import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APITimeoutError,
    ArgumentError,
    AsyncClient,
    ConfigurationError,
    ConflictError,
    InvalidResponseError,
    NotFoundError,
    PaginationError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)

if TYPE_CHECKING:
    from raw_server import Answer


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays are drawn as short as they can be: the policy's own numbers are in its tables."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.mark.parametrize(
    "fault", [BUSY, hang_up, http(200, b'{"sid": "KC'), http(200, b""), refusal(429, 20429)]
)
async def test_reading_is_tried_again(fault: Answer):
    async with raw_server(fault, fault, FOUND) as server, client_of(server) as client:
        assert (await service_of(client).sessions(KC).fetch()).sid == KC
    assert verbs(server) == ["GET"] * 3


@pytest.mark.parametrize("fault", [BUSY, hang_up, http(201, b'{"sid": "KC')])
async def test_a_create_without_a_name_is_never_sent_twice(fault: Answer):
    async with raw_server(fault, FOUND) as server, client_of(server) as client:
        with pytest.raises((ServerError, APIConnectionError, InvalidResponseError)):
            await service_of(client).sessions.create(ttl=60)
    assert verbs(server) == ["POST"]


@pytest.mark.parametrize("fault", [BUSY, hang_up])
async def test_nothing_else_that_creates_is_sent_twice(fault: Answer):
    async with raw_server(fault, FOUND) as server, client_of(server) as client:
        service = service_of(client)
        participants = service.sessions(KC).participants
        messages = participants("KP" + "3" * 32).message_interactions
        for create in (
            lambda: participants.create(identifier="a"),
            lambda: messages.create(body="hello"),
            lambda: service.phone_numbers.create(phone_number="+14155550100"),
        ):
            server.seen.clear()
            with pytest.raises((ServerError, APIConnectionError)):
                await create()
            assert verbs(server) == ["POST"]


@pytest.mark.parametrize("refused", [refusal(429, 20429), refusal(409, 80623)])
async def test_what_was_not_processed_is_sent_again_even_when_it_creates(refused: bytes):
    async with raw_server(refused, session(201)) as server, client_of(server) as client:
        await service_of(client).sessions.create(ttl=60)
    assert verbs(server) == ["POST", "POST"]
    assert server.seen[0].split("\r\n\r\n")[1] == server.seen[1].split("\r\n\r\n")[1]


@pytest.mark.parametrize("fault", [BUSY, hang_up, http(201, b"<html>")])
async def test_a_lost_create_is_found_by_its_name(fault: Answer):
    # Created two hours before this machine's clock, and after the call began by the server's own.
    found = session(200, "Date: Sun, 22 Nov 2026 08:00:05 GMT", date_created="2026-11-22T08:00:04Z", ttl=60)
    async with raw_server(fault, found) as server, client_of(server) as client:
        made = await service_of(client).sessions.create(unique_name="Order #1", ttl=60)
    assert made.sid == KC
    assert verbs(server) == ["POST", "GET"]
    assert "/Sessions/Order%20%231 " in server.seen[1]


@pytest.mark.parametrize("fault", [BUSY, hang_up])
async def test_a_create_that_did_not_happen_is_sent_again(fault: Answer):
    async with raw_server(fault, ABSENT, session(201)) as server, client_of(server) as client:
        await service_of(client).sessions.create(unique_name="Order #1")
    assert verbs(server) == ["POST", "GET", "POST"]


async def test_a_create_that_arrives_late_is_found_after_all():
    answers = (hang_up, ABSENT, refusal(400, 80603), FOUND)
    async with raw_server(*answers) as server, client_of(server) as client:
        assert (await service_of(client).sessions.create(unique_name="Order #1")).sid == KC
    assert verbs(server) == ["POST", "GET", "POST", "GET"]


@pytest.mark.parametrize(
    "fields",
    [
        {"date_created": "2026-11-22T09:59:00Z"},
        {"ttl": 61},
        {"mode": "voice-only"},
        {"date_expiry": "2027-01-01T00:00:00Z", "status": "closed"},
    ],
)
async def test_a_name_that_belongs_to_somebody_else_is_a_conflict(fields: dict[str, object]):
    found = session(200, **{"mode": "message-only", "ttl": 60} | fields)
    async with raw_server(hang_up, found) as server, client_of(server) as client:
        with pytest.raises(ConflictError) as caught:
            await service_of(client).sessions.create(
                unique_name="Order #1", ttl=60, mode="message-only", status="open"
            )
    assert caught.value.code == 80603
    assert str(caught.value).startswith(
        "HTTP 409, Twilio error 80603: unique_name 'Order #1' belongs to another resource, "
        "created at 2026-11-22T"
    )
    assert isinstance(caught.value.__cause__, APIConnectionError)


async def test_participants_are_part_of_what_was_asked_for():
    joined = [{"sid": "KP" + "3" * 32, "identifier": "+14155550100"}]
    listing = http(200, json.dumps({"participants": joined, "meta": {"next_page_url": None}}).encode())
    for wanted, expected in ((["+14155550100"], None), (["+14155550199"], ConflictError)):
        async with raw_server(hang_up, FOUND, listing) as server, client_of(server) as client:
            create = service_of(client).sessions.create(
                unique_name="Order #1", participants=[{"identifier": one} for one in wanted]
            )
            if expected is None:
                assert (await create).sid == KC
            else:
                with pytest.raises(expected):
                    await create
        assert verbs(server) == ["POST", "GET", "GET"]


async def test_without_the_servers_time_nobody_is_told_that_it_is_theirs():
    async with raw_server(hang_up, session(200, "X-No: date")) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError, match="may have been processed"):
            await service_of(client).sessions.create(unique_name="Order #1")
    assert verbs(server) == ["POST", "GET"]


async def test_when_looking_fails_the_first_error_comes_out_and_says_so():
    async with raw_server(hang_up, refusal(401, 20003)) as server, client_of(server) as client:
        with pytest.raises(APIConnectionError) as caught:
            await service_of(client).sessions.create(unique_name="Order #1")
    assert caught.value.__notes__[0].startswith("whether it was processed could not be found out: HTTP 401")
    assert verbs(server) == ["POST", "GET"]


async def test_a_name_that_was_taken_before_is_simply_refused():
    async with raw_server(refusal(400, 80603)) as server, client_of(server) as client:
        with pytest.raises(ConflictError) as caught:
            await service_of(client).sessions.create(unique_name="Order #1")
    assert caught.value.status == 400
    assert verbs(server) == ["POST"]


async def test_a_service_is_settled_the_same_way():
    service = {"sid": KS, "date_created": "2026-11-22T10:00:00Z", "default_ttl": 60}
    async with (
        raw_server(BUSY, http(200, json.dumps(service).encode(), NOW)) as server,
        client_of(server) as client,
    ):
        assert (await client.proxy.v1.services.create(unique_name="rides", default_ttl=60)).sid == KS
        server.seen.clear()
        with pytest.raises(ConflictError, match="80602"):
            await client.proxy.v1.services.create(unique_name="rides", default_ttl=61)


async def test_get_or_create_takes_what_is_there():
    async with raw_server(refusal(400, 80603), FOUND) as server, client_of(server) as client:
        assert (await service_of(client).sessions.get_or_create(unique_name="Order #1")).sid == KC
        assert verbs(server) == ["POST", "GET"]
    async with raw_server(session(201)) as server, client_of(server) as client:
        await service_of(client).sessions.get_or_create(unique_name="Order #1", ttl=60)
        assert verbs(server) == ["POST"]
    async with raw_server(refusal(400, 80205)) as server, client_of(server) as client:
        with pytest.raises(APIError, match="80205"):
            await service_of(client).sessions.get_or_create(unique_name="Order #1")


@pytest.mark.parametrize("code", [80607, 80608])
async def test_an_update_whose_answer_was_lost_is_done(code: int):
    closed = session(status="closed")
    async with raw_server(hang_up, refusal(400, code), closed) as server, client_of(server) as client:
        done = await service_of(client).sessions(KC).update(status="closed")
    assert done.status == "closed"
    assert verbs(server) == ["POST", "POST", "GET"]


async def test_an_update_that_is_refused_at_once_is_refused():
    async with raw_server(refusal(400, 80608)) as server, client_of(server) as client:
        with pytest.raises(APIError, match="80608"):
            await service_of(client).sessions(KC).update(status="closed")
    assert verbs(server) == ["POST"]


async def test_an_update_that_somebody_else_undid_is_refused():
    async with raw_server(hang_up, refusal(400, 80608), FOUND) as server, client_of(server) as client:
        with pytest.raises(APIError, match="80608"):
            await service_of(client).sessions(KC).update(status="closed")


async def test_a_delete_that_was_done_is_done():
    async with raw_server(BUSY, ABSENT) as server, client_of(server) as client:
        await service_of(client).sessions(KC).delete()
    assert verbs(server) == ["DELETE", "DELETE"]
    async with raw_server(ABSENT) as server, client_of(server) as client:
        with pytest.raises(NotFoundError):
            await service_of(client).sessions(KC).delete()
    async with raw_server(refusal(429, 20429), ABSENT) as server, client_of(server) as client:
        with pytest.raises(NotFoundError):
            await service_of(client).sessions(KC).delete()


async def test_retry_after_is_waited_for():
    answers = (
        refusal(429, 20429, "Retry-After: 0"),
        refusal(503, 20503, NOW, "Retry-After: " + NOW[6:]),
        FOUND,
    )
    async with raw_server(*answers) as server, client_of(server) as client:
        await service_of(client).sessions(KC).fetch()
    assert len(server.seen) == 3


@pytest.mark.parametrize("asked", ["10", "121", "1000000000"])
async def test_a_wait_that_would_end_after_the_deadline_does_not_begin(asked: str):
    answer = refusal(429, 20429, f"Retry-After: {asked}")
    async with raw_server(answer) as server, client_of(server, timeout=5) as client:
        began = time.monotonic()
        with pytest.raises(RateLimitError) as caught:
            await service_of(client).sessions(KC).fetch()
        assert time.monotonic() - began < 4
    assert caught.value.retry_after == float(asked)
    assert len(server.seen) == 1


async def test_the_timeout_bounds_the_whole_call():
    async with raw_server(stall) as server, client_of(server, timeout=0.5, attempt_timeout=0.15) as client:
        began = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            await service_of(client).sessions(KC).fetch()
        assert time.monotonic() - began < 3
    assert 2 <= len(server.seen) <= 4
    assert any("attempts in 0." in note for note in caught.value.__notes__)


async def test_attempts_end():
    async with raw_server(BUSY) as server, client_of(server) as client:
        with pytest.raises(ServerError) as caught:
            await service_of(client).sessions(KC).fetch()
        assert len(server.seen) == 5
        assert caught.value.__notes__[0].startswith("after 5 attempts in ")
        server.seen.clear()
        with pytest.raises(ServerError):
            await service_of(client.with_options(max_attempts=2)).sessions(KC).fetch()
        assert len(server.seen) == 2


async def test_a_dead_server_is_not_hammered():
    async with raw_server(BUSY) as server, client_of(server, rate_limit=False) as client:
        calls = [service_of(client).sessions(KC).fetch() for _ in range(60)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(outcome, ServerError) for outcome in outcomes)
    assert len(server.seen) == 60 + 500 // 14


async def test_options_of_a_call_share_the_connections():
    async with raw_server(FOUND) as server:
        client = client_of(server)
        other = client.with_options(timeout=1, on_event=lambda _: None)
        await service_of(other).sessions(KC).fetch()
        await other.close()
        await service_of(client).sessions(KC).fetch()
        assert server.open_connections == 1
        assert other.counters is client.counters
        await client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            await service_of(other).sessions(KC).fetch()
    with pytest.raises(ConfigurationError, match="timeout is in seconds and must be greater than 0; got -1"):
        client.with_options(timeout=-1)


async def test_a_server_that_cannot_prove_who_it_is_gets_nothing():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(100))
        writer.close()

    # A handshake that the client breaks off is what this is about, not a mistake of the server.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as tls:
        url = f"https://127.0.0.1:{tls.sockets[0].getsockname()[1]}"
        async with AsyncClient("AC" + "0" * 32, SECRET, proxy_url=url) as client:
            with pytest.raises(APICertificateError, match="was not processed"):
                await client.proxy.v1.services(KS).fetch()
        assert asked == []
        assert client.counters.requests == 1
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with AsyncClient(
            "AC" + "0" * 32, SECRET, proxy_url=url, tls=trusting, max_attempts=1
        ) as client:
            with pytest.raises(APIConnectionError):
                await client.proxy.v1.services(KS).fetch()
        assert asked[0].startswith(b"GET /v1/Services/KS")


async def test_a_server_that_sends_the_same_rows_for_ever_is_left():
    def page(number: int) -> bytes:
        following = f"https://proxy.twilio.com/v1/Services?PageToken={number}"
        meta = {"next_page_url": following}
        return http(200, json.dumps({"services": [{"sid": KS}], "meta": meta}).encode())

    async with raw_server(*(page(number) for number in range(9))) as server, client_of(server) as client:
        with pytest.raises(PaginationError, match="brings only rows listed before") as caught:
            _ = [service async for service in client.proxy.v1.services.list()]
    assert caught.value.page_token == "PageToken=1"
    assert len(server.seen) <= 3


@pytest.mark.parametrize("rate_limit", [True, False])
async def test_a_settlement_ends_within_the_deadline_of_its_call(rate_limit: bool):
    async def late(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.4)
        writer.close()

    async with (
        raw_server(late, FOUND, stall) as server,
        client_of(server, timeout=0.8, read_timeout=9, rate_limit=rate_limit) as client,
    ):
        began = time.monotonic()
        with pytest.raises(APIConnectionError):
            await service_of(client).sessions.create(
                unique_name="Order #1", participants=[{"identifier": "+14155550100"}]
            )
        assert time.monotonic() - began < 3


async def test_a_body_that_is_too_large_is_not_fetched_again():
    answers = (FOUND, http(200, b" " * 2000))
    async with raw_server(*answers) as server, client_of(server, max_response_bytes=1000) as client:
        assert (await service_of(client.with_options(timeout=5)).sessions(KC).fetch()).sid == KC
        with pytest.raises(ResponseTooLargeError):
            await service_of(client).sessions(KC).fetch()
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(400, b'{"message": "\xff"}'), APIError),
        (http(400, b"[" * 100_000), APIError),
        (http(200, b"[" * 100_000), InvalidResponseError),
        (http(400, b'{"code": "' + b"9" * 5000 + b'"}'), APIError),
        (http(429, b"{}", "Retry-After: Sun, 22 Nov 99999999999999999999 10:00:00 GMT", NOW), RateLimitError),
        (http(400, b'{"message": "' + b"x" * 5_000_000 + b'"}'), APIError),
    ],
    ids=["bad UTF-8", "deep error", "deep resource", "endless code", "endless year", "endless message"],
)
async def test_whatever_a_server_sends_the_error_is_typed_and_short(answer: bytes, kind: type[Exception]):
    async with raw_server(answer) as server, client_of(server, max_attempts=1) as client:
        with pytest.raises(kind) as caught:
            await service_of(client).sessions(KC).fetch()
    assert len(str(caught.value)) < 3000


@pytest.mark.parametrize("unique_name", ["..", ".", "\ud800", ""])
async def test_a_name_that_could_not_be_fetched_is_not_created(unique_name: str):
    async with raw_server(FOUND) as server, client_of(server) as client:
        for create in (service_of(client).sessions.create, service_of(client).sessions.get_or_create):
            with pytest.raises(ArgumentError, match="unique_name must"):
                await create(unique_name=unique_name)
        with pytest.raises(ArgumentError, match="unique_name must"):
            await client.proxy.v1.services.create(unique_name=unique_name)
    assert server.seen == []

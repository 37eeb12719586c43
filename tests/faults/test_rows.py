"""Each kind of fault by name: a test here, or the test elsewhere that already shows what happens then.

The table is checked: a test that is renamed or removed is missed here.

==== ==========================================================================================
row  shown by
==== ==========================================================================================
1    tests/core/test_transport.py::test_a_refused_connection_was_not_processed
1    tests/faults/test_departure.py::test_what_waited_for_a_place_in_the_pool_was_not_processed
1    tests/faults/test_departure.py::test_what_waited_for_a_connection_to_be_made_was_not_processed
2    tests/core/test_pipeline.py::test_reading_is_tried_again
2    tests/core/test_pipeline.py::test_nothing_else_that_creates_is_sent_twice
3    tests/core/test_transport.py::test_a_stale_connection_is_not_used_twice_in_silence
4    tests/faults/test_truncation.py::test_one_attempt
4    tests/faults/test_truncation.py::test_one_cut_and_then_the_whole
5    tests/core/test_transport.py::test_a_server_that_takes_its_time_ends_at_the_timeout
5    tests/core/test_pipeline.py::test_the_timeout_bounds_the_whole_call
6    tests/core/test_pipeline.py::test_a_server_that_cannot_prove_who_it_is_gets_nothing
7    tests/core/test_refusal.py::test_retry_after_in_every_form
7    tests/core/test_pipeline.py::test_a_wait_that_would_end_after_the_deadline_does_not_begin
7    tests/core/test_gate.py::test_a_429_pauses_its_key_and_no_other
8    tests/faults/test_rate.py::test_one_client_uses_the_budget_and_is_not_refused
8    tests/faults/test_rate.py::test_two_clients_divide_the_budget
9    tests/faults/test_matrix.py::test_one_fault
9    tests/faults/test_matrix.py::test_the_same_fault_again_and_again
9    tests/core/test_pipeline.py::test_a_dead_server_is_not_hammered
10   tests/core/test_transport.py::test_a_success_that_is_no_resource_is_an_error
10   tests/core/test_refusal.py::test_a_body_of_somebody_else_still_gives_a_typed_error
11   tests/core/test_codec.py::test_unknown_fields_are_ignored_and_unknown_values_kept
12   tests/core/test_paging.py::test_a_cycle_of_any_length_ends
12   tests/core/test_paging.py::test_what_is_not_a_page_never_passes_for_the_last_one
13   tests/core/test_paging.py::test_what_cannot_be_trusted_is_not_followed
13   tests/core/test_transport.py::test_a_foreign_next_page_is_not_followed
14   tests/core/test_transport.py::test_a_redirect_is_not_followed
15   tests/core/test_transport.py::test_a_bomb_is_stopped_while_it_unpacks
16   tests/core/test_pipeline.py::test_a_lost_create_is_found_by_its_name
17   tests/faults/test_cancellation.py::test_every_operation
17   tests/faults/test_cancellation.py::test_a_listing_of_many_pages
24   tests/core/test_pipeline.py::test_a_name_that_belongs_to_somebody_else_is_a_conflict
24   tests/faults/test_sequences.py::test_random_sequences
25   tests/core/test_pipeline.py::test_what_was_not_processed_is_sent_again_even_when_it_creates
30   tests/core/test_transport.py::test_a_client_is_made_without_a_loop_and_follows_its_user_to_another
30   tests/core/test_transport.py::test_a_client_that_was_used_before_a_fork_says_so
30   tests/core/test_transport.py::test_a_closed_client_says_so
32   tests/faults/test_canary.py::test_the_secret_is_nowhere
33   tests/core/test_arguments.py::test_what_cannot_stand_in_a_path_is_refused
33   tests/contract/test_proxy.py::test_bad_input_is_refused_before_any_request
==== ==========================================================================================

Rows 18 to 23, 26 to 29, 31, 34 and 35 concern an export or a command, and are not about one call.
"""

from __future__ import annotations

import ast
import asyncio
import json
import random
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from canary import SECRET
from raw_server import http, raw_server

from twilio_sessions import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncClient,
    BadRequestError,
)
from twilio_sessions.emulator import Emulator, Fault
from twilio_sessions.events import Event, RequestRetried

if TYPE_CHECKING:
    from raw_server import Answer

ACCOUNT = "AC" + "0" * 32
KS = "KS" + "1" * 32
KC = "KC" + "2" * 32
FOUND = http(200, json.dumps({"sid": KC}).encode())
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.0)


@pytest.mark.parametrize("shown", re.findall(r"^\d+ +(\S+::\S+)$", __doc__, re.MULTILINE))
def test_the_table_names_tests_that_exist(shown: str):
    path, name = shown.split("::")
    module = ast.parse((ROOT / path).read_text())
    assert name in {
        node.name for node in module.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_table_and_this_file_have_every_row():
    rows = {int(row) for row in re.findall(r"^(\d+) +\S+::", __doc__, re.MULTILINE)}
    assert rows == {*range(1, 18), 24, 25, 30, 32, 33}


async def test_row_1_what_nobody_received_is_sent_again_whatever_it_is():
    """Refused connections: a create, too, is tried as often as anything else, and was not processed."""
    async with raw_server(FOUND) as server:
        url = server.url
    async with AsyncClient(ACCOUNT, SECRET, proxy_url=url, max_attempts=3) as client:
        with pytest.raises(APIConnectionError, match="was not processed") as caught:
            await client.proxy.v1.services(KS).sessions.create(ttl=60)
        assert client.counters.requests == 3
    assert not caught.value.maybe_processed


async def test_row_1_what_was_refused_once_succeeds_when_somebody_listens(monkeypatch: pytest.MonkeyPatch):
    async with raw_server(FOUND) as server:
        port = int(server.url.rsplit(":", 1)[1])
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(FOUND.replace(b"200", b"201", 1))
        await writer.drain()
        writer.close()

    late: list[asyncio.Task[asyncio.Server]] = []

    def listen(event: Event) -> None:
        if isinstance(event, RequestRetried) and not late:
            late.append(asyncio.create_task(asyncio.start_server(serve, "127.0.0.1", port)))

    # Long enough between attempts for somebody to begin to listen.
    monkeypatch.setattr(random, "random", lambda: 0.5)
    async with AsyncClient(ACCOUNT, SECRET, proxy_url=f"http://127.0.0.1:{port}", on_event=listen) as client:
        made = await client.proxy.v1.services(KS).sessions.create(ttl=60)
    assert made.sid == KC
    assert len(asked) == 1
    (await late[0]).close()


async def test_row_3_a_connection_that_went_stale_is_no_error_of_a_read():
    async def answer_and_leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(FOUND)
        await writer.drain()

    async def leave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    answers: tuple[Answer, ...] = (answer_and_leave, leave, FOUND)
    async with (
        raw_server(*answers) as server,
        AsyncClient(ACCOUNT, SECRET, proxy_url=server.url) as client,
    ):
        session = client.proxy.v1.services(KS).sessions(KC)
        assert (await session.fetch()).sid == KC
        assert (await session.fetch()).sid == KC
        assert len(server.seen) == client.counters.requests == 3


async def test_row_5_an_attempt_that_comes_up_after_the_deadline_is_not_made():
    """A loop that is busy may wake a call late; an attempt with no time left must not have all of it."""

    async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():  # noqa: ASYNC110 - a transport has no event for it
            await asyncio.sleep(0.01)

    def be_busy(event: Event) -> None:
        if isinstance(event, RequestRetried):
            time.sleep(0.5)

    async with raw_server(http(503, b"{}"), stall) as server:
        client = AsyncClient(
            *(ACCOUNT, SECRET), proxy_url=server.url, timeout=0.3, rate_limit=False, on_event=be_busy
        )
        async with client, asyncio.timeout(5):
            with pytest.raises(APITimeoutError, match="not sent: the deadline has passed"):
                await client.proxy.v1.services(KS).fetch()
        assert len(server.seen) == client.counters.requests == 1


@pytest.mark.parametrize("head", [b"X: y\r\n" * 20_000, b"X: " + b"y" * 100_000 + b"\r\n"])
async def test_row_15_a_flood_of_headers_is_a_broken_answer(head: bytes):
    flood = FOUND.replace(b"\r\n", b"\r\n" + head, 1)
    async with (
        raw_server(flood) as server,
        AsyncClient(ACCOUNT, SECRET, proxy_url=server.url, max_attempts=2) as client,
    ):
        with pytest.raises(APIConnectionError):
            await client.proxy.v1.services(KS).fetch()
        assert len(server.seen) == 2


@pytest.mark.parametrize("year", [2001, 2099])
async def test_row_16_this_machines_clock_does_not_matter(year: int):
    """What to wait for is measured by the server's clock, in whatever year it lives."""
    date = f"{year} 10:00:00 GMT"
    weekday = {2001: "Mon", 2099: "Thu"}[year]
    busy = http(
        503, b"{}", f"Date: {weekday}, 01 Jan {date}", f"Retry-After: {weekday}, 01 Jan {year} 10:00:01 GMT"
    )
    async with (
        raw_server(busy, FOUND) as server,
        AsyncClient(ACCOUNT, SECRET, proxy_url=server.url) as client,
    ):
        began = time.monotonic()
        assert (await client.proxy.v1.services(KS).sessions(KC).fetch()).sid == KC
        assert 0.9 < time.monotonic() - began < 20


async def test_row_24_of_creates_half_of_whose_answers_are_lost_each_exists_once():
    async with Emulator(auth_token=SECRET) as emulator:
        told = emulator.environment()
        async with AsyncClient(
            told["TWILIO_ACCOUNT_SID"], told["TWILIO_AUTH_TOKEN"], proxy_url=emulator.base_url
        ) as client:
            service = await client.proxy.v1.services.create(unique_name="rides")
            sessions = client.proxy.v1.services(service.sid).sessions
            emulator.faults.add(
                Fault("reset", operation="sessions.create", when="after", probability=0.5, seed=3)
            )
            made = [await sessions.create(unique_name=f"Order #{number}") for number in range(20)]
        lost = sum(one.fault is not None for one in emulator.requests)
        assert 5 <= lost <= 15
        assert {one.sid for one in made} == set(emulator.store.sessions)
        assert len(made) == len(emulator.store.sessions) == 20


@pytest.mark.parametrize("code", [80604, 80402])
async def test_row_25_what_is_in_use_is_refused_once_and_by_its_code(code: int):
    refusal = http(400, json.dumps({"code": code, "message": "in use", "status": 400}).encode())
    async with raw_server(refusal) as server, AsyncClient(ACCOUNT, SECRET, proxy_url=server.url) as client:
        with pytest.raises(BadRequestError, match=f"HTTP 400, Twilio error {code}: in use") as caught:
            await client.proxy.v1.services(KS).sessions(KC).participants.create(identifier="+14155550100")
        assert isinstance(caught.value, APIError)
        assert caught.value.code == code
        assert len(server.seen) == 1

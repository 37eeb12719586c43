"""Listings: lazy, one hop per page, and released when they are left."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from served import SilentServer, client_of, page

from twilio_sessions import ConfigurationError, InvalidResponseError
from twilio_sessions.sync import Pager

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from twilio_sessions import Client
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.sync import Sessions

NEXT = "https://assistants.twilio.com/v1/Sessions?PageSize=100&Page=1&PageToken=PT1"


def runtime_of(client: Client) -> Any:
    return client._runtime  # noqa: SLF001 - what pagers are made by


def test_one_row_costs_one_request(sessions: Sessions, emulator: Emulator):
    listing = sessions.list(page_size=10)
    assert len(emulator.requests) == 0
    assert next(listing).sid
    listing.close()
    assert len(emulator.requests) == 1


def test_rows_of_the_first_page_cost_one_request(sessions: Sessions, emulator: Emulator):
    listing = sessions.list(page_size=10)
    for _ in range(10):
        next(listing)
    listing.close()
    assert len(emulator.requests) == 1


def test_it_reads_one_page_ahead_from_the_second_on(sessions: Sessions, emulator: Emulator):
    pages = sessions.pages(page_size=10)
    next(pages)
    second = next(pages)
    for _ in range(100):
        if len(emulator.requests) == 3:
            break
        threading.Event().wait(0.01)
    threading.Event().wait(0.05)
    assert len(emulator.requests) == 3, "as many as the async client asks for, and not one more"
    assert next(pages).page == (second.page or 0) + 1
    pages.close()


def test_a_page_is_one_hop_and_a_row_none(sessions: Sessions, monkeypatch: pytest.MonkeyPatch):
    hops: Counter[str] = Counter()
    listing = sessions.list(page_size=50)
    rows = [next(listing)]
    pump: Any = listing._pump  # noqa: SLF001 - to count what crosses over
    loop = pump.lease.portal.loop
    real = loop.call_soon_threadsafe

    def counted(callback: Any, *args: Any, **kwargs: Any) -> Any:
        hops[threading.current_thread().name] += 1
        return real(callback, *args, **kwargs)

    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    rows += list(listing)
    assert len(rows) > 200
    assert hops["MainThread"] == -(-len(rows) // 50), "one for each page, the last of which says that it ends"


def test_leaving_in_the_middle_releases_the_connection():
    with SilentServer(page(3, following=NEXT), page(3, following=NEXT[:-1] + "2")) as server:
        client = server.client()
        for number, _ in enumerate(client.assistants.v1.sessions.list()):
            if number == 4:
                break
        assert server.was_asked(), "the third page is on its way"
        assert server.was_dropped(), "and is given up"
        client.close()


def test_closing_waits_until_the_connection_is_released():
    with SilentServer(page(3, following=NEXT), page(3, following=NEXT[:-1] + "2")) as server:
        client = server.client()
        with client.assistants.v1.sessions.list() as listing:
            for _ in range(4):
                next(listing)
            assert server.was_asked()
        lease = runtime_of(client).lease
        assert lease.jobs == set()
        assert server.was_dropped()
        assert list(listing) == []
        client.close()


def test_a_dropped_iterator_leaves_nothing_behind(client: Client, sessions: Sessions):
    for _ in range(20):
        next(sessions.list(page_size=5))
    gc.collect()
    lease = runtime_of(client).lease
    done = threading.Event()
    lease.portal.loop.call_soon_threadsafe(done.set)
    for _ in range(500):
        if not lease.jobs:
            break
        threading.Event().wait(0.01)
    assert lease.jobs == set()


def test_a_generator_lives_in_one_task(client: Client):
    tasks = set()

    async def steps() -> AsyncGenerator[int, None]:
        async with asyncio.timeout(10), asyncio.TaskGroup():
            for number in range(3):
                tasks.add(asyncio.current_task())
                yield number

    assert list(runtime_of(client).iterate(steps())) == [0, 1, 2]
    assert len(tasks) == 1


def test_an_error_comes_out_where_it_is_met_and_ends_the_iteration(client: Client):
    async def steps() -> AsyncGenerator[int, None]:
        yield 1
        raise LookupError("in the middle")

    pager = runtime_of(client).iterate(steps())
    assert next(pager) == 1
    with pytest.raises(LookupError, match="in the middle") as caught:
        next(pager)
    names = [frame.name for frame in caught.traceback]
    assert names[0] == "test_an_error_comes_out_where_it_is_met_and_ends_the_iteration"
    assert names[-1] == "steps"
    assert "_guard" not in names
    assert list(pager) == []


def test_a_row_that_cannot_be_read_ends_the_iteration():
    with SilentServer(page(1, following=NEXT).replace(b'"id"', b'"xx"')) as server:
        client = server.client()
        listing = client.assistants.v1.sessions.list()
        with pytest.raises(InvalidResponseError):
            next(listing)
        assert list(listing) == []
        client.close()


def test_threads_share_an_iterator_and_each_row_comes_once(sessions: Sessions):
    whole = [session.sid for session in sessions.list()]
    listing = sessions.list(page_size=7)
    with ThreadPoolExecutor(8) as pool:
        parts = list(pool.map(lambda _: [session.sid for session in listing], range(8)))
    assert sorted(sid for part in parts for sid in part) == sorted(whole)


def test_a_close_by_another_thread_ends_the_iteration(emulator: Emulator):
    client = client_of(emulator)
    listing = client.assistants.v1.sessions.list(page_size=5)
    assert next(listing).id
    client.close()
    rest = [next(listing) for _ in range(4)]
    assert len(rest) == 4, "what is in hand is given out"
    with pytest.raises(ConfigurationError, match="closed"):
        next(listing)
    assert list(listing) == []


def test_a_close_ends_a_wait_for_a_page():
    with SilentServer() as server, ThreadPoolExecutor(1) as pool:
        client = server.client()
        waiting = pool.submit(next, client.assistants.v1.sessions.list())
        assert server.was_asked()
        client.close()
        with pytest.raises(ConfigurationError, match="closed while this was under way"):
            waiting.result(5)


def test_closing_the_iterator_ends_a_wait_in_another_thread():
    with SilentServer() as server, ThreadPoolExecutor(1) as pool, server.client() as client:
        listing = client.assistants.v1.sessions.list()
        waiting = pool.submit(list, listing)
        assert server.was_asked()
        listing.close()
        assert waiting.result(5) == []
        assert server.was_dropped()


def test_the_context_is_that_of_the_first_step(client: Client):
    variable = contextvars.ContextVar("variable", default="at the call")

    async def steps() -> AsyncGenerator[str, None]:
        yield variable.get()
        yield variable.get()

    pager = runtime_of(client).iterate(steps())
    variable.set("at the first step")
    assert next(pager) == "at the first step"
    variable.set("later")
    assert next(pager) == "at the first step"


def test_an_iterator_that_is_never_begun_costs_nothing(client: Client):
    pager = client.assistants.v1.sessions.list()
    assert isinstance(pager, Pager)
    pager.close()
    assert list(pager) == []


def test_the_page_token_resumes(sessions: Sessions):
    whole = list(sessions.list())
    with sessions.pages(page_size=40) as pages:
        first = next(pages)
    rest = [row for found in sessions.pages(page_token=first.next_page_token) for row in found]
    assert [*first.items, *rest] == whole


def test_loops_and_steps_can_be_mixed(sessions: Sessions):
    whole = list(sessions.list())
    listing = sessions.list(page_size=7)
    taken = [next(listing)]
    for row in listing:
        taken.append(row)
        if len(taken) % 5 == 0:
            taken.append(next(listing))
        if len(taken) > 30:
            break
    assert [*taken, *listing] == whole


def test_a_close_inside_a_loop_ends_it(sessions: Sessions):
    taken = []
    listing = sessions.list(page_size=10)
    for row in listing:
        taken.append(row)
        if len(taken) == 13:
            listing.close()
    assert len(taken) == 13
    assert list(listing) == []

"""Listings over many pages: lazy, whole, in order, resumable, and never one request too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twilio_sessions import PaginationError
from twilio_sessions.emulator import Fault, Seed
from twilio_sessions.proxy import Session

if TYPE_CHECKING:
    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.proxy import AsyncServiceContext


@pytest.fixture
def seed() -> Seed:
    return Seed(services=3, sessions=450, random_seed=7)


@pytest.fixture
async def busiest(client: AsyncClient, emulator: Emulator) -> AsyncServiceContext:
    """The service with the most sessions; more than two pages of 50."""
    counts = {}
    async for service in client.proxy.v1.services.list():
        sessions = client.proxy.v1.services(service.sid).sessions
        counts[service.sid] = len([session async for session in sessions.list()])
    sid = max(counts, key=lambda sid: counts[sid])
    assert counts[sid] > 150
    emulator.requests.clear()
    return client.proxy.v1.services(sid)


async def test_a_listing_is_whole(busiest: AsyncServiceContext, emulator: Emulator):
    sessions = [session async for session in busiest.sessions.list()]
    assert all(isinstance(session, Session) for session in sessions)
    assert len({session.sid for session in sessions}) == len(sessions)
    requests = -(-len(sessions) // 100)
    assert len(emulator.requests) == requests
    small = [session async for session in busiest.sessions.list(page_size=7)]
    assert small == sessions


async def test_nothing_is_asked_before_the_first_row(busiest: AsyncServiceContext, emulator: Emulator):
    busiest.sessions.list()
    assert len(emulator.requests) == 0


async def test_one_row_costs_one_request(busiest: AsyncServiceContext, emulator: Emulator):
    listing = busiest.sessions.list(page_size=10)
    assert isinstance(await anext(listing), Session)
    await listing.aclose()
    assert len(emulator.requests) == 1


@pytest.mark.parametrize("limit", [0, 1, 49, 50, 51, 100, 120])
async def test_a_limit_is_exact_and_asks_for_no_page_too_many(
    busiest: AsyncServiceContext, emulator: Emulator, limit: int
):
    rows = [session async for session in busiest.sessions.list(limit=limit, page_size=50)]
    assert len(rows) == limit
    assert len(emulator.requests) == -(-limit // 50)


async def test_page_size_is_capped_at_what_proxy_gives(busiest: AsyncServiceContext, emulator: Emulator):
    pages = busiest.sessions.pages(page_size=5000)
    page = await anext(pages)
    await pages.aclose()
    assert len(page) == 100
    assert "PageSize=100" in emulator.requests[0].target


async def test_pages_say_where_they_stand_and_resume(busiest: AsyncServiceContext):
    whole = [session async for session in busiest.sessions.list()]
    first = await anext(pages := busiest.sessions.pages(page_size=40))
    await pages.aclose()
    assert (first.page, first.page_size, len(first)) == (0, 40, 40)
    assert list(first) == first.items == whole[:40]
    assert len(first.raw_items()) == 40
    rest = [page async for page in busiest.sessions.pages(page_token=first.next_page_token)]
    assert first.items + [session for page in rest for session in page] == whole
    assert [page.next_page_token is None for page in rest] == [False] * (len(rest) - 1) + [True]


async def test_abandoning_a_listing_leaves_nothing_behind(busiest: AsyncServiceContext):
    taken = 0
    async for _ in busiest.sessions.list(page_size=20):
        taken += 1
        if taken == 50:
            break
    assert taken == 50
    # The client still works, and the warnings that a leaked task or connection gives are errors here.
    assert len([row async for row in busiest.sessions.list(limit=5)]) == 5


async def test_assistants_are_read(client: AsyncClient, emulator: Emulator):
    sessions = [session async for session in client.assistants.v1.sessions.list()]
    assert len(sessions) == emulator.store.counts()["assistants_sessions"]
    assert await client.assistants.v1.sessions(sessions[0].id).fetch() == sessions[0]
    messages = 0
    async for session in client.assistants.v1.sessions.list(limit=20):
        async for message in client.assistants.v1.sessions(session.id).messages.list(page_size=3):
            assert message.session_id == session.id
            messages += 1
    assert messages > 0


async def test_rows_that_come_again_are_listed_once(
    busiest: AsyncServiceContext, emulator: Emulator, client: AsyncClient
):
    whole = [session.sid async for session in busiest.sessions.list()]
    emulator.faults.add(Fault("repeat-rows", operation="sessions.list", rows=7, times=None))
    assert [session.sid async for session in busiest.sessions.list(page_size=20)] == whole
    assert client.counters.duplicates == 7 * (-(-len(whole) // 20) - 1)
    limited = [session.sid async for session in busiest.sessions.list(page_size=20, limit=95)]
    assert limited == whole[:95]


async def test_pages_that_bring_nothing_new_end(busiest: AsyncServiceContext, emulator: Emulator):
    emulator.faults.add(Fault("repeat-rows", operation="sessions.list", rows=20, times=None))
    pages = [page async for page in busiest.sessions.pages(page_size=20)]
    assert sum(len(page) for page in pages) > 300, "pages are shown as they were sent"


async def test_a_server_that_leads_in_circles_is_left(busiest: AsyncServiceContext, emulator: Emulator):
    emulator.faults.add(Fault("next-page", page="loop", cycle=2, operation="sessions.list", times=None))
    with pytest.raises(PaginationError, match=r"already listed|no usable PageToken"):
        _ = [session async for session in busiest.sessions.list(page_size=20)]

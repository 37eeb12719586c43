"""Listing sessions again: what was created, changed and deleted since, at a server where that happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest
from forgery import file_of, forge

from twilio_sessions import ArchiveError, AsyncClient, NotFoundError
from twilio_sessions.emulator import Clock, Emulator, Fault, Seed
from twilio_sessions.export import (
    Changes,
    Partition,
    compare_sessions,
    export,
    export_since_last,
    open_archive,
)
from twilio_sessions.export._changes import ListedAgain

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twilio_sessions.proxy import AsyncSessions

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
SEED: Final = Seed(services=2, sessions=500, random_seed=3, participants=20, interactions=20, anchor=NOW)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED, clock=Clock(lambda: NOW)) as running:
        yield running


@pytest.fixture
async def client(emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    told = emulator.environment()
    async with AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        rate_limit=False,
        max_attempts=1,
    ) as made:
        yield made


def sessions_of(client: AsyncClient, partition: Partition) -> AsyncSessions:
    assert partition.service_sid is not None
    return client.proxy.v1.services(partition.service_sid).sessions


def largest(root: Path) -> Partition:
    return file_of(root, "sessions").partition


def archived(root: Path, partition: Partition) -> dict[str, str]:
    """Return the status of each session by its SID."""
    rows = map(json.loads, open_archive(root).rows_of(partition, "sessions"))
    return {row["sid"]: row["status"] for row in rows}


async def test_nothing_has_changed_right_after_an_export(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    assert (await compare_sessions(client, tmp_path, partition)).is_empty
    assert (await compare_sessions(client, str(tmp_path), partition)).is_empty


async def test_what_was_created_changed_and_deleted_since_is_named(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    sessions = sessions_of(client, partition)
    there = archived(tmp_path, partition)
    closed, touched = [sid for sid, status in there.items() if status == "open"][:2]
    deleted = [sid for sid in there if sid not in {closed, touched}][::50]
    emulator.clock.advance(timedelta(hours=1))
    created = await sessions.create()
    await sessions(closed).update(status="closed")
    await sessions(touched).update(ttl=5000)
    for sid in deleted:
        await sessions(sid).delete()
    changes = await compare_sessions(client, tmp_path, partition)
    assert changes.added == (created.sid,)
    assert sorted(changes.removed) == sorted(deleted)
    assert sorted(changes.changed) == sorted([closed, touched])


async def test_rows_may_come_from_anywhere_in_any_order(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    rows = list(open_archive(tmp_path).rows_of(partition, "sessions"))
    assert (await compare_sessions(client, reversed(rows), partition)).is_empty
    first = json.loads(rows[0])["sid"]
    assert await compare_sessions(client, rows[1:], partition) == Changes(added=(first,))


async def test_little_is_kept_when_both_sides_come_in_the_same_order(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    sessions = sessions_of(client, partition)
    for _ in range(5):
        await sessions.create()
    kept: list[int] = []
    again = ListedAgain.of(client, open_archive(tmp_path), partition, "sessions")
    again.notify = lambda _: kept.append(again.comparison.waiting)
    await again.run()
    assert again.comparison.archived.count > 300
    assert len(kept) > 3
    assert max(kept) <= 10


async def test_only_sessions_that_were_wanted_are_compared(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[], statuses=["open"])
    partition = largest(tmp_path)
    sessions = sessions_of(client, partition)
    there = archived(tmp_path, partition)
    assert set(there.values()) == {"open"}
    others = [session async for session in sessions.list() if session.status != "open"]
    assert (await compare_sessions(client, tmp_path, partition)).is_empty

    closed, deleted = list(there)[:2]
    await sessions(closed).update(status="closed")
    await sessions(deleted).delete()
    await sessions(others[0].sid).delete()
    created = await sessions.create(status="open")
    changes = await compare_sessions(client, tmp_path, partition)
    assert changes == Changes((created.sid,), (deleted,), (closed,))


async def test_sessions_are_listed_once_where_dates_say_all(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    middle = sorted(session.date_created for session in emulator.store.sessions.values())[SEED.sessions // 2]
    await export(client, tmp_path, include=[], created_after=middle)
    partition = largest(tmp_path)
    deleted = next(iter(archived(tmp_path, partition)))
    await sessions_of(client, partition)(deleted).delete()
    emulator.requests.clear()
    assert await compare_sessions(client, tmp_path, partition) == Changes(removed=(deleted,))
    targets = [request.target for request in emulator.requests]
    assert len(targets) == len(set(targets))


async def test_a_row_that_comes_again_on_the_next_page_is_counted_once(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path, include=[])
    emulator.faults.add(Fault("repeat-rows", operation="sessions.list", rows=3))
    assert (await compare_sessions(client, tmp_path, largest(tmp_path))).is_empty
    assert not emulator.faults.pending


async def test_a_service_that_is_gone_cannot_be_listed(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    await client.proxy.v1.services(partition.service_sid or "").delete()
    with pytest.raises(NotFoundError):
        await compare_sessions(client, tmp_path, partition)


async def test_a_row_that_is_none_is_named(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    forge(file_of(tmp_path, "sessions"), lambda lines: [b"{", *lines[1:]], tallies=True)
    with pytest.raises(
        ArchiveError, match=r"a row of the sessions of AC\w+/proxy/KS\w+ in the archive cannot be"
    ):
        await compare_sessions(client, tmp_path, partition)


async def test_what_an_increment_found_to_be_gone_is_not_missed_again(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    partition = largest(tmp_path)
    sessions = sessions_of(client, partition)
    deleted, changed, later = list(archived(tmp_path, partition))[:3]
    await sessions(deleted).delete()
    await sessions(changed).update(ttl=5000)
    await export_since_last(client, tmp_path)
    assert (await compare_sessions(client, tmp_path, partition)).is_empty
    await sessions(later).delete()
    assert await compare_sessions(client, tmp_path, partition) == Changes(removed=(later,))

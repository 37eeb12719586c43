"""Sessions that move at Twilio while they are exported are named in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from twilio_sessions import AsyncClient
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import Changes, export, open_archive

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=Seed(services=1, sessions=30, random_seed=3)) as running:
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
    ) as made:
        yield made


async def test_sessions_that_moved_while_they_were_read_are_named(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    (service,) = [each async for each in client.proxy.v1.services.list()]
    sessions = client.proxy.v1.services(service.sid).sessions
    there = [each async for each in sessions.list()]
    removed = there[0]
    changed = next(each for each in there[1:] if each.status == "open")
    # One nested listing takes its time, so that the export is not over yet.
    emulator.faults.add(Fault(do="delay", operation="interactions.list", delay=1.0, nth=5))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(export, client, tmp_path)
        while not any(each.operation == "interactions.list" for each in emulator.requests):  # noqa: ASYNC110 - the other end
            await anyio.sleep(0.01)
        created = await sessions.create(unique_name="meanwhile")
        await sessions(changed.sid).update(status="closed")
        await sessions(removed.sid).delete()

    moved = [each.moved for each in open_archive(tmp_path).manifest.partitions if each.partition.service_sid]
    assert moved == [Changes(added=(created.sid,), removed=(removed.sid,), changed=(changed.sid,))]


async def test_where_nothing_moves_nothing_is_named(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path)
    assert all(each.moved.is_empty for each in open_archive(tmp_path).manifest.partitions)


async def test_sessions_alone_are_listed_once(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=["phone-numbers"], products=["proxy"])
    assert sum(each.operation == "sessions.list" for each in emulator.requests) == 1


async def test_a_service_that_is_deleted_before_the_end_is_noted(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    gone = Fault(do="answer", operation="sessions.list", status=404, code=20404, nth=2)
    emulator.faults.add(gone)
    report = await export(client, tmp_path, products=["proxy"])
    assert [each.what.split()[:3] for each in report.skipped] == [["the", "rest", "of"]]
    assert report.rows["sessions"] == 30

"""What the world does to an export that is under way: nothing that was read is lost, and it goes on later."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from archives import client_of, emulator_of, rows_held, rows_in
from canary import SECRET
from watching import anyio_backend  # noqa: F401 - a fixture

from twilio_sessions import AsyncClient, AuthenticationError, ExportIncompleteError
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import ExportProgress, export, open_archive
from twilio_sessions.export._layout import CHECKPOINT, Checkpoint, unseal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twilio_sessions.export import ExportReport

SEED = Seed(
    services=3, sessions=450, participants=300, interactions=900, assistants_sessions=30, random_seed=8
)


@asynccontextmanager
async def twilio(**options: Any) -> AsyncGenerator[tuple[Emulator, AsyncClient]]:
    async with emulator_of(SEED, **options) as emulator, client_of(emulator.base_url) as client:
        yield emulator, client


async def run(client: AsyncClient, out: Path, **options: Any) -> ExportReport:
    return await export(client, out, **{"part_rows": 300} | options)


def default(rows: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    return {name: each for name, each in rows.items() if name != "message-interactions"}


async def stop_at(
    client: AsyncClient, out: Path, rows: int, resource: str | None = None, **options: Any
) -> None:
    """Run until so many rows have been read, of all or of one resource, and cancel it."""
    task: asyncio.Task[ExportReport]

    def stop(progress: ExportProgress) -> None:
        if (progress.rows[resource] if resource else progress.total_rows) >= rows:
            task.cancel()

    task = asyncio.create_task(run(client, out, on_progress=stop, **options))
    with pytest.raises(asyncio.CancelledError):
        await task


def checkpoints(out: Path) -> list[Checkpoint]:
    return [unseal(path.read_bytes(), Checkpoint, "x") for path in out.rglob(CHECKPOINT)]


def tokens(out: Path) -> list[str]:
    """Return the page tokens that the next run will go on with."""
    stages = [stage for found in checkpoints(out) for stage in found.stages.values()]
    return [walk.token for stage in stages for walk in stage.walks.values() if walk.token]


@pytest.mark.parametrize("rows", [1, 150, 500, 1000, 1500])
async def test_a_cancelled_export_goes_on(tmp_path: Path, rows: int):
    async with twilio() as (emulator, client):
        await stop_at(client, tmp_path, rows, concurrency=16)
        manifest = open_archive(tmp_path).manifest
        assert not manifest.is_complete
        assert len(manifest.unfinished) + len(manifest.partitions) == 5
        await run(client, tmp_path, concurrency=16)
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))
        # Everything that had been read was kept, but for what came while it was being stopped.
        again = Counter(request.target for request in emulator.requests)
        assert again.total() - len(again) <= 2 * (16 + 5)


@pytest.mark.parametrize("order", ["newest-first", "oldest-first"])
async def test_page_tokens_that_expired_since(tmp_path: Path, order: str):
    """Twilio answers 400: the listing begins anew, and what is there already is not added again."""
    seed = attrs.evolve(SEED, services=1)
    async with emulator_of(seed, order=order) as emulator, client_of(emulator.base_url) as client:
        await stop_at(client, tmp_path, 100, "sessions", concurrency=8)
        expired = tokens(tmp_path)
        assert expired, "nothing was read in part"
        for token in expired:
            fault = Fault("answer", status=400, code=21481, target=re.escape(token))
            emulator.faults.add(fault)
        report = await run(client, tmp_path)
        assert report.is_complete
        assert not emulator.faults.standings()
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))


@pytest.mark.parametrize("kind", ["token", "api key"])
async def test_credentials_rotated_midway(tmp_path: Path, kind: str):
    """401 in the middle: it stops at once, and goes on with other credentials of the account."""
    key = "SK" + "1" * 32
    emulator = Emulator(seed=SEED, auth_token=SECRET, api_keys={key: SECRET})
    async with emulator:
        url = emulator.base_url
        emulator.faults.add(Fault("answer", status=401, code=20003, nth=40, times=None))
        async with client_of(url, max_attempts=5) as client:
            with pytest.raises(AuthenticationError, match="20003"):
                await run(client, tmp_path, concurrency=8)
        refused = [request for request in emulator.requests if request.status == 401]
        # Those that were on their way, and none again.
        assert 1 <= len(refused) <= 16
        kept = sum(file.rows for found in checkpoints(tmp_path) for file in found.files)
        assert kept > 0
        emulator.faults.clear()
        credentials: dict[str, Any] = {"auth_token": SECRET}
        if kind == "api key":
            credentials = {"api_key": key, "api_secret": SECRET}
        async with AsyncClient(
            emulator.account_sid, proxy_url=url, assistants_url=url, rate_limit=False, **credentials
        ) as client:
            report = await run(client, tmp_path)
        assert report.rows_read < report.total_rows
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))


async def test_a_service_deleted_midway(tmp_path: Path):
    deleting: list[asyncio.Task[None]] = []
    async with twilio(latency=0.002) as (emulator, client):
        # The largest, which is not read to its end by then.
        service = max(emulator.store.services, key=lambda each: len(each.sessions))

        def delete(progress: ExportProgress) -> None:
            if progress.rows["participants"] > 20 and not deleting:
                deleting.append(asyncio.create_task(client.proxy.v1.services(service.sid).delete()))

        report = await run(client, tmp_path, on_progress=delete, concurrency=16)
        await deleting[0]
        assert [each.what for each in report.skipped if "rest" in each.what] == [f"the rest of {service.sid}"]
        assert report.is_complete
        rows = rows_in(tmp_path)
        held = rows_held(emulator)
        # The others are whole; of this one there is what was read of it, once.
        for name in ("sessions", "participants", "interactions"):
            assert set(held[name]) <= set(rows[name])
            assert len(set(rows[name])) == len(rows[name])
            of_the_deleted = f'"service_sid":"{service.sid}"'.encode()
            assert all(of_the_deleted in row for row in set(rows[name]) - set(held[name]))
        # And the next run does not look for it again.
        emulator.requests.clear()
        assert (await run(client, tmp_path)).rows == report.rows
        assert len(emulator.requests) == 0


async def test_sessions_deleted_midway(tmp_path: Path):
    deleting: list[asyncio.Task[None]] = []
    async with twilio(latency=0.002) as (emulator, client):
        victims = list(emulator.store.sessions.values())[::10]

        async def delete_all() -> None:
            for session in victims:
                await client.proxy.v1.services(session.service.sid).sessions(session.sid).delete()

        def delete(progress: ExportProgress) -> None:
            if progress.rows["sessions"] > 100 and not deleting:
                deleting.append(asyncio.create_task(delete_all()))

        report = await run(client, tmp_path, on_progress=delete, concurrency=8)
        await deleting[0]
        assert report.is_complete
        rows, held = rows_in(tmp_path), rows_held(emulator)
        sids = {session.sid for session in victims}
        for skipped in report.skipped:
            assert skipped.what.split()[-1] in sids
        assert report.skipped
        for name in ("sessions", "participants", "interactions"):
            assert set(held[name]) <= set(rows[name])
            assert len(set(rows[name])) == len(rows[name])


@pytest.mark.parametrize("status", [404, 410])
async def test_a_product_switched_off_midway(tmp_path: Path, status: int):
    async with twilio() as (emulator, client):
        emulator.faults.add(Fault("answer", status=status, operation="assistants.*", nth=5, times=None))
        report = await run(client, tmp_path, concurrency=4)
        assert report.skipped
        assert all(str(status) in skipped.why for skipped in report.skipped)
        assert report.is_complete
        assert report.rows["sessions"] == 450
        assert report.rows["assistants-sessions"] == 30


@pytest.mark.parametrize("do", ["reset", "answer"])
async def test_an_outage_that_passes(tmp_path: Path, do: Any):
    status = 503 if do == "answer" else None
    async with twilio() as (emulator, client):
        waited: list[str] = []

        def note(progress: ExportProgress) -> None:
            if progress.waiting_for is not None:
                waited.append(progress.waiting_for)
                emulator.faults.clear()

        emulator.faults.add(Fault(do, nth=30, times=None, status=status))
        report = await run(client, tmp_path, on_progress=note, patience=30)
        assert waited
        assert report.is_complete
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))


async def test_an_outage_between_the_plan_and_the_first_page(tmp_path: Path):
    async with twilio() as (emulator, client):
        emulator.faults.add(Fault("answer", status=503, nth=2, times=None))
        asyncio.get_running_loop().call_later(0.3, emulator.faults.clear)
        report = await run(client, tmp_path, products=["proxy"], include=[], patience=30)
        assert report.is_complete


async def test_an_outage_when_sessions_are_looked_at_again(tmp_path: Path):
    """All is read by then, and whether sessions moved meanwhile is asked page by page once more."""
    seed = attrs.evolve(SEED, services=1)
    async with emulator_of(seed) as emulator, client_of(emulator.base_url) as client:
        emulator.faults.add(Fault("answer", status=503, operation="sessions.list", nth=7, times=2))
        report = await run(client, tmp_path, products=["proxy"], patience=30)
        assert not emulator.faults.standings()
        assert report.is_complete


async def test_an_outage_that_lasts(tmp_path: Path):
    async with twilio() as (emulator, client):
        emulator.faults.add(Fault("answer", status=503, nth=30, times=None))
        with pytest.raises(ExportIncompleteError, match="were not read to the end; the same export goes on"):
            await run(client, tmp_path, patience=1, concurrency=16)
        # Nobody hammers a server that is down: each listing that was under way tried a few times more.
        assert len(emulator.requests) < 30 + (16 + 5) * 4
        emulator.faults.clear()
        report = await run(client, tmp_path)
        assert report.is_complete
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))


async def test_faults_of_all_kinds(tmp_path: Path):
    async with emulator_of(SEED) as emulator, client_of(emulator.base_url, max_attempts=5) as client:
        for number, fault in enumerate(
            [
                {"do": "reset"},
                {"do": "answer", "status": 500},
                {"do": "truncate", "framing": "chunked"},
                {"do": "truncate", "framing": "close"},
                {"do": "cut-json"},
                {"do": "html"},
                {"do": "hang-up", "when": "after"},
            ]
        ):
            emulator.faults.add(Fault(**fault, probability=0.01, seed=number))  # type: ignore[arg-type]
        report = await run(client, tmp_path, patience=30)
        assert report.is_complete
        assert default(rows_in(tmp_path)) == default(rows_held(emulator))

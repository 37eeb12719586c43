"""Partitions that are exported in processes of their own make the same archive as one export."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest

from twilio_sessions import ArchiveError, ArgumentError, AsyncClient
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.export import commit, export, export_partition, open_archive, plan, select

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.export import Partition

ACCOUNT = "AC" + "0" * 32
TOKEN = "a-secret-of-the-test"


def client_of(base_url: str) -> AsyncClient:
    return AsyncClient(ACCOUNT, TOKEN, proxy_url=base_url, assistants_url=base_url, rate_limit=False)


def emulated(services: int, sessions: int = 3) -> Emulator:
    seed = Seed(services=services, sessions=sessions, random_seed=4)
    return Emulator(account_sid=ACCOUNT, auth_token=TOKEN, seed=seed)


def work(base_url: str, partition: bytes, out: str) -> int:
    """Export one partition in whatever process this is."""

    async def main() -> int:
        async with client_of(base_url) as client:
            manifest = await export_partition(client, pickle.loads(partition), out)
        return sum(tally.rows for tally in manifest.tallies.values())

    return asyncio.run(main())


def content(out: Path) -> dict[tuple[str, str], list[bytes]]:
    archive = open_archive(out)
    partitions = [each.partition for each in archive.manifest.partitions]
    resources = {(each.product, name) for each in partitions for name in each.include}
    return {key: sorted(row for _, row in archive.rows(*key)) for key in sorted(resources)}


async def test_partitions_cross_processes_and_the_archive_is_the_same(tmp_path: Path):
    async with emulated(services=3, sessions=60) as emulator:
        async with client_of(emulator.base_url) as client:
            await export(client, tmp_path / "one")
            partitions = await plan(client)
        sent = [pickle.dumps(partition) for partition in partitions]
        assert not any(TOKEN.encode() in each for each in sent)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as pool:
            out = str(tmp_path / "many")
            jobs = [pool.submit(work, emulator.base_url, each, out) for each in reversed(sent)]
            rows = [await anyio.to_thread.run_sync(job.result) for job in jobs]
    manifest = commit(out, partitions)
    assert manifest.is_complete
    assert sum(manifest.rows.values()) == sum(rows)
    assert content(tmp_path / "many") == content(tmp_path / "one")
    assert manifest.rows == open_archive(tmp_path / "one").manifest.rows


async def test_what_is_not_finished_is_named(tmp_path: Path):
    async with emulated(services=2) as emulator, client_of(emulator.base_url) as client:
        partitions = await plan(client, select(products=["proxy"]))
        await export_partition(client, partitions[1], tmp_path)
        manifest = commit(tmp_path, partitions)
        assert not manifest.is_complete
        assert manifest.unfinished == (partitions[0].key, partitions[2].key)
        for partition in partitions:
            await export_partition(client, partition, tmp_path)
    assert commit(tmp_path, partitions).is_complete
    assert json.loads((tmp_path / "manifest.json").read_text())["is_complete"] is True


async def test_a_finished_partition_is_not_asked_for_again(tmp_path: Path):
    async with emulated(services=1) as emulator, client_of(emulator.base_url) as client:
        partitions = await plan(client, select(products=["proxy"]))
        first = await export_partition(client, partitions[1], tmp_path)
        requests = client.counters.requests
        again = await export_partition(client, partitions[1], tmp_path)
        assert client.counters.requests == requests
    assert again == first


def test_another_plan_is_refused_and_none_at_all(tmp_path: Path):
    with pytest.raises(ArgumentError, match="there is none"):
        commit(tmp_path, [])


async def test_the_plan_of_an_archive_is_not_exchanged_for_another(tmp_path: Path):
    async with emulated(services=2) as emulator, client_of(emulator.base_url) as client:
        partitions = await plan(client, select(products=["proxy"]))
        for partition in partitions:
            await export_partition(client, partition, tmp_path)
    commit(tmp_path, partitions)
    before = (tmp_path / "plan.json").read_bytes()
    with pytest.raises(ArchiveError, match="planned with 3 partitions, and these 1 are others"):
        commit(tmp_path, partitions[:1])
    assert (tmp_path / "plan.json").read_bytes() == before


async def test_a_partition_of_another_plan_is_refused(tmp_path: Path):
    async with emulated(services=1) as emulator, client_of(emulator.base_url) as client:
        for partition in await plan(client, select(products=["proxy"])):
            await export_partition(client, partition, tmp_path)
        other: list[Partition] = await plan(client, select(products=["proxy"], compress="none"))
    with pytest.raises(ArchiveError, match="compress was 'zstd' and is 'none' now"):
        commit(tmp_path, other)

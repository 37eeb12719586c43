"""A later export of the same archive: what is new or has changed, and nothing else."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from written import written as written_archive

from twilio_sessions import ArchiveError, AsyncClient, ExportIncompleteError
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import ExportReport, export, export_since_last, open_archive, verify
from twilio_sessions.export._since import Known, known_before
from twilio_sessions.export._verify import RowCount, count_rows

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

SEED = Seed(services=3, sessions=240, random_seed=3)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED) as running:
        yield running


def client_of(emulator: Emulator) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        rate_limit=False,
        max_attempts=1,
    )


@pytest.fixture
async def client(emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    async with client_of(emulator) as made:
        yield made


def written(report: ExportReport) -> dict[str, int]:
    return {name: rows for name, rows in report.rows.items() if rows}


def asked(emulator: Emulator) -> Counter[str]:
    """Count the requests so far by the last segment that is no SID."""
    return Counter(request.target.split("?")[0].split("/")[-1] for request in emulator.requests)


async def test_nothing_new_writes_nothing_and_asks_for_nothing_nested(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path)
    before = asked(emulator)
    report = await export_since_last(client, tmp_path)
    assert written(report) == {}
    now = asked(emulator) - before
    assert now["Participants"] == now["Interactions"] == now["Messages"] == 0
    assert now["Sessions"] > 0


async def test_new_changed_and_removed_sessions(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path)
    archived = {row for _, row in open_archive(tmp_path).rows("proxy", "sessions")}
    service = next(iter([each async for each in client.proxy.v1.services.list() if each.sid]))
    sessions = client.proxy.v1.services(service.sid).sessions
    there = [session async for session in sessions.list()]
    created = await sessions.create(unique_name="new", participants=[{"identifier": "+14155550199"}])
    changed = next(each for each in there if each.status == "open")
    await sessions(changed.sid).update(status="closed")
    removed = next(each for each in there if each.sid != changed.sid)
    await sessions(removed.sid).delete()

    before = asked(emulator)
    report = await export_since_last(client, tmp_path)

    assert report.rows["sessions"] == 2
    assert (asked(emulator) - before)["Participants"] == 2
    manifest = open_archive(tmp_path).manifest
    gone = [sid for each in manifest.partitions for sid in each.removed.get("sessions", ())]
    assert gone == [removed.sid]
    rows = [row for _, row in open_archive(tmp_path).rows("proxy", "sessions")]
    assert len(rows) == len(archived) + 1
    assert sum(created.sid.encode() in row for row in rows) == 1
    (latest,) = (row for row in rows if f'"sid":"{changed.sid}"'.encode() in row.replace(b": ", b":"))
    assert b"closed" in latest


async def test_each_export_refers_to_the_one_that_it_follows(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path)
    await export_since_last(client, tmp_path)
    await export_since_last(client, tmp_path)
    first, second, third = open_archive(tmp_path).layers
    assert first.manifest.since is None
    assert second.manifest.since == hashlib.sha256(first.folder.read("manifest.json")).hexdigest()
    assert third.manifest.since == hashlib.sha256(second.folder.read("manifest.json")).hexdigest()


async def test_the_first_export_again_changes_nothing_that_others_refer_to(
    client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path)
    await export_since_last(client, tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    requests = client.counters.requests
    report = await export(client, tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == before
    assert client.counters.requests == requests
    assert report.is_complete


@pytest.mark.parametrize(
    ("operation", "nth"), [("sessions.list", 2), ("sessions.list", 3), ("interactions.list", 3)]
)
async def test_what_was_interrupted_goes_on_and_still_knows_what_is_missing(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, operation: str, nth: int
):
    await export(client, tmp_path, products=["proxy"])
    services = [client.proxy.v1.services(each.sid) async for each in client.proxy.v1.services.list()]
    lists = [(each.sessions, [session async for session in each.sessions.list()]) for each in services]
    sessions, there = max(lists, key=lambda each: len(each[1]))
    assert len(there) > 100, "more than a page, so that there is a second one to fail"
    await sessions(there[0].sid).delete()
    opened = [each.sid for each in there[1:] if each.status == "open"]
    for sid in opened:
        await sessions(sid).update(ttl=77)
    emulator.faults.add(Fault(do="answer", operation=operation, status=503, nth=nth))
    with pytest.raises(ExportIncompleteError):
        await export_since_last(client, tmp_path, patience=0)
    report = await export_since_last(client, tmp_path)
    archive = open_archive(tmp_path)
    assert len(archive.layers) == 2
    assert report.rows["sessions"] == len(opened)
    gone = [sid for each in archive.manifest.partitions for sid in each.removed.get("sessions", ())]
    assert gone == [there[0].sid]
    rows = [row for _, row in archive.rows("proxy", "sessions")]
    assert len(rows) == len({row.split(b'"sid"')[1][:40] for row in rows}), "none twice"


async def test_what_was_killed_at_its_beginning_does_not_lock_up_the_archive(
    client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path)
    begun = tmp_path / "increments" / "0001"
    begun.mkdir(parents=True, mode=0o700)
    assert len(open_archive(tmp_path).layers) == 1
    await export_since_last(client, tmp_path)
    assert [layer.folder.path for layer in open_archive(tmp_path).layers] == [tmp_path, begun]


async def test_without_an_archive_there_is_nothing_to_add_to(client: AsyncClient, tmp_path: Path):
    with pytest.raises(ArchiveError, match="is no archive"):
        await export_since_last(client, tmp_path / "nothing")
    with pytest.raises(ArchiveError, match=r"manifest\.json is missing"):
        await export_since_last(client, tmp_path)


def test_known_rows():
    known = Known.of([("KC1", b"a"), ("KC2", b"b"), ("KC3", b"c")])
    assert known.changed(["KC1", "KC2"], [b"a", b"B"]) == [1]
    assert known.changed(["KC4"], [b"d"]) == [0]
    assert known.missing() == ("KC3",)


ODD = b'{"sid": 5, "ttl": 1}'
DATE = b'{"sid": "KC1", "date_created": "2026-01-01"}'


def test_rows_off_the_contract_are_known_as_they_were_when_they_were_listed(tmp_path: Path):
    archive = written_archive(tmp_path, {("proxy", "sessions"): [ODD, DATE]})
    partition = archive.manifest.partitions[-1].partition
    known = known_before(archive, partition, "sessions")
    assert known.changed(["5", "KC1"], [ODD, DATE]) == []
    assert known.missing() == ()


def test_their_newest_version_is_taken(tmp_path: Path):
    written_archive(tmp_path, {("proxy", "sessions"): [ODD, DATE]})
    newer = b'{"sid": 5, "ttl": 2}'
    written_archive(tmp_path / "increments" / "0001", {("proxy", "sessions"): [newer]})
    archive = open_archive(tmp_path)
    assert sorted(row for _, row in archive.rows("proxy", "sessions")) == sorted([newer, DATE])
    assert count_rows(tmp_path)["sessions"] == RowCount(3, 2)
    assert [problem for problem in verify(tmp_path).problems if problem.check == "rows"] == []


def test_a_row_that_cannot_be_read_is_named(tmp_path: Path):
    rows = [ODD, b'{"sid": ["KC1"], "ttl": 1}']
    archive = written_archive(tmp_path, {("proxy", "sessions"): rows})
    partition = archive.manifest.partitions[-1].partition
    with pytest.raises(
        ArchiveError, match=r"of the sessions of .*proxy/KS1+ in .* begins with b'\{\"sid\": \[\"KC1"
    ):
        known_before(archive, partition, "sessions")
    with pytest.raises(
        ArchiveError, match=r"sessions-00000\.ndjson\.zst cannot be read: not as the contract"
    ):
        count_rows(tmp_path)

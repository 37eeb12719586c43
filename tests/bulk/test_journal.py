"""The journal: what is durable when, and what is left of it after a crash at any byte."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import anyio
import pytest

from twilio_sessions import JournalError
from twilio_sessions.bulk import ChangeResult, PlannedSession, close, plan_close
from twilio_sessions.bulk._folder import JOURNAL, PLAN, held
from twilio_sessions.bulk._journal import Journal, open_journal, read_plan
from twilio_sessions.bulk._records import Entry, Header, decode_entry, encode_entry
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SIDS = [f"KC{number:032}" for number in range(4)]
SERVICE = "KS" + "0" * 32
PLANNED = tuple(PlannedSession(sid=sid, service_sid=SERVICE) for sid in SIDS)
HEADER = Header({"action": "close"}, NOW)


def opened(folder: DiskFolder) -> Journal[PlannedSession]:
    return open_journal(folder, HEADER, PLANNED, PlannedSession, "journal")


def result(sid: str) -> ChangeResult:
    return ChangeResult(outcome="closed", sid=sid, service_sid=SERVICE)


async def test_what_was_written_is_there_again(tmp_path: Path):
    with held(tmp_path / "j") as folder:
        journal = opened(folder)
        await journal.intend(SIDS[0])
        await journal.intend(SIDS[1])
        await journal.conclude(SIDS[0], result(SIDS[0]))
    with held(tmp_path / "j") as folder:
        again = opened(folder)
    assert again.items == PLANNED
    assert again.intents == {SIDS[1]}
    assert [(key, entry.did) for key, entry in again.outcomes.items()] == [(SIDS[0], "closed")]


async def test_lines_of_the_same_moment_share_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    syncs: list[str] = []
    sync = DiskFolder.sync

    def counted(self: DiskFolder, name: str) -> None:
        syncs.append(name)
        sync(self, name)

    with held(tmp_path / "j") as folder:
        journal = opened(folder)
        monkeypatch.setattr(DiskFolder, "sync", counted)
        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(journal.intend, f"KC{number}")
    assert len(journal.intents) == 100
    assert syncs.count(JOURNAL) <= 3


async def test_torn_at_any_byte_nothing_that_is_whole_is_lost(tmp_path: Path):
    with held(tmp_path / "j") as folder:
        journal = opened(folder)
        for sid in SIDS:
            await journal.intend(sid)
            await journal.conclude(sid, result(sid))
    written = (tmp_path / "j" / JOURNAL).read_bytes()
    ends = [at + 1 for at, byte in enumerate(written) if byte == ord("\n")]
    for size in range(len(written) + 1):
        (tmp_path / "j" / JOURNAL).write_bytes(written[:size])
        with held(tmp_path / "j") as folder:
            torn = opened(folder)
            whole = sum(end <= size for end in ends)
            assert len(torn.outcomes) == whole // 2
            assert len(torn.intents) == whole % 2
            # What comes next does not stick to what was torn.
            await torn.conclude(SIDS[3], result(SIDS[3]))
        with held(tmp_path / "j") as folder:
            assert SIDS[3] in opened(folder).outcomes


def test_a_line_that_was_damaged_is_as_good_as_lost(tmp_path: Path):
    lines = [encode_entry(Entry(sid, "closed", NOW)) for sid in SIDS]
    with held(tmp_path / "j") as folder:
        opened(folder)
    for at in range(len(lines[1]) - 1):
        damaged = bytearray(lines[1])
        damaged[at] ^= 1
        (tmp_path / "j" / JOURNAL).write_bytes(b"".join([lines[0], damaged, *lines[2:]]))
        with held(tmp_path / "j") as folder:
            assert opened(folder).outcomes.keys() == {SIDS[0], *SIDS[2:]}
    assert (tmp_path / "j" / JOURNAL).read_bytes() == b"".join([lines[0], *lines[2:]])


@pytest.mark.parametrize("line", [b"", b"{}", b'{,"crc":"00000000"}', b'{"key":"a"},"crc":"zzzzzzzz"}'])
def test_what_is_no_line_is_none(line: bytes):
    assert decode_entry(line) is None


def test_a_plan_that_was_changed_is_refused(tmp_path: Path):
    with held(tmp_path / "j") as folder:
        opened(folder)
        plan = folder.read(PLAN)
        for changed in (plan[:-10], plan.replace(b"KC", b"KD", 1), b"nothing\n", b""):
            (tmp_path / "j" / PLAN).write_bytes(changed)
            with pytest.raises(JournalError, match=f"j/{PLAN} "):
                read_plan(folder, PlannedSession, "j", lambda _: None)


async def test_torn_at_random_bytes_a_close_goes_on(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    """The journal of a finished close, cut anywhere: the same call sends nothing that was done before."""
    plan = await plan_close(client, next(iter(emulator.store.services)).sid)
    await close(client, plan, journal=tmp_path / "whole")
    written = (tmp_path / "whole" / JOURNAL).read_bytes()
    done = len(emulator.processed)
    for size in range(0, len(written), 97):
        shutil.copytree(tmp_path / "whole", tmp_path / str(size))
        (tmp_path / str(size) / JOURNAL).write_bytes(written[:size])
        report = await close(client, plan, journal=tmp_path / str(size))
        assert report.is_complete
        assert set(report.counts) <= {"closed", "already"}
    again = [one for one in list(emulator.processed)[done:] if one.operation != "sessions.fetch"]
    assert again == []


async def test_without_a_durable_intent_nothing_is_sent(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plan = await plan_close(client, next(iter(emulator.store.services)).sid)

    def full(_: DiskFolder, name: str) -> None:
        if name == JOURNAL:
            raise OSError(28, "No space left on device", name)

    with held(tmp_path / "j") as folder:
        open_journal(folder, plan.header(), plan.sessions, PlannedSession, "j")
    monkeypatch.setattr(DiskFolder, "sync", full)
    with pytest.raises(OSError, match="No space left"):
        await close(client, plan, journal=tmp_path / "j")
    assert not [one for one in emulator.requests if one.operation == "sessions.update"]
    monkeypatch.undo()
    assert (await close(client, plan, journal=tmp_path / "j")).counts == {"closed": len(plan.sessions)}


async def test_every_change_is_sent_after_its_intent(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """At each sync of the journal, Twilio has changed no session whose intent was not synced before."""
    plan = await plan_close(client, next(iter(emulator.store.services)).sid)
    synced: set[str] = set()
    sync = DiskFolder.sync

    def checked(self: DiskFolder, name: str) -> None:
        if name == JOURNAL:
            changed = {sid for one in emulator.processed for sid in one.changed if sid.startswith("KC")}
            assert changed <= synced
            sync(self, name)
            lines = self.read(JOURNAL).split(b"\n")[:-1]
            synced.update(entry.key for line in lines if (entry := decode_entry(line)) is not None)
        else:
            sync(self, name)

    monkeypatch.setattr(DiskFolder, "sync", checked)
    report = await close(client, plan, journal=tmp_path / "j")
    assert report.counts == {"closed": len(plan.sessions)}
    assert len(synced) == len(plan.sessions)

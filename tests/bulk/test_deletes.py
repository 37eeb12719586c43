"""Deleting by plan: what an archive lets go, and what it keeps."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from changed import deletions, services_of

from twilio_sessions import ArchiveError, ArgumentError
from twilio_sessions.bulk import SessionFilter, close, delete, plan_delete
from twilio_sessions.export import export, export_since_last

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator


async def test_delete_what_is_archived_and_nothing_else(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    await export(client, tmp_path / "archive", products=["proxy"])
    archived = {each.sid for each in service.sessions}
    added = emulator.add_session(service)
    quiet = [each for each in service.sessions if each.participants and each.sid != added.sid]
    changed, joined = quiet[0], quiet[1]
    changed.date_updated += timedelta(seconds=5)
    next(iter(joined.participants)).friendly_name = "someone else"
    plan = await plan_delete(client, service.sid)
    report = await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    why = {each.sid: each.why for each in report.undone}
    assert why[added.sid] == "it is not in the archive"
    assert str(why[changed.sid]).startswith("it has changed since it was archived: date_updated was '20")
    assert str(why[joined.sid]).endswith("one of its participants, is not in the archive as it is now")
    kept = {added.sid, changed.sid, joined.sid}
    assert set(deletions(emulator)) == archived - kept
    assert {each.sid for each in service.sessions} == kept
    # Brought up to date, the archive has them all.
    await export_since_last(client, tmp_path / "archive")
    plan = await plan_delete(client, service.sid)
    report = await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert joined.sid in {each.sid for each in report.undone}, "its own row says nothing of participants"
    assert set(deletions(emulator)) == archived - {joined.sid} | {added.sid}


async def test_delete_asks_what_of_archives(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    with pytest.raises(ArgumentError, match="archive must name a verified archive"):
        await delete(client, plan, journal=tmp_path / "j")
    with pytest.raises(ArgumentError, match="not both"):
        await delete(client, plan, journal=tmp_path / "j", archive=tmp_path, without_archive=True)
    with pytest.raises(ArgumentError, match="plan must be one of plan_close; got one to delete"):
        await close(client, plan, journal=tmp_path / "j")
    assert not (tmp_path / "j").exists()


async def test_an_archive_that_does_not_hold_deletes_nothing(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    archive = tmp_path / "archive"
    await export(client, archive, products=["proxy"], compress="none")
    file = next((archive / "proxy" / service.sid).glob("interactions-*.ndjson"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    plan = await plan_delete(client, service.sid)
    with pytest.raises(ArchiveError, match="is not a verified archive, so nothing is deleted: proxy/KS"):
        await delete(client, plan, journal=tmp_path / "j", archive=archive)
    assert not deletions(emulator)


async def test_an_archive_without_interactions_deletes_nothing(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path / "archive", products=["proxy"], include=["participants"])
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    with pytest.raises(ArchiveError, match="was made without interactions, which Twilio deletes"):
        await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert not deletions(emulator)


async def test_delete_leaves_alone_what_does_not_match_any_more(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    plan = await plan_delete(client, service.sid, SessionFilter(statuses=["closed"]))
    opened = emulator.store.sessions[plan.sessions[0].sid]
    opened.status = "in-progress"
    report = await delete(client, plan, journal=tmp_path / "j", without_archive=True)
    assert [(each.sid, each.why) for each in report.undone] == [
        (opened.sid, "since it was listed: its status is in-progress")
    ]
    assert opened.sid not in deletions(emulator)

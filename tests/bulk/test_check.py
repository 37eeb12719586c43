"""What a delete would do, without doing it: the same looks, and nothing that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from changed import deletions, services_of

from twilio_sessions import ArchiveError, ArgumentError, AuthenticationError, ServerError
from twilio_sessions.bulk import delete, plan_delete
from twilio_sessions.bulk._check import check_delete
from twilio_sessions.emulator import Fault
from twilio_sessions.export import export

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangePlan, ChangeResult, PlannedSession
    from twilio_sessions.emulator import Emulator


async def check(client: AsyncClient, plan: ChangePlan, archive: Path) -> dict[str, ChangeResult | None]:
    found: dict[str, ChangeResult | None] = {}

    def note(session: PlannedSession, result: ChangeResult | None) -> None:
        assert session.sid not in found
        found[session.sid] = result

    await check_delete(client, plan, archive, concurrency=8, on_check=note, on_verify=lambda _: None)
    return found


async def test_it_says_what_the_delete_then_does(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    await export(client, tmp_path / "archive", products=["proxy"])
    added = emulator.add_session(service, "new")
    plan = await plan_delete(client, service.sid)
    changed, gone = [each for each in plan.sessions if each.status == "open" and each.sid != added.sid][:2]
    await client.proxy.v1.services(service.sid).sessions(changed.sid).update(status="closed")
    await client.proxy.v1.services(service.sid).sessions(gone.sid).delete()
    sent = len(emulator.requests)
    found = await check(client, plan, tmp_path / "archive")
    assert {one.method for one in list(emulator.requests)[sent:]} == {"GET"}
    assert set(found) == {each.sid for each in plan.sessions}
    kept = {sid: (each.outcome, each.why) for sid, each in found.items() if each is not None}
    report = await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert {each.sid: (each.outcome, each.why) for each in report.undone} | {
        gone.sid: ("already", "it is not there any more")
    } == kept
    assert kept[added.sid] == ("skipped", "it is not in the archive")
    assert set(kept) == {added.sid, changed.sid, gone.sid}


async def test_what_cannot_be_looked_at_is_told_and_what_stops_everything_stops(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    one = plan.sessions[0].sid
    emulator.faults.add(Fault("answer", status=400, code=20001, target=f"/Sessions/{one}"))
    found = await check(client, plan, tmp_path / "archive")
    assert [sid for sid, each in found.items() if each is not None and each.outcome == "failed"] == [one]
    emulator.faults.add(Fault("answer", status=401, code=20003, times=None))
    with pytest.raises(AuthenticationError):
        await check(client, plan, tmp_path / "archive")
    emulator.faults.clear()
    emulator.faults.add(Fault("answer", status=503, times=None))
    with pytest.raises(ServerError):
        await check(client, plan, tmp_path / "archive")


async def test_an_archive_that_does_not_hold(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path / "archive", products=["proxy"])
    next((tmp_path / "archive").rglob("sessions-*")).write_bytes(b"")
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    with pytest.raises(ArchiveError, match="is not a verified archive"):
        await check(client, plan, tmp_path / "archive")
    assert not deletions(emulator)


async def test_the_plan_of_another_account_is_refused_before_any_request(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    emulator.requests.clear()
    with pytest.raises(ArgumentError, match="plan is of account AC9999"):
        await check(client, attrs.evolve(plan, account_sid="AC" + "9" * 32), tmp_path / "archive")
    # Nor is the archive looked at, which takes long.
    with pytest.raises(ArgumentError, match="plan is of account AC9999"):
        await check(client, attrs.evolve(plan, account_sid="AC" + "9" * 32), tmp_path / "nowhere")
    assert not emulator.requests

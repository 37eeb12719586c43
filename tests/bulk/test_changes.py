"""Closing and deleting by plan: what is sent, what counts as done, what goes on."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio
import pytest
from archives import check_modes

from twilio_sessions import (
    ArchiveError,
    ArgumentError,
    AuthenticationError,
    BadRequestError,
    JournalError,
    JournalLockedError,
    NotFoundError,
    ServerError,
)
from twilio_sessions.bulk import SessionFilter, close, delete, plan_close, plan_delete
from twilio_sessions.bulk._journal import held
from twilio_sessions.emulator import Fault
from twilio_sessions.export import export, export_since_last

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangeResult
    from twilio_sessions.emulator import Emulator, Service

ACTIVE = ("open", "in-progress")


def services_of(emulator: Emulator) -> list[Service]:
    return list(emulator.store.services)


def sids_of(emulator: Emulator, *statuses: str) -> set[str]:
    return {each.sid for each in emulator.store.sessions.values() if not statuses or each.status in statuses}


def closings(emulator: Emulator) -> Counter[str]:
    return Counter(
        sid for one in emulator.processed if one.operation == "sessions.update" for sid in one.changed
    )


def deletions(emulator: Emulator) -> Counter[str]:
    return Counter(
        sid
        for one in emulator.processed
        if one.operation == "sessions.delete"
        for sid in one.deleted
        if sid.startswith("KC")
    )


async def test_every_active_session_is_closed_once(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    wanted = sids_of(emulator, *ACTIVE)
    results: list[ChangeResult] = []
    plan = await plan_close(client, [each.sid for each in services_of(emulator)])
    assert {each.sid for each in plan.sessions} == wanted
    assert plan.listed == 60
    report = await close(client, plan, journal=tmp_path / "journal", on_result=results.append)
    assert report.counts == {"closed": len(wanted)}
    assert (report.is_complete, report.undone, report.total) == (True, (), len(wanted))
    assert closings(emulator) == Counter(wanted)
    assert Counter(each.sid for each in results) == Counter(wanted)
    check_modes(tmp_path / "journal")


async def test_the_same_call_again_sends_nothing(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    await close(client, plan, journal=tmp_path / "journal")
    emulator.requests.clear()
    again = await plan_close(client, service.sid, journal=tmp_path / "journal")
    assert again == plan
    assert again.is_resumed
    results: list[ChangeResult] = []
    report = await close(client, again, journal=tmp_path / "journal", on_result=results.append)
    assert report.counts == {"closed": len(plan.sessions)}
    assert report.done_before == len(results) == len(plan.sessions)
    assert len(emulator.requests) == report.requests == 0


async def test_a_plan_that_was_listed_anew_goes_on_with_the_journals(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    await close(client, plan, journal=tmp_path / "journal")
    anew = await plan_close(client, service.sid)
    assert anew.sessions == ()
    report = await close(client, anew, journal=tmp_path / "journal")
    assert (report.total, report.is_complete) == (len(plan.sessions), True)


async def test_closed_meanwhile_counts_as_done(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    first, second, *_ = plan.sessions
    await client.proxy.v1.services(service.sid).sessions(first.sid).update(status="closed")
    await client.proxy.v1.services(service.sid).sessions(second.sid).delete()
    results: dict[str | None, ChangeResult] = {}
    report = await close(
        client, plan, journal=tmp_path / "j", on_result=lambda each: results.update({each.sid: each})
    )
    assert report.is_complete
    assert report.counts == {"already": 2, "closed": len(plan.sessions) - 2}
    assert (results[first.sid].outcome, results[first.sid].why) == ("already", None)
    assert results[second.sid].why == "it is not there any more"


@pytest.mark.parametrize("code", [80607, 80608])
async def test_closed_between_look_and_change_counts_as_done(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, code: int
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    # It is closed, and the answer says that it cannot be: somebody else was a moment faster.
    emulator.faults.add(
        Fault("answer", status=400, code=code, operation="sessions.update", when="after", times=3)
    )
    report = await close(client, plan, journal=tmp_path / "j")
    assert report.counts == {"already": 3, "closed": len(plan.sessions) - 3}
    assert max(closings(emulator).values()) == 1


async def test_a_refusal_does_not_stop_the_rest(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    refuse = Fault("answer", status=400, code=80701, operation="sessions.update", times=2)
    emulator.faults.add(refuse)
    report = await close(client, plan, journal=tmp_path / "j")
    assert report.counts == {"failed": 2, "closed": len(plan.sessions) - 2}
    assert not report.is_complete
    for result in report.undone:
        assert (result.outcome, result.status, result.code) == ("failed", 400, 80701)
        assert result.request_id is not None
        assert result.request_id.startswith("RQ")
    again = await close(client, plan, journal=tmp_path / "j")
    assert again.counts == {"closed": len(plan.sessions)}
    assert again.done_before == len(plan.sessions) - 2


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_a_session_that_always_fails_does_not_stop_the_rest(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, concurrency: int
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    bad = plan.sessions[0].sid
    emulator.faults.add(Fault("answer", status=500, target=f"/Sessions/{bad}", times=None))
    report = await close(client, plan, journal=tmp_path / "j", concurrency=concurrency)
    assert report.counts == {"failed": 1, "closed": len(plan.sessions) - 1}
    assert [each.sid for each in report.undone] == [bad]


async def test_refused_credentials_stop_everything(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    emulator.faults.add(Fault("answer", status=401, code=20003, times=None))
    emulator.requests.clear()
    with pytest.raises(AuthenticationError):
        await close(client, plan, journal=tmp_path / "j", concurrency=4)
    assert len(emulator.requests) <= 4
    emulator.faults.clear()
    assert (await close(client, plan, journal=tmp_path / "j")).is_complete


async def test_an_outage_is_waited_for_and_then_stops_everything(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    emulator.faults.add(Fault("answer", status=503, times=None))
    with pytest.raises(ServerError):
        await close(client, plan, journal=tmp_path / "j", patience=1)
    emulator.faults.clear()
    report = await close(client, plan, journal=tmp_path / "j")
    assert report.counts == {"closed": len(plan.sessions)}


async def test_what_does_not_match_any_more_is_left_alone(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    emulator.advance(timedelta(days=0))
    where = SessionFilter(idle=timedelta(seconds=1))
    plan = await plan_close(client, service.sid, where)
    awake = emulator.store.sessions[plan.sessions[0].sid]
    awake.date_last_interaction = emulator.clock() + timedelta(seconds=1)
    report = await close(client, plan, journal=tmp_path / "j")
    assert report.counts == {"skipped": 1, "closed": len(plan.sessions) - 1}
    (skipped,) = report.undone
    assert skipped.sid == awake.sid
    assert skipped.why is not None
    assert skipped.why.startswith("since it was listed: its last interaction or change was at 20")


async def test_sids_that_are_not_there(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    there = next(sid for sid in sids_of(emulator, *ACTIVE) if emulator.store.sessions[sid].service is service)
    nowhere = "KC" + "f" * 32
    where = SessionFilter(sids=[nowhere, there])
    plan = await plan_close(client, service.sid, where)
    assert ([each.sid for each in plan.sessions], plan.missing) == ([there], (nowhere,))
    report = await close(client, plan, journal=tmp_path / "close")
    assert report.counts == {"failed": 1, "closed": 1}
    assert report.undone[0].why == "there is no such session in these services"
    plan = await plan_delete(client, service.sid, where)
    report = await delete(client, plan, journal=tmp_path / "delete", without_archive=True)
    assert report.counts == {"failed": 1, "deleted": 1}, "it may be in a service that was not named"


async def test_an_empty_list_of_sids_means_none(emulator: Emulator, client: AsyncClient):
    plan = await plan_delete(client, services_of(emulator)[0].sid, SessionFilter(sids=[]))
    assert plan.sessions == ()


async def test_services_by_name_and_by_turns(emulator: Emulator, client: AsyncClient):
    one, two = services_of(emulator)
    plan = await plan_delete(client, [str(one.unique_name), two.sid])
    assert plan.services == tuple(sorted([one.sid, two.sid]))
    first, second = plan.sessions[:2]
    assert {first.service_sid, second.service_sid} == {one.sid, two.sid}


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


async def test_a_journal_of_another_plan(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    one, two = services_of(emulator)
    plan = await plan_close(client, one.sid)
    await close(client, plan, journal=tmp_path / "j")
    other = await plan_close(client, two.sid)
    with pytest.raises(JournalError, match="is the journal of another plan: its services is"):
        await close(client, other, journal=tmp_path / "j")
    with pytest.raises(JournalError, match=r"its idle_seconds is None, and not 60\.0"):
        await plan_close(client, one.sid, SessionFilter(idle=timedelta(minutes=1)), journal=tmp_path / "j")
    with pytest.raises(JournalError, match="its action is 'close', and not 'delete'"):
        await delete(client, await plan_delete(client, one.sid), journal=tmp_path / "j", without_archive=True)


async def test_a_journal_in_use_or_no_journal(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    with held(tmp_path / "j"), pytest.raises(JournalLockedError, match="written to by another process"):
        await close(client, plan, journal=tmp_path / "j")
    (tmp_path / "home" / "work").mkdir(parents=True)
    with pytest.raises(JournalError, match="is no journal of a bulk change, and it is not empty"):
        await close(client, plan, journal=tmp_path / "home")
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="must be a folder"):
        await close(client, plan, journal=tmp_path / "file")


async def test_intents_are_durable_before_their_requests(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    """Every session that Twilio closed has an intent that stands before its outcome."""
    plan = await plan_close(client, services_of(emulator)[0].sid)
    await close(client, plan, journal=tmp_path / "j")
    lines = [json.loads(line) for line in (tmp_path / "j" / "journal.ndjson").read_text().splitlines()]
    for session in plan.sessions:
        assert [each["did"] for each in lines if each["key"] == session.sid] == ["intent", "closed"]


async def test_gone_between_look_and_change_counts_as_done(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    emulator.faults.add(Fault("answer", status=404, code=20404, operation="sessions.update"))
    report = await close(client, plan, journal=tmp_path / "close")
    assert report.counts == {"already": 1, "closed": len(plan.sessions) - 1}
    plan = await plan_delete(client, service.sid)
    emulator.faults.add(Fault("answer", status=404, code=20404, operation="sessions.delete"))
    emulator.faults.add(Fault("answer", status=404, code=20404, operation="sessions.fetch"))
    report = await delete(client, plan, journal=tmp_path / "delete", without_archive=True)
    assert report.counts == {"already": 2, "deleted": len(plan.sessions) - 2}


async def test_what_cannot_be_closed_is_told(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    service = services_of(emulator)[0]
    stuck = emulator.add_session(service, status="failed")
    plan = await plan_close(client, service.sid, SessionFilter(statuses=["failed"]))
    assert stuck.sid in {each.sid for each in plan.sessions}
    report = await close(client, plan, journal=tmp_path / "j")
    (undone,) = (each for each in report.undone if each.sid == stuck.sid)
    assert (undone.outcome, undone.code) == ("failed", 80608)


async def test_an_answer_that_says_otherwise_is_no_success(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    first = plan.sessions[0]
    body = json.dumps({"sid": first.sid, "status": "open"})
    emulator.faults.add(Fault("answer", status=200, body=body, operation="sessions.update", target=first.sid))
    report = await close(client, plan, journal=tmp_path / "j")
    assert [(each.sid, each.why) for each in report.undone] == [
        (first.sid, "Twilio says that its status is open")
    ]


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


async def test_too_many_failed_requests_stop_everything(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    emulator.faults.add(Fault("answer", status=400, code=70005, operation="sessions.update"))
    with pytest.raises(BadRequestError, match="70005"):
        await close(client, plan, journal=tmp_path / "j", concurrency=1)
    assert not closings(emulator)


async def test_a_plan_needs_a_service(client: AsyncClient):
    with pytest.raises(ArgumentError, match="services must name one at least"):
        await plan_close(client, [])
    with pytest.raises(NotFoundError):
        await plan_close(client, ["nowhere"])
    with pytest.raises(NotFoundError):
        await plan_close(client, "KS" + "0" * 32)


async def test_an_interrupted_close_says_what_it_cannot_know(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    """The request was sent and processed, and the process ended before its answer came."""
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid)
    emulator.faults.add(Fault("stall", operation="sessions.update", when="after", times=None))
    with anyio.move_on_after(0.5):
        await close(client, plan, journal=tmp_path / "j", concurrency=3)
    emulator.faults.clear()
    assert sum(closings(emulator).values()) == 3
    results: list[ChangeResult] = []
    report = await close(client, plan, journal=tmp_path / "j", on_result=results.append)
    assert report.counts == {"already": 3, "closed": len(plan.sessions) - 3}
    assert {each.why for each in results if each.outcome == "already"} == {
        "a run that was interrupted may have done it"
    }
    assert closings(emulator) == Counter(each.sid for each in plan.sessions)

"""Closing by plan: what is sent, what counts as done."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from archives import check_modes
from changed import ACTIVE, closings, services_of, sids_of

from twilio_sessions import ArgumentError, NotFoundError
from twilio_sessions.bulk import SessionFilter, close, delete, load_plan, plan_close, plan_delete
from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangeResult
    from twilio_sessions.emulator import Emulator


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


async def test_a_plan_of_nothing_leaves_a_journal_of_nothing(
    client: AsyncClient, emulator: Emulator, tmp_path: Path
):
    service = services_of(emulator)[0]
    plan = await plan_close(client, service.sid, SessionFilter(name_prefix="nobody is called so"))
    report = await close(client, plan, journal=tmp_path / "j")
    assert (report.total, report.is_complete) == (0, True)
    assert load_plan(tmp_path / "j") == plan


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


async def test_a_plan_needs_a_service(client: AsyncClient):
    with pytest.raises(ArgumentError, match="services must name one at least"):
        await plan_close(client, [])
    with pytest.raises(NotFoundError):
        await plan_close(client, ["nowhere"])
    with pytest.raises(NotFoundError):
        await plan_close(client, "KS" + "0" * 32)


@pytest.mark.parametrize("action", ["close", "delete"])
async def test_how_is_checked_before_anything_is_asked(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, action: str
):
    service = services_of(emulator)[0].sid
    plan = await (plan_close if action == "close" else plan_delete)(client, service)
    change = close if action == "close" else partial(delete, without_archive=True)
    emulator.requests.clear()
    with pytest.raises(ArgumentError, match="concurrency must be 1 or more; got 0"):
        await change(client, plan, journal=tmp_path / "j", concurrency=0)
    with pytest.raises(ArgumentError, match="patience must be 0 seconds or more; got nan"):
        await change(client, plan, journal=tmp_path / "j", patience=float("nan"))
    assert not emulator.requests
    assert not (tmp_path / "j").exists()

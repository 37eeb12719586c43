"""A run over a plan: what stops it, what does not, what goes on."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import anyio
import pytest
from changed import closings, services_of

from twilio_sessions import AuthenticationError, BadRequestError, ServerError
from twilio_sessions.bulk import close, plan_close
from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangeResult
    from twilio_sessions.emulator import Emulator


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


async def test_too_many_failed_requests_stop_everything(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    emulator.faults.add(Fault("answer", status=400, code=70005, operation="sessions.update"))
    with pytest.raises(BadRequestError, match="70005"):
        await close(client, plan, journal=tmp_path / "j", concurrency=1)
    assert not closings(emulator)


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

"""What bulk changes must never take for done, and never do late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from archives import client_of, emulator_of

from twilio_sessions import ArgumentError
from twilio_sessions.bulk import SessionFilter, close, delete, load_plan, plan_close, plan_delete
from twilio_sessions.emulator import Fault, Seed
from twilio_sessions.export import export

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator


async def test_the_plan_of_another_account(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    plan = await plan_close(client, next(iter(emulator.store.services)).sid)
    strange = attrs.evolve(plan, account_sid="AC" + "9" * 32)
    with pytest.raises(ArgumentError, match=r"plan is of account AC9999.*use the credentials of the account"):
        await close(client, strange, journal=tmp_path / "j")


async def test_a_404_from_another_place_does_not_count(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    plan = await plan_close(client, next(iter(emulator.store.services)).sid)
    async with (
        emulator_of(Seed(services=1, sessions=5, random_seed=99)) as elsewhere,
        client_of(elsewhere.base_url) as lost,
    ):
        report = await close(lost, plan, journal=tmp_path / "j")
    assert report.counts == {"failed": len(plan.sessions)}
    report = await close(client, load_plan(tmp_path / "j"), journal=tmp_path / "j")
    assert report.counts == {"closed": len(plan.sessions)}


@pytest.mark.parametrize("status", [429, 503])
async def test_a_deletion_is_not_repeated_without_another_look(
    emulator: Emulator, tmp_path: Path, status: int
):
    async with client_of(emulator.base_url, max_attempts=5) as patient:
        await export(patient, tmp_path / "archive", products=["proxy"])
        service = next(iter(emulator.store.services))
        one = next(iter(service.sessions))
        plan = await plan_delete(patient, service.sid, SessionFilter(sids=[one.sid]))
        before = len(emulator.requests)
        emulator.faults.add(Fault("answer", status=status, operation="sessions.delete"))
        report = await delete(patient, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert report.counts == {"deleted": 1}
    sent = [request.operation for request in list(emulator.requests)[before:]]
    look = ["sessions.fetch", "participants.list", "interactions.list", "sessions.delete"]
    assert [operation for operation in sent if operation in look] == look * 2

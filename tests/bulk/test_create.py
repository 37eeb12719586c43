"""Creating from rows: each unique name once, whatever answers are lost and whatever interrupts it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import anyio
import pytest

from twilio_sessions import ArgumentError, JournalError, NotFoundError
from twilio_sessions.bulk import NewSession, close, create, load_plan, plan_close
from twilio_sessions.emulator import Fault
from twilio_sessions.proxy import ParticipantSpec

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.bulk import ChangeProgress, ChangeResult
    from twilio_sessions.emulator import Emulator, Service

ROWS = [NewSession(unique_name=f"bulk #{number}", ttl=60 + number) for number in range(40)]


@pytest.fixture
def service(emulator: Emulator) -> Service:
    return next(iter(emulator.store.services))


def made(emulator: Emulator) -> Counter[str]:
    names = {each.sid: each.unique_name for each in emulator.store.sessions.values()}
    return Counter(
        names[sid] or ""
        for one in emulator.processed
        if one.operation == "sessions.create"
        for sid in one.created
        if sid.startswith("KC")
    )


async def test_each_row_becomes_a_session(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    results: list[ChangeResult] = []
    report = await create(
        client, str(service.unique_name), ROWS, journal=tmp_path / "j", on_result=results.append
    )
    assert report.counts == {"created": 40}
    sessions = {each.sid: each for each in service.sessions}
    assert {(each.unique_name, sessions[each.sid or ""].ttl) for each in results} == {
        (row.unique_name, row.ttl) for row in ROWS
    }
    emulator.requests.clear()
    again: list[ChangeResult] = []
    report = await create(client, service.sid, ROWS, journal=tmp_path / "j", on_result=again.append)
    assert (report.done_before, len(emulator.requests)) == (40, 0)
    assert {(each.sid, each.unique_name) for each in again} == {
        (each.sid, each.unique_name) for each in results
    }


async def test_lost_answers_create_nothing_twice(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    emulator.faults.add(
        Fault("reset", operation="sessions.create", when="after", probability=0.3, times=None, seed=1)
    )
    emulator.faults.add(
        Fault("answer", status=500, operation="sessions.create", probability=0.2, times=None, seed=2)
    )
    report = await create(client, service.sid, ROWS, journal=tmp_path / "j")
    emulator.faults.clear()
    report = await create(client, service.sid, ROWS, journal=tmp_path / "j")
    assert report.is_complete
    assert made(emulator) == Counter(row.unique_name for row in ROWS)


async def test_interrupted_anywhere_each_name_is_created_once(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    runs = 0
    while True:
        runs += 1
        with anyio.CancelScope() as scope:

            def look(progress: ChangeProgress, scope: anyio.CancelScope = scope) -> None:
                if progress.seen - progress.done_before >= 3:
                    scope.cancel()

            report = await create(
                client, service.sid, ROWS, journal=tmp_path / "j", concurrency=4, on_progress=look
            )
            if not scope.cancel_called:
                break
    assert runs > 4
    assert report.is_complete
    assert made(emulator) == Counter(row.unique_name for row in ROWS)


async def test_a_name_that_is_taken_counts_as_done(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    there = emulator.add_session(service, "taken", status="closed")
    report = await create(
        client, service.sid, [{"unique_name": "taken"}, {"unique_name": "free"}], journal=tmp_path / "j"
    )
    assert report.counts == {"already": 1, "created": 1}
    results: list[ChangeResult] = []
    await create(
        client,
        service.sid,
        [{"unique_name": "taken"}, {"unique_name": "free"}],
        journal=tmp_path / "j",
        on_result=results.append,
    )
    assert (results[0].sid, results[0].why) == (there.sid, "the name was taken")


async def test_a_refusal_does_not_stop_the_rest(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    emulator.faults.add(Fault("answer", status=400, code=80205, operation="sessions.create"))
    report = await create(client, service.sid, ROWS, journal=tmp_path / "j")
    assert report.counts == {"failed": 1, "created": 39}
    (failed,) = report.undone
    assert (failed.sid, failed.code, failed.status) == (None, 80205, 400)
    assert (await create(client, service.sid, ROWS, journal=tmp_path / "j")).counts == {"created": 40}


async def test_participants_come_with_them(client: AsyncClient, service: Service, tmp_path: Path):
    row = NewSession(unique_name="two", participants=[ParticipantSpec("+14155550100")])
    report = await create(client, service.sid, [row], journal=tmp_path / "j")
    assert report.is_complete
    session = next(each for each in service.sessions if each.unique_name == "two")
    assert [each.identifier for each in session.participants] == ["+14155550100"]


async def test_a_journal_of_something_else(client: AsyncClient, service: Service, tmp_path: Path):
    await create(client, service.sid, ROWS[:2], journal=tmp_path / "j")
    with pytest.raises(
        JournalError,
        match="is the journal of other rows: they have changed since it was begun; go on with",
    ):
        await create(client, service.sid, ROWS[:3], journal=tmp_path / "j")
    with pytest.raises(
        JournalError, match="is the journal of a bulk create, and does not say what to close or delete"
    ):
        load_plan(tmp_path / "j")
    with pytest.raises(
        JournalError,
        match="is the journal of a bulk create, and this is a bulk close; go on with it by a create",
    ):
        await close(client, await plan_close(client, service.sid), journal=tmp_path / "j")
    with pytest.raises(JournalError, match=r"it has no plan\.ndjson"):
        load_plan(tmp_path)
    with pytest.raises(NotFoundError):
        await create(client, "nowhere", ROWS, journal=tmp_path / "k")


async def test_how_is_checked_before_anything_is_asked(
    emulator: Emulator, client: AsyncClient, service: Service, tmp_path: Path
):
    with pytest.raises(ArgumentError, match="concurrency must be 1 or more; got 0"):
        await create(client, str(service.unique_name), ROWS, journal=tmp_path / "j", concurrency=0)
    with pytest.raises(ArgumentError, match="patience must be 0 seconds or more; got nan"):
        await create(client, str(service.unique_name), ROWS, journal=tmp_path / "j", patience=float("nan"))
    assert not emulator.requests
    assert not (tmp_path / "j").exists()

"""What was really done, whatever was answered; and the dates that answers carry."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import attrs
import pytest

from twilio_sessions.emulator import Fault, Processed


def done(line: Any) -> list[tuple[Any, ...]]:
    return [attrs.astuple(one)[2:] for one in line.emulator.processed]


async def test_each_kind_of_change(line):
    sessions = f"{line.service}/Sessions"
    service_sid = line.service.rpartition("/")[2]

    async def post(target: str, form: bytes = b"") -> str:
        status, _, body = await line.call("POST", target, form)
        assert status < 300, body
        return str(body["sid"])

    number = await post(f"{line.service}/PhoneNumbers", b"PhoneNumber=%2B14155550100")
    session = await post(sessions, b"Participants=%7B%22Identifier%22%3A%22%2B14155559999%22%7D")
    (participant,) = line.emulator.store.sessions[session].participants
    path = f"{sessions}/{session}/Participants/{participant.sid}"
    message = await post(f"{path}/MessageInteractions", b"Body=hi")
    await post(f"{sessions}/{session}", b"Status=closed")
    await post(f"{sessions}/{session}")  # changes nothing
    await post(line.service, b"DefaultTtl=60")
    await post(f"{line.service}/PhoneNumbers/{number}", b"IsReserved=true")
    await post(f"{line.service}/PhoneNumbers/{number}")  # changes nothing
    await line.call("DELETE", path)
    await line.call("DELETE", path)  # changes nothing
    await line.call("DELETE", f"{sessions}/{session}")
    await line.call("DELETE", f"{line.service}/PhoneNumbers/{number}")
    await line.call("GET", sessions)
    assert done(line) == [
        ((number,), (), ()),
        ((session, participant.sid), (), ()),
        ((message,), (session,), ()),
        ((), (session,), ()),
        ((), (), ()),
        ((), (service_sid,), ()),
        ((), (number,), ()),
        ((), (), ()),
        ((), (participant.sid,), ()),
        ((), (), ()),
        ((), (), (participant.sid, message, session)),
        ((), (), (number,)),
        ((), (), ()),
    ]
    assert line.processed == [one.operation for one in line.emulator.requests]
    assert [one.request_id for one in line.emulator.processed] == [
        one.request_id for one in line.emulator.requests
    ]


async def test_a_service_goes_with_everything_in_it(line):
    everything = {line.service.rpartition("/")[2]}
    for records in (line.emulator.store.sessions, line.emulator.store.numbers):
        everything |= set(records)
    everything |= set(line.emulator.store.participants) | set(line.emulator.store.interactions)
    await line.call("DELETE", line.service)
    (one,) = line.emulator.processed
    assert isinstance(one, Processed)
    assert set(one.deleted) == everything
    assert len(one.deleted) == len(everything)


async def test_what_time_does_is_nobodys_request(dial):
    line = await dial()
    _, _, body = await line.call("POST", f"{line.service}/Sessions", b"Ttl=60")
    line.emulator.clock.advance(timedelta(seconds=61))
    await line.call("GET", line.service)
    line.emulator.clock.advance(timedelta(days=91))
    await line.call("GET", line.service)
    assert line.processed == ["sessions.create", "expiry", "services.fetch", "expiry", "services.fetch"]
    closed, dropped = line.emulator.processed[1], line.emulator.processed[3]
    assert (closed.request_id, closed.changed, dropped.deleted) == (None, (body["sid"],), (body["sid"],))


@pytest.mark.parametrize("atomic", [True, False])
async def test_refusals_did_nothing_unless_they_did(dial, atomic):
    line = await dial(atomic_create=atomic)
    sessions = f"{line.service}/Sessions"
    two = b"Participants=%7B%22Identifier%22%3A%22nobody%22%7D"
    assert (await line.call("POST", sessions, two))[0] == 400
    assert (await line.call("GET", f"{sessions}/KC{'0' * 32}"))[0] == 404
    assert (await line.call("PUT", sessions))[0] == 405
    assert (await line.call("GET", "/nowhere"))[0] == 404
    left = () if atomic else tuple(line.emulator.store.sessions)
    assert len(left) == (not atomic)
    assert [one.created for one in line.emulator.processed] == [left] * (not atomic)
    assert [one.operation for one in line.emulator.requests] == [
        "sessions.create",
        "sessions.fetch",
        None,
        None,
    ]


async def test_a_caller_without_credentials_does_nothing(line):
    stranger = type(line)(line.emulator, "wrong")
    assert (await stranger.call("POST", f"{line.service}/Sessions"))[0] == 401
    assert not line.emulator.processed
    assert (line.received.status, line.received.operation) == (401, "sessions.create")
    # Nor does a fault let it in.
    line.emulator.faults.add(Fault("answer", status=503, when="after"))
    assert (await stranger.call("POST", f"{line.service}/Sessions"))[0] == 503
    assert not line.emulator.processed


async def test_exactly_one_session_by_these_attempts(line):
    """How a test of retries reads the ledger."""
    line.emulator.faults.add(
        Fault("answer", status=503, operation="sessions.create"),
        Fault("hang-up", operation="sessions.create", when="after"),
    )
    for _ in range(3):
        await line.ask("POST", f"{line.service}/Sessions", b"UniqueName=order-7")
    (created,) = [one for one in line.emulator.processed if one.operation == "sessions.create"]
    assert len(created.created) == 1
    first, second, third = line.emulator.requests
    assert created.request_id == second.request_id
    assert [(one.status, one.fault) for one in (first, second, third)] == [
        (503, "answer"),
        (None, "hang-up"),
        (400, None),
    ]
    assert first.received < second.received < third.received


async def test_a_request_is_executed_although_its_client_left_at_once(line):
    for count in range(1, 6):
        _, writer = await line.dial("POST", f"{line.service}/Sessions")
        writer.close()
        async with asyncio.timeout(2):
            while len(line.emulator.processed) < count:  # noqa: ASYNC110 - the ledger tells nobody
                await asyncio.sleep(0.001)
    assert line.processed == ["sessions.create"] * 5


async def test_records_that_tests_touch_themselves_are_not_noted(line):
    session = next(iter(line.emulator.store.sessions.values()))
    line.emulator.store.remove_session(session)
    await line.call("GET", line.service)
    assert done(line) == [((), (), ())]


async def test_the_ledger_is_bounded_and_can_be_cleared(dial):
    line = await dial(ledger_size=2)
    for _ in range(3):
        await line.call("GET", line.service)
    assert len(line.emulator.processed) == len(line.emulator.requests) == 2
    line.emulator.processed.clear()
    assert not line.emulator.processed


async def test_dates_follow_the_clock_of_the_emulator(dial):
    line = await dial()
    for moment in (datetime(2031, 5, 6, 7, 8, 9, 999_999, tzinfo=UTC), datetime(1999, 1, 2, tzinfo=UTC)):
        line.emulator.clock.set(moment)
        _, headers, body = await line.call("POST", f"{line.service}/Sessions")
        assert parsedate_to_datetime(headers["Date"]) == moment.replace(microsecond=0)
        assert datetime.fromisoformat(body["date_created"]) == moment.replace(microsecond=0)
    for fault in (Fault("answer", status=503), Fault("truncate"), Fault("slow", bytes_per_second=10**6)):
        line.emulator.faults.add(fault)
        answer = await line.ask("GET", line.service)
        assert b"\r\nDate: Sat, 02 Jan 1999 00:00:00 GMT\r\n" in answer
    assert (await line.call("PUT", "/"))[1]["Date"] == "Sat, 02 Jan 1999 00:00:00 GMT"


async def test_a_date_and_a_creation_agree_while_a_second_ends(dial, monkeypatch):
    line = await dial()
    steps = iter(range(1000))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = type(line.emulator.clock)
    monkeypatch.setattr(clock, "__call__", lambda _: start + timedelta(milliseconds=999 * next(steps)))
    for _ in range(5):
        _, headers, body = await line.call("POST", f"{line.service}/Sessions")
        assert parsedate_to_datetime(headers["Date"]) == datetime.fromisoformat(body["date_created"])

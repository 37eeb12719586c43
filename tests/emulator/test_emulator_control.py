"""The emulator by remote control, as a program in another language would use it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twilio_sessions.emulator import Fault
from twilio_sessions.emulator import _control as control


@pytest.fixture
async def line(dial):
    return await dial(sessions=7, control=True)


async def test_it_is_there_only_when_asked_for(dial):
    line = await dial()
    status, _, body = await line.call("GET", "/__emulator__/")
    assert (status, body["code"]) == (404, 20404)
    stranger = type(line)(line.emulator, "wrong")
    assert (await stranger.call("GET", "/__emulator__/faults"))[0] == 401


async def test_what_there_is(line):
    status, headers, body = await line.call("GET", "/__emulator__/")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    said = [tuple(one.split()[:2]) for one in body["endpoints"]]
    endpoints = {"": 1, "faults": 3, "requests": 2, "processed": 2, "counts": 1, "clock": 2, "reset": 1}
    for name, verbs in endpoints.items():
        _, headers, _ = await line.call("PUT", f"/__emulator__/{name}")
        allowed = headers["Allow"].split(", ")
        assert len(allowed) == verbs
        assert [verb for verb, path in said if path == f"/__emulator__/{name}"] == allowed


async def test_faults_come_and_go(line):
    empty = await line.call("GET", "/__emulator__/faults")
    assert (empty[0], empty[2]) == (200, {"faults": []})
    one = json.dumps({"do": "reset", "operation": "sessions.create", "when": "after", "nth": 2}).encode()
    status, _, body = await line.call("POST", "/__emulator__/faults", one)
    assert status == 201
    (standing,) = body["faults"]
    assert (standing["seen"], standing["struck"]) == (0, 0)
    assert Fault(**standing["fault"]) == Fault("reset", operation="sessions.create", when="after", nth=2)
    assert line.emulator.faults.pending == (Fault(**standing["fault"]),)
    two = json.dumps([{"do": "answer", "status": 503}, {"do": "hang-up", "times": None}]).encode()
    assert len((await line.call("POST", "/__emulator__/faults", two))[2]["faults"]) == 3
    assert (await line.call("POST", f"{line.service}/Sessions"))[0] == 503
    body = (await line.call("GET", "/__emulator__/faults"))[2]
    assert [(one["fault"]["do"], one["seen"], one["struck"]) for one in body["faults"]] == [
        ("reset", 1, 0),
        ("hang-up", 1, 0),
    ]
    status, _, body = await line.call("DELETE", "/__emulator__/faults")
    assert (status, body) == (204, None)
    assert not line.emulator.faults


async def test_the_ledger(line):
    _, headers, made = await line.call("POST", f"{line.service}/Sessions")
    line.emulator.faults.add(Fault("hang-up"))
    await line.ask("GET", line.service)
    _, _, body = await line.call("GET", "/__emulator__/requests")
    first, second = body["requests"]
    assert isinstance(first.pop("received"), float)
    assert first == {
        "method": "POST",
        "target": f"{line.service}/Sessions",
        "operation": "sessions.create",
        "request_id": headers["Twilio-Request-Id"],
        "status": 201,
        "answer": "whole",
        "fault": None,
    }
    assert (second["status"], second["answer"], second["fault"]) == (None, "none", "hang-up")
    _, _, body = await line.call("GET", "/__emulator__/processed")
    assert body == {
        "processed": [
            {
                "operation": "sessions.create",
                "request_id": headers["Twilio-Request-Id"],
                "created": [made["sid"]],
                "changed": [],
                "deleted": [],
            }
        ]
    }
    _, _, body = await line.call("GET", "/__emulator__/counts")
    assert body["records"] == line.emulator.store.counts()
    assert body["processed"] == {"sessions.create": 1}
    assert body["requests"] == {"201": 1, "none": 1}
    for name in ("requests", "processed"):
        assert (await line.call("DELETE", f"/__emulator__/{name}"))[0] == 204
        assert (await line.call("GET", f"/__emulator__/{name}"))[2] == {name: []}


async def test_its_own_requests_are_nowhere(dial):
    line = await dial(control=True, rate_limit=1, concurrency_limit=1)
    line.emulator.faults.add(Fault("stall", times=None))
    _, writer = await line.dial("GET", line.service)
    await asyncio.sleep(0.02)
    for _ in range(3):
        status, _, body = await line.call("GET", "/__emulator__/faults")
        assert (status, body["faults"][0]["seen"]) == (200, 1)
    assert len(line.emulator.requests) == 1
    writer.close()


async def test_time_that_is_moved_has_passed(line):
    session = line.emulator.add_session(line.emulator.add_service(), ttl=timedelta(hours=1))
    await line.call("POST", "/__emulator__/clock", b'{"advance": 7200}')
    assert session.status == "closed"
    assert [one.operation for one in line.emulator.processed] == ["expiry"]


async def undated(line: Any) -> list[dict[str, Any]]:
    """List the sessions without their dates, which the seed reckons from the moment of its planting."""
    rows = (await line.call("GET", f"{line.service}/Sessions"))[2]["sessions"]
    return [{name: value for name, value in row.items() if not name.startswith("date_")} for row in rows]


async def test_a_reset_begins_anew(dial):
    line = await dial(sessions=7, control=True, rate_limit=2)
    before = await undated(line)
    assert (await line.call("POST", "/__emulator__/reset"))[0] == 204
    assert await undated(line) == before, "the seed's records are the same"
    await line.call("POST", f"{line.service}/Sessions")
    await line.call("POST", "/__emulator__/clock", b'{"set": "2030-01-01T00:00:00Z"}')
    line.emulator.faults.add(Fault("stall", times=None))
    reader, writer = await line.dial("DELETE", line.service)
    await asyncio.sleep(0.02)
    status, _, body = await line.call("POST", "/__emulator__/reset")
    assert (status, body) == (204, None)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert not line.emulator.faults
    assert not line.emulator.processed
    assert line.emulator.store.counts()["sessions"] == 7
    assert line.emulator.clock() < datetime(2030, 1, 1, tzinfo=UTC)
    # The limit counts from nought, too; one request of two was left of it before.
    for _ in range(2):
        assert await undated(line) == before
    assert (await line.call("GET", f"{line.service}/Sessions"))[0] == 429


async def test_no_credentials_are_needed(line):
    stranger = type(line)(line.emulator, "wrong")
    assert (await stranger.call("GET", "/__emulator__/counts"))[0] == 200


async def test_the_clock(line):
    line.emulator.clock.set(datetime(2026, 3, 1, tzinfo=UTC))
    told = {"now": "2026-03-01T00:00:00Z"}
    assert (await line.call("GET", "/__emulator__/clock"))[2] == told
    moves = [
        ({"advance": 3600}, "2026-03-01T01:00:00Z"),
        ({"advance": -0.5}, "2026-03-01T00:59:59Z"),
        ({"set": "2030-01-01T02:00:00+02:00"}, "2030-01-01T00:00:00Z"),
        ({"set": "2030-01-01T00:00:00Z"}, "2030-01-01T00:00:00Z"),
    ]
    for sent, now in moves:
        answer = await line.call("POST", "/__emulator__/clock", json.dumps(sent).encode())
        assert (answer[0], answer[2]) == (200, {"now": now})
    assert line.emulator.clock() == datetime(2030, 1, 1, tzinfo=UTC)
    headers = (await line.call("GET", line.service))[1]
    assert headers["Date"] == "Tue, 01 Jan 2030 00:00:00 GMT"


@pytest.mark.parametrize(
    ("endpoint", "sent", "message"),
    [
        ("faults", "{", "body: must be JSON: "),
        ("faults", '"\ud800"', "body: must be JSON: "),
        ("faults", "[" * 100_000, "body: must be JSON: "),
        ("faults", "", "body: must be JSON: "),
        ("faults", "5", "fault: must be an object, not 5"),
        ("faults", "[[]]", "fault: must be an object, not []"),
        ("faults", "{}", "do: is required"),
        ("faults", '{"do": "explode"}', "do: must be one of 'answer', "),
        ("faults", '{"do": {"a": []}}', "do: must be one of 'answer', "),
        ("faults", '{"do": "reset", "colour": 1}', "colour: a fault has no such field; it has after_bytes, "),
        ("faults", '{"do": "reset", "nth": "x"}', "nth: must be an integer from 1, not 'x'"),
        ("faults", '{"do": "reset", "times": false}', "times: must be an integer from 1, not False"),
        ("faults", '{"do": "reset", "operation": "x"}', "operation: there is none called 'x'; there are "),
        ("faults", '{"do": "reset", "size": 5}', "size: means nothing to 'reset'"),
        ("faults", '[{"do": "reset"}, {"do": "huge"}]', "size: is required for 'huge'"),
        ("clock", "{}", 'clock: send {"set": <ISO 8601>} or {"advance": <seconds>}'),
        ("clock", "[]", 'clock: send {"set"'),
        ("clock", '{"set": "2030-01-01T00:00:00Z", "advance": 1}', "clock: send "),
        ("clock", '{"set": "2030-01-01"}', "set: must be a date and time with its offset, not '2030-01-01'"),
        ("clock", '{"set": "soon"}', "set: must be a date and time with its offset, not 'soon'"),
        ("clock", '{"set": 5}', "set: must be a date and time with its offset, not 5"),
        ("clock", '{"advance": "1"}', "advance: must be a number of seconds that a date can bear, not '1'"),
        ("clock", '{"advance": 1e99}', "advance: must be a number of seconds"),
        ("clock", '{"advance": 1e12}', "advance: must be a number of seconds"),
        ("clock", '{"advance": null}', "advance: must be a number of seconds"),
    ],
)
async def test_bad_input_is_refused_by_name(line, endpoint, sent, message):
    body = sent.encode("utf-8", "surrogatepass") or b" "
    status, _, answer = await line.call("POST", f"/__emulator__/{endpoint}", body)
    assert status == 400
    assert answer["error"].startswith(message)
    assert not line.emulator.faults


async def test_paths_and_verbs_that_are_not_there(line):
    status, _, body = await line.call("GET", "/__emulator__/nothing")
    assert status == 404
    assert "GET /__emulator__/counts" in " ".join(body["error"].split())
    status, headers, body = await line.call("PUT", "/__emulator__/faults")
    assert (status, headers["Allow"]) == (405, "GET, POST, DELETE")
    assert body == {"error": "/__emulator__/faults: only GET, POST, DELETE"}


@pytest.mark.parametrize(
    ("remote", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        (None, False),
    ],
)
async def test_only_from_this_machine(line, monkeypatch, remote, local):
    assert control._is_local(remote) is local  # noqa: SLF001 - no other machine is at hand
    monkeypatch.setattr(control, "_is_local", lambda _: local)
    assert (await line.call("GET", "/__emulator__/counts"))[0] == (200 if local else 403)

"""The answers behind calls."""

from __future__ import annotations

from answers import (
    BUSY,
    FOUND,
    KC,
    NOW,
    client_of,
    service_of,
    session,
)
from canary import SECRET
from raw_server import raw_server
from rich.pretty import pretty_repr

from twilio_sessions import (
    capture_responses,
)


async def test_the_answers_behind_calls_can_be_seen():
    answers = (BUSY, session(200, NOW, "Twilio-Request-Id: RQ1"))
    async with raw_server(*answers) as server, client_of(server) as client:
        with capture_responses() as responses:
            await service_of(client).sessions(KC).fetch()
        await service_of(client).sessions(KC).fetch()
    assert [response.status for response in responses] == [503, 200]
    assert responses[-1].request_id == "RQ1"
    assert responses[-1].headers["date"] == NOW[6:]
    assert b'"sid"' in responses[-1].body
    # A screen or a log shows neither who wrote nor what: rich has a way of its own to show things.
    for shown in (repr(responses), pretty_repr(responses)):
        assert SECRET not in shown
        assert KC in shown
        assert "RQ1" not in shown
        assert "unique_name" not in shown
        assert "date" not in shown


async def test_a_capture_inside_another_takes_nothing_away():
    async with raw_server(FOUND) as server, client_of(server) as client:
        with capture_responses() as outer:
            with capture_responses() as inner:
                await service_of(client).sessions(KC).fetch()
            await service_of(client).sessions(KC).fetch()
    assert (len(outer), len(inner)) == (2, 1)
    assert outer[0] is inner[0]

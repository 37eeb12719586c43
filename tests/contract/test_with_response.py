"""The raw variant of a call: its result and the answer that it came in."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import Answer, ArgumentError, NotFoundError, capture_responses
from twilio_sessions.emulator import Fault
from twilio_sessions.proxy import Session

if TYPE_CHECKING:
    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.proxy import AsyncServiceContext


async def test_a_call_with_its_answer(client: AsyncClient, service: AsyncServiceContext):
    made = await client.with_response(service.sessions.create, unique_name="Order #1", ttl=60)
    assert isinstance(made, Answer)
    assert isinstance(made.value, Session)
    assert (made.status, made.value.unique_name) == (201, "Order #1")
    assert json.loads(made.body)["sid"] == made.value.sid
    assert made.headers["content-type"].startswith("application/json")
    assert made.request_id == made.headers["twilio-request-id"]

    found = await client.with_response(service.sessions("Order #1").fetch)
    assert (found.status, found.value) == (200, made.value)
    assert found.request_id != made.request_id
    assert pickle.loads(pickle.dumps(found)) == found

    gone = await client.with_response(service.sessions(made.value.sid).delete)
    assert (gone.value, gone.status, gone.body) == (None, 204, b"")


async def test_the_last_answer_counts(client: AsyncClient, service: AsyncServiceContext, emulator: Emulator):
    emulator.faults.add(Fault("answer", status=503, operation="services.fetch"))
    with capture_responses() as responses:
        answer = await client.with_response(service.fetch)
    assert [response.status for response in responses] == [503, 200]
    assert answer.request_id == responses[-1].request_id


async def test_an_error_is_the_calls_own(client: AsyncClient, service: AsyncServiceContext):
    with pytest.raises(NotFoundError):
        await client.with_response(service.sessions("KC" + "0" * 32).fetch)


async def test_what_makes_no_request_is_refused(client: AsyncClient, service: AsyncServiceContext):
    with pytest.raises(ArgumentError, match="call must be a method of this client that makes a request") as e:
        await client.with_response(service.sessions.list)  # type: ignore[arg-type,unused-ignore]
    assert e.value.argument == "call"

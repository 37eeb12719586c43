"""What is said of a call that has failed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from answers import client_of, refusal
from canary import SECRET
from raw_server import raw_server

from twilio_sessions import APIConnectionError, APIError, AsyncClient, GoneError, NotFoundError
from twilio_sessions._core.call import Call
from twilio_sessions._core.request import Request

if TYPE_CHECKING:
    from twilio_sessions import TwilioSessionsError


@pytest.mark.parametrize(
    ("answer", "listing", "told"),
    [
        (refusal(410, 20410), False, True),
        (refusal(404, 20404), True, True),
        (refusal(404, 20404), False, False),
        (refusal(401, 20003), True, False),
    ],
)
async def test_a_product_that_is_gone_is_told_as_such(answer: bytes, listing: bool, told: bool):
    async with raw_server(answer) as server, client_of(server) as client:
        sessions = client.assistants.v1.sessions
        with pytest.raises(APIError) as caught:
            await (anext(sessions.list()) if listing else sessions("a").fetch())
    notes = getattr(caught.value, "__notes__", [])
    assert any("Twilio announced the end of AI Assistants" in note for note in notes) is told


async def test_a_product_that_nobody_answers_for_is_told_as_such():
    async with AsyncClient(
        "AC" + "0" * 32, SECRET, assistants_url="http://gone.invalid", timeout=2
    ) as client:
        with pytest.raises(APIConnectionError, match=r"gone\.invalid") as caught:
            await client.assistants.v1.sessions("a").fetch()
    assert any("it may have been switched off" in note for note in caught.value.__notes__)


GET = Request(method="GET", product="proxy", path="/v1/Services")
LOST: Any = {"method": "GET", "url": "http://x"}


def test_an_error_says_how_often_it_was_tried_and_that_an_attempt_may_have_been_processed():
    call = Call(GET, time.monotonic() - 2, time.monotonic() + 7.5, attempt=3, doubtful=True)
    error = APIConnectionError("refused", **LOST, maybe_processed=False)
    call.explain(error)
    assert error.__notes__ == ["after 3 attempts in 2.0 s"]
    assert error.maybe_processed
    assert 7 < call.remaining < 7.5
    assert 2 < call.elapsed < 3


@pytest.mark.parametrize(
    ("error", "request_", "told"),
    [
        (NotFoundError("x", status=404), {"retirement": "it ended", "is_entrance": True}, True),
        (NotFoundError("x", status=404), {"retirement": "it ended"}, False),
        (NotFoundError("x", status=404), {"is_entrance": True}, False),
        (GoneError("x", status=410), {"retirement": "it ended"}, True),
        (APIConnectionError("x", **LOST, maybe_processed=False), {"retirement": "it ended"}, True),
        (APIConnectionError("x", **LOST, maybe_processed=True), {"retirement": "it ended"}, False),
    ],
)
def test_what_says_that_a_product_is_gone(error: TwilioSessionsError, request_: dict[str, Any], told: bool):
    call = Call(msgspec.structs.replace(GET, **request_), time.monotonic(), time.monotonic() + 1, attempt=1)
    call.explain(error)
    assert getattr(error, "__notes__", []) == (["it ended"] if told else [])

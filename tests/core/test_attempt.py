"""One attempt over a real socket, and what hooks hear of it."""

from __future__ import annotations

import random

import pytest
from answers import (
    FOUND,
    KC,
    client_of,
    hang_up,
    refusal,
    service_of,
    session,
)
from raw_server import raw_server

from twilio_sessions.events import (
    Event,
    RequestFailed,
    RequestFinished,
    RequestRetried,
    RequestStarted,
    RequestThrottled,
)


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays are drawn as short as they can be: the policy's own numbers are in its tables."""
    monkeypatch.setattr(random, "random", lambda: 0.0)


async def test_what_hooks_hear_is_what_the_server_saw():
    heard: list[Event] = []
    answers = (refusal(429, 20429, "Retry-After: 0"), hang_up, FOUND)
    async with raw_server(*answers) as server, client_of(server, on_event=heard.append) as client:
        await service_of(client).sessions(KC).fetch()
        counters = client.counters
    assert [type(event) for event in heard] == [
        *(RequestStarted, RequestFinished, RequestThrottled, RequestRetried),
        *(RequestStarted, RequestFailed, RequestRetried),
        *(RequestStarted, RequestFinished),
    ]
    assert {event.operation for event in heard} == {"proxy.sessions.fetch"}
    assert [event.attempt for event in heard] == [1, 1, 1, 1, 2, 2, 2, 3, 3]
    assert (counters.requests, counters.retries, counters.throttled, counters.failed) == (3, 2, 1, 1)
    assert counters.requests == len(server.seen)


@pytest.mark.parametrize("fails_on", [RequestStarted, RequestFinished])
async def test_a_hook_that_fails_changes_nothing(fails_on: type[Event], caplog: pytest.LogCaptureFixture):
    def hook(event: Event) -> None:
        if isinstance(event, fails_on):
            raise KeyError("the hook's own mistake")

    async with raw_server(session(201)) as server, client_of(server, on_event=hook) as client:
        assert (await service_of(client).sessions.create()).sid == KC
    assert "a hook failed on" in caplog.text

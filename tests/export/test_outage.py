"""How long an outage is waited for."""

from __future__ import annotations

import pytest

from twilio_sessions import (
    APICertificateError,
    APIConnectionError,
    APIError,
    APITimeoutError,
    InvalidResponseError,
    RateLimitError,
    ServerError,
)
from twilio_sessions.export._outage import Outage, Reached

LOST = APIConnectionError("reset", method="GET", url="/", maybe_processed=True)


def outage(patience: float = 300.0, reached: float | None = 0.0) -> Outage:
    return Outage(patience, Reached(reached))


@pytest.mark.parametrize(
    ("error", "delay"),
    [
        (LOST, 0.5),
        (APITimeoutError("late", method="GET", url="/", maybe_processed=True), 0.5),
        (ServerError("busy", status=503), 0.5),
        (RateLimitError("slow down", status=429), 0.5),
        (RateLimitError("later", status=429, retry_after=200), 200),
        (RateLimitError("tomorrow", status=429, retry_after=86_400), None),
        (APICertificateError("expired", method="GET", url="/", maybe_processed=False), None),
        (APIError("no", status=403), None),
        (InvalidResponseError("HTML", status=200), None),
        (OSError("full"), None),
    ],
)
def test_what_may_pass_is_waited_for(error: Exception, delay: float | None):
    assert outage().wait(error, 10.0) == delay


def test_it_asks_less_and_less_often_until_its_patience_ends():
    one, now, delays = outage(patience=100), 10.0, list[float]()
    while (delay := one.wait(LOST, now)) is not None:
        delays.append(delay)
        now += delay
    assert delays == sorted(delays)
    assert 0.5 == delays[0] <= delays[-1] <= 30
    assert 50 < sum(delays) <= 100
    assert len(delays) < 20


def test_an_answer_ends_it():
    one = outage(patience=10)
    assert one.wait(LOST, 0.0) == 0.5
    assert one.wait(LOST, 9.0) is None
    one.ended(9.5)
    assert one.reached.at == 9.5
    assert one.wait(LOST, 20.0) == 0.5


@pytest.mark.parametrize(("patience", "reached"), [(0, 0.0), (0.4, 0.0), (300, None)])
def test_nothing_is_waited_for(patience: float, reached: float | None):
    assert outage(patience, reached).wait(LOST, 1.0) is None


@pytest.mark.parametrize(("at", "now", "is_lost"), [(None, 0.0, True), (5.0, 14.9, False), (5.0, 15.0, True)])
def test_a_product_is_lost_when_nothing_answers(at: float | None, now: float, is_lost: bool):
    assert Reached(at).is_lost(now, 10.0) is is_lost

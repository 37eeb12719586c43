"""The retry policy as tables: what may be sent again, when, and what it costs."""

from __future__ import annotations

import pytest

from twilio_sessions import errors
from twilio_sessions._core.request import Replay
from twilio_sessions._core.retry import (
    Failure,
    RetryPolicy,
    RetryQuota,
    classify,
    may_replay,
)

WHERE = {"method": "GET", "url": "u"}
DEFAULT = RetryPolicy()
NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (errors.APIConnectionError("x", **WHERE, maybe_processed=False), Failure.UNSENT),
        (errors.APIConnectionError("x", **WHERE, maybe_processed=True), Failure.AMBIGUOUS),
        (errors.APITimeoutError("x", **WHERE, maybe_processed=True), Failure.AMBIGUOUS),
        (errors.APITimeoutError("x", **WHERE, maybe_processed=False), Failure.UNSENT),
        (errors.APICertificateError("x", **WHERE, maybe_processed=False), Failure.FINAL),
        (errors.RateLimitError("x", status=429), Failure.THROTTLED),
        (errors.ServerError("x", status=500), Failure.AMBIGUOUS),
        (errors.ServerError("x", status=503), Failure.AMBIGUOUS),
        (errors.InvalidResponseError("not JSON", status=200), Failure.AMBIGUOUS),
        (errors.InvalidResponseError("a redirect", status=302), Failure.FINAL),
        (errors.PaginationError("a loop", status=200), Failure.FINAL),
        (errors.NotFoundError("x", status=404), Failure.FINAL),
        (errors.ConflictError("x", status=409), Failure.FINAL),
        (errors.ConflictError("x", status=409, code=80623), Failure.THROTTLED),
        (errors.BadRequestError("x", status=400), Failure.FINAL),
        (errors.AuthenticationError("x", status=401), Failure.FINAL),
        (errors.ConfigurationError("closed"), Failure.FINAL),
    ],
)
def test_an_error_means_one_thing_for_another_attempt(error: Exception, failure: Failure):
    assert classify(error) is failure


@pytest.mark.parametrize(
    ("failure", "replay", "allowed"),
    [
        (Failure.UNSENT, Replay.IDEMPOTENT, True),
        (Failure.UNSENT, Replay.CREATES, True),
        (Failure.THROTTLED, Replay.IDEMPOTENT, True),
        (Failure.THROTTLED, Replay.CREATES, True),
        (Failure.AMBIGUOUS, Replay.IDEMPOTENT, True),
        (Failure.AMBIGUOUS, Replay.CREATES, False),
        (Failure.FINAL, Replay.IDEMPOTENT, False),
        (Failure.FINAL, Replay.CREATES, False),
    ],
)
def test_a_create_is_never_repeated_when_it_may_have_happened(
    failure: Failure, replay: Replay, allowed: bool
):
    assert may_replay(failure, replay) is allowed


def delay(
    failure: Failure,
    attempt: int,
    *,
    remaining: float = 1000.0,
    retry_after: float | None = None,
    random: float = 1.0,
    policy: RetryPolicy = DEFAULT,
) -> float | None:
    return policy.delay(
        failure, attempt=attempt, remaining=remaining, retry_after=retry_after, random=lambda: random
    )


@pytest.mark.parametrize(
    ("failure", "bounds"),
    [
        (Failure.THROTTLED, [1.0, 2.0, 4.0, 8.0, None]),
        (Failure.AMBIGUOUS, [0.05, 0.1, 0.2, 0.4, None]),
        (Failure.UNSENT, [0.05, 0.1, 0.2, 0.4, None]),
    ],
)
def test_delays_double_and_end(failure: Failure, bounds: list[float | None]):
    assert [delay(failure, attempt) for attempt in range(1, 6)] == bounds
    assert delay(failure, 1, random=0.0) == 0.0, "full jitter"


def test_no_delay_is_longer_than_the_longest():
    policy = RetryPolicy(max_attempts=10_000)
    assert delay(Failure.THROTTLED, 9, policy=policy) == 20.0
    assert delay(Failure.THROTTLED, 9_999, policy=policy) == 20.0


def test_retry_after_is_the_least_and_has_a_cap():
    assert delay(Failure.THROTTLED, 1, retry_after=7.0) == 7.0
    assert delay(Failure.THROTTLED, 4, retry_after=7.0) == 8.0
    assert delay(Failure.THROTTLED, 1, retry_after=120.0) == 120.0
    assert delay(Failure.THROTTLED, 1, retry_after=121.0) is None


def test_no_wait_ends_after_the_deadline():
    assert delay(Failure.THROTTLED, 1, remaining=1.0) is None
    assert delay(Failure.THROTTLED, 1, remaining=1.1) == 1.0
    assert delay(Failure.THROTTLED, 1, remaining=5.0, retry_after=6.0) is None


def test_one_attempt_means_one():
    assert delay(Failure.UNSENT, 1, policy=RetryPolicy(max_attempts=1)) is None
    with pytest.raises(ValueError, match="max_attempts"):
        RetryPolicy(max_attempts=0)


def test_a_dead_server_exhausts_the_quota():
    quota = RetryQuota()
    paid = 0
    while quota.take(Failure.AMBIGUOUS) is not None:
        paid += 1
    assert paid == 500 // 14
    assert quota.take(Failure.THROTTLED) == 5, "what is left is enough for a cheaper one"


def test_successes_fill_the_quota_again():
    quota = RetryQuota(capacity=20)
    assert quota.take(Failure.AMBIGUOUS) == 14
    quota.succeeded(14)
    assert quota.balance == 20
    quota.succeeded(0)
    assert quota.balance == 20, "never above its capacity"
    quota.take(Failure.THROTTLED)
    quota.succeeded(0)
    assert quota.balance == 16

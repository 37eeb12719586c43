"""Whether and when a failed attempt is made again: pure policy, without a clock and without I/O."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import (
    APICertificateError,
    APIConnectionError,
    InvalidResponseError,
    PaginationError,
    RateLimitError,
    ResponseTooLargeError,
    ServerError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._core.request import Replay

__all__ = ["Failure", "RetryPolicy", "RetryQuota", "classify", "may_replay"]


class Failure(Enum):
    """How an attempt failed, as far as making it again is concerned."""

    UNSENT = "the connection was never made"
    THROTTLED = "429: not processed"
    AMBIGUOUS = "it may have been processed"
    FINAL = "the answer would be the same"


def classify(error: Exception) -> Failure:
    """Say what an error means for another attempt.

    429 is never processed and always safe to repeat (Twilio error 20429); a 5xx may have been processed
    (20500); so may everything that broke after bytes left, and a success whose body cannot be read.
    """
    if isinstance(error, APICertificateError | PaginationError | ResponseTooLargeError):
        return Failure.FINAL
    if isinstance(error, APIConnectionError):
        return Failure.AMBIGUOUS if error.maybe_processed else Failure.UNSENT
    if isinstance(error, RateLimitError) or getattr(error, "code", None) in _NOT_PROCESSED:
        return Failure.THROTTLED
    if isinstance(error, ServerError):
        return Failure.AMBIGUOUS
    # A redirect is the same again; a success that cannot be read was perhaps cut short.
    if isinstance(error, InvalidResponseError):
        return Failure.AMBIGUOUS if error.status < _FIRST_REDIRECT else Failure.FINAL
    return Failure.FINAL


_FIRST_REDIRECT: Final = 300
# 80623: another request for the same participant is under way; this one can be retried (Proxy changelog
# 2020-09-10).
_NOT_PROCESSED: Final = frozenset({80623})


def may_replay(failure: Failure, replay: Replay) -> bool:
    """Tell whether sending the same request again can do no harm."""
    if failure is Failure.AMBIGUOUS:
        return replay.idempotent
    return failure is not Failure.FINAL


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and after how long.

    Delays are drawn between 0 and a bound that doubles with each attempt (full jitter), so that many
    clients that failed together do not come back together.

    Attributes:
        max_attempts: Attempts in all, the first one included; 1 never repeats anything.
        transient_scale: Seconds that bound the first delay after a connection or server fault.
        throttle_scale: Seconds that bound the first delay after a 429.
        max_delay: Seconds that no drawn delay exceeds.
        max_retry_after: Seconds of `Retry-After` that are waited for; when Twilio asks for more, the error
            is raised at once.
    """

    max_attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    transient_scale: float = attrs.field(default=0.05, validator=attrs.validators.ge(0))
    throttle_scale: float = attrs.field(default=1.0, validator=attrs.validators.ge(0))
    max_delay: float = attrs.field(default=20.0, validator=attrs.validators.ge(0))
    max_retry_after: float = attrs.field(default=120.0, validator=attrs.validators.ge(0))

    def delay(
        self,
        failure: Failure,
        *,
        attempt: int,
        remaining: float,
        retry_after: float | None,
        random: Callable[[], float],
    ) -> float | None:
        """Return the seconds to wait before attempt `attempt + 1`; None when there is to be none.

        Args:
            failure: How attempt number `attempt` (from 1) failed.
            attempt: The number of the attempt that failed.
            remaining: Seconds until the deadline of the call; no wait ends after it.
            retry_after: What the answer asked for, if anything.
            random: Returns a number from 0 up to 1.
        """
        if attempt >= self.max_attempts:
            return None
        if retry_after is not None and retry_after > self.max_retry_after:
            return None
        scale = self.throttle_scale if failure is Failure.THROTTLED else self.transient_scale
        # The exponent is bounded so that no number of attempts overflows.
        delay = random() * min(self.max_delay, scale * 2 ** min(attempt - 1, 30))
        delay = max(delay, retry_after or 0.0)
        return delay if delay < remaining else None


@attrs.define
class RetryQuota:
    """What a client may spend on repeating, so that a dead server is not hammered by everybody at once.

    The numbers are those of AWS's SDKs (botocore's standard mode).

    Attributes:
        capacity: What there is at most.
        balance: What there is now.
    """

    capacity: int = 500
    balance: int = attrs.field(default=attrs.Factory(lambda self: self.capacity, takes_self=True))

    COST: Final = 14
    THROTTLED_COST: Final = 5
    REWARD: Final = 1

    def take(self, failure: Failure) -> int | None:
        """Pay for one repetition and return what it cost; None when it cannot be afforded."""
        cost = self.THROTTLED_COST if failure is Failure.THROTTLED else self.COST
        if cost > self.balance:
            return None
        self.balance -= cost
        return cost

    def succeeded(self, paid: int) -> None:
        """Give back what the last repetition cost, or a little for a success without one."""
        self.balance = min(self.capacity, self.balance + (paid or self.REWARD))

"""One call under way as a value: what it asks, when it must end, and what has become of it so far."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.errors import APIConnectionError, GoneError, NotFoundError

if TYPE_CHECKING:
    from twilio_sessions._core.request import Request
    from twilio_sessions.errors import TwilioSessionsError

__all__ = ["Call"]


@attrs.define
class Call:
    """One call under way; times are by the monotonic clock.

    Attributes:
        request: What it sends, once or more often.
        began: When it began.
        deadline: When it must have ended.
        attempt: The number of the attempt under way, from 1.
        doubtful: Whether an attempt that failed may have been processed.
        paid: What the last repetition took from the quota.
    """

    request: Request
    began: float
    deadline: float
    attempt: int = 0
    doubtful: bool = False
    paid: int = 0

    @property
    def elapsed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    @property
    def remaining(self) -> float:
        """Seconds until its deadline."""
        return self.deadline - time.monotonic()

    def explain(self, error: TwilioSessionsError) -> None:
        """Say on the error that leaves the call what is known of all its attempts."""
        if self.attempt > 1:
            error.add_note(f"after {self.attempt} attempts in {self.elapsed:.1f} s")
        if isinstance(error, APIConnectionError) and self.doubtful:
            error.maybe_processed = True
        if self.request.retirement and self._looks_gone(error):
            error.add_note(self.request.retirement)

    def _looks_gone(self, error: TwilioSessionsError) -> bool:
        """Tell whether it is the product that is not there, not one resource of it."""
        if isinstance(error, APIConnectionError):
            return not error.maybe_processed
        return isinstance(error, GoneError) or (isinstance(error, NotFoundError) and self.request.is_entrance)

"""Which of several errors is told."""

from __future__ import annotations

import pytest

from twilio_sessions import (
    APITimeoutError,
    AuthenticationError,
    NotFoundError,
    ServerError,
    TwilioSessionsError,
)
from twilio_sessions.export._common import first_error

FULL = OSError(28, "No space left on device")
# It is an OSError, too, for whoever catches TimeoutError; the disk's it is not.
LATE = APITimeoutError("late", method="GET", url="/", maybe_processed=True)
REFUSED = AuthenticationError("no", status=401)
BUSY = ServerError("busy", status=503)
GONE = NotFoundError("gone", status=404)


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([BUSY], BUSY),
        ([BUSY, GONE], BUSY),
        ([LATE, BUSY, REFUSED], REFUSED),
        ([LATE, REFUSED, FULL], FULL),
        ([BUSY, ExceptionGroup("inner", [LATE, ExceptionGroup("innermost", [FULL])])], FULL),
        ([LATE, ExceptionGroup("inner", [GONE])], LATE),
    ],
)
def test_the_error_that_says_most(errors: list[Exception], told: Exception):
    assert first_error(ExceptionGroup("all", errors)) is told
    assert isinstance(LATE, OSError)
    assert isinstance(LATE, TwilioSessionsError)


def test_an_interrupt_is_not_hidden():
    interrupt = KeyboardInterrupt()
    assert first_error(BaseExceptionGroup("all", [BUSY, interrupt])) is interrupt

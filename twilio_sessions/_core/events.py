"""What happens to a call, told as typed events: the one mechanism behind logs, counters and hooks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import attrs

if TYPE_CHECKING:
    from twilio_sessions._config import Product

__all__ = [
    "Counters",
    "Event",
    "RequestFailed",
    "RequestFinished",
    "RequestRetried",
    "RequestStarted",
    "RequestThrottled",
    "is_logged",
    "log_event",
]


@attrs.frozen(kw_only=True)
class Event:
    """What every event says.

    Attributes:
        operation: The operation in Twilio's words, such as `proxy.sessions.create`.
        method: The HTTP method.
        product: `proxy` or `assistants`.
        base_url: Where the product is for this client; it never holds credentials.
        path: The path below that; never the query, which may hold page tokens.
        attempt: The number of the attempt, from 1.
    """

    operation: str
    method: str
    product: Product
    base_url: str
    path: str
    attempt: int


@attrs.frozen(kw_only=True)
class RequestStarted(Event):
    """An attempt is about to be made: one request that the server may see."""


@attrs.frozen(kw_only=True)
class RequestFinished(Event):
    """A whole answer arrived, of whatever status.

    Attributes:
        status: The HTTP status.
        request_id: The `Twilio-Request-Id`, or None.
        seconds: From the start of this attempt to the last byte.
    """

    status: int
    request_id: str | None
    seconds: float


@attrs.frozen(kw_only=True)
class RequestFailed(Event):
    """No whole answer arrived.

    Attributes:
        error: The class of the error, such as `APITimeoutError`.
        maybe_processed: Whether bytes may have reached Twilio.
        seconds: From the start of this attempt to its end.
    """

    error: str
    maybe_processed: bool
    seconds: float


@attrs.frozen(kw_only=True)
class RequestThrottled(Event):
    """Twilio answered 429, or 80623 (the same participant is being added): it was not processed.

    Attributes:
        code: Twilio's error code, or None.
        retry_after: The seconds that Twilio asks to wait, or None.
    """

    code: int | None
    retry_after: float | None


@attrs.frozen(kw_only=True)
class RequestRetried(Event):
    """The attempt failed and another one follows.

    Attributes:
        reason: Why, in words.
        delay: Seconds until then.
    """

    reason: str
    delay: float


@attrs.define
class Counters:
    """What a client has done so far.

    Attributes:
        requests: Attempts made, each one request that the server may have seen.
        retries: Those of them that repeated an earlier one.
        throttled: Answers that say "not now, and not processed": status 429, and Twilio error 80623.
        failed: Attempts without a whole answer.
        duplicates: Rows that `list()` left out because they had come on an earlier page.
    """

    requests: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0
    duplicates: int = 0

    def count(self, kind: type[Event], attempt: int) -> None:
        """Take an event of this kind into account."""
        if kind is RequestStarted:
            self.requests += 1
            self.retries += attempt > 1
        elif kind is RequestThrottled:
            self.throttled += 1
        elif kind is RequestFailed:
            self.failed += 1


_log: Final = logging.getLogger("twilio_sessions")
# A program that does not ask for logs gets none, and not the warnings on standard error.
_log.addHandler(logging.NullHandler())
# Only these are ever written: no header, no query, no body.
_SAID: Final = ("operation", "attempt", "status", "request_id", "error", "code", "retry_after", "reason")
_LEVELS: Final[dict[type[Event], int]] = {
    RequestThrottled: logging.WARNING,
    RequestRetried: logging.INFO,
}


def is_logged(kind: type[Event]) -> bool:
    """Tell whether anybody reads what `log_event` would write."""
    return _log.isEnabledFor(_LEVELS.get(kind, logging.DEBUG))


def log_event(event: Event) -> None:
    """Write an event to the logger `twilio_sessions`; most of them at level DEBUG."""
    said = [f"{name}={value}" for name in _SAID if (value := getattr(event, name, None)) not in {None, ""}]
    level = _LEVELS.get(type(event), logging.DEBUG)
    _log.log(level, "%s %s %s: %s", event.method, event.path, type(event).__name__, " ".join(said))

"""What happens to calls, told as typed events to `on_event` hooks; logs and counters are made of the same."""

from __future__ import annotations

from twilio_sessions._core.events import (
    Counters,
    Event,
    RequestFailed,
    RequestFinished,
    RequestRetried,
    RequestStarted,
    RequestThrottled,
)

__all__ = [
    "Counters",
    "Event",
    "RequestFailed",
    "RequestFinished",
    "RequestRetried",
    "RequestStarted",
    "RequestThrottled",
]

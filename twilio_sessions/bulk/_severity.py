"""Which errors of a bulk change are waited for, and which stop everything."""

from __future__ import annotations

from typing import Final

from twilio_sessions.errors import (
    APICertificateError,
    APIConnectionError,
    APIError,
    AuthenticationError,
    ConfigurationError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TwilioSessionsError,
)

__all__ = ["may_pass", "stops"]

# 70005: too many of an account's requests failed; going on makes it worse.
_STOPPING_CODES: Final = frozenset({70005})
_STOPPING: Final = (AuthenticationError, PermissionDeniedError, APICertificateError, ConfigurationError)


def may_pass(error: TwilioSessionsError) -> bool:
    """Tell whether waiting may help; the client has tried several times, over seconds, before it raises."""
    return isinstance(error, APIConnectionError | RateLimitError | ServerError) and not isinstance(
        error, APICertificateError
    )


def stops(error: TwilioSessionsError) -> bool:
    """Tell whether no other session would fare better."""
    return isinstance(error, _STOPPING) or (isinstance(error, APIError) and error.code in _STOPPING_CODES)

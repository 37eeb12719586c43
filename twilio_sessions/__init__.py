"""Twilio's Sessions (Proxy v1 and Assistants v1): an async client, an exporter and a local Twilio.

Names are loaded when they are first used, so that models and errors cost no HTTP library.

PYTEST_DONT_REWRITE: pytest, which finds a plugin here, need not mind that the package may be loaded already.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from twilio_sessions._version import __version__

if TYPE_CHECKING:
    from twilio_sessions._core.capture import Answer, capture_responses
    from twilio_sessions._core.page import Page
    from twilio_sessions._core.request import Response
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.errors import (
        APICertificateError,
        APIConnectionError,
        APIError,
        APITimeoutError,
        ArchiveError,
        ArchiveLockedError,
        ArgumentError,
        AuthenticationError,
        BadRequestError,
        ConfigurationError,
        ConflictError,
        ExportIncompleteError,
        GoneError,
        InvalidResponseError,
        JournalError,
        JournalLockedError,
        NotFoundError,
        PaginationError,
        PermissionDeniedError,
        RateLimitError,
        ResponseTooLargeError,
        ServerError,
        TwilioSessionsError,
    )
    from twilio_sessions.sync import BlockingCallWarning, Client

__all__ = [
    "APICertificateError",
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "Answer",
    "ArchiveError",
    "ArchiveLockedError",
    "ArgumentError",
    "AsyncClient",
    "AuthenticationError",
    "BadRequestError",
    "BlockingCallWarning",
    "Client",
    "ConfigurationError",
    "ConflictError",
    "ExportIncompleteError",
    "GoneError",
    "InvalidResponseError",
    "JournalError",
    "JournalLockedError",
    "NotFoundError",
    "Page",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "Response",
    "ResponseTooLargeError",
    "ServerError",
    "TwilioSessionsError",
    "__version__",
    "capture_responses",
]

_HOMES = {
    "Answer": "twilio_sessions._core.capture",
    "AsyncClient": "twilio_sessions.client",
    "BlockingCallWarning": "twilio_sessions.sync",
    "Client": "twilio_sessions.sync",
    "Page": "twilio_sessions._core.page",
    "Response": "twilio_sessions._core.request",
    "capture_responses": "twilio_sessions._core.capture",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES.get(name, "twilio_sessions.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

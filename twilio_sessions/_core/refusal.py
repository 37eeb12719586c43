"""What Twilio says when it refuses: three shapes of error bodies become one typed error."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, cast

import msgspec

from twilio_sessions.errors import ConflictError, error_class_for_status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_sessions._core.request import Response
    from twilio_sessions.errors import APIError

__all__ = ["BODY_START", "api_error", "parse_retry_after"]

BODY_START: Final = 200
"""How many bytes of a body an error may show."""


def parse_retry_after(value: str | None, date: str | None) -> float | None:
    """Return the seconds that `Retry-After` asks for; None when there is none that can be read.

    An HTTP-date is measured against the `Date` of the same answer: this machine's clock may be wrong.

    Example:
        >>> parse_retry_after("Sun, 22 Nov 2026 10:00:30 GMT", "Sun, 22 Nov 2026 10:00:00 GMT")
        30.0
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    if date is None:
        return None
    try:
        return max(0.0, (parsedate_to_datetime(text) - parsedate_to_datetime(date)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        # Not a date, or one of the two without a time zone.
        return None


def api_error(response: Response, conflicts: frozenset[int]) -> APIError:
    """Return what an error status means, with all that its body says.

    Args:
        response: What came back.
        conflicts: Twilio's error codes that mean a conflict, whatever the status.
    """
    body = _error_object(response.body)
    code = _code(body)
    kind = ConflictError if code in conflicts else error_class_for_status(response.status)
    return kind(
        _message(body) or _body_start(response),
        status=response.status,
        code=code,
        more_info=_more_info(body),
        details=_details(body),
        request_id=response.request_id,
        method=response.method,
        url=response.url,
        retry_after=parse_retry_after(response.headers.get("retry-after"), response.headers.get("date")),
    )


def _error_object(body: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {}


_LONGEST_MESSAGE: Final = 2000


def _message(body: Mapping[str, object]) -> str | None:
    """Classic bodies and API Standards say `message`; RFC 9457 says `title` and perhaps `detail`."""
    texts = [body.get("message")] if body.get("message") else [body.get("title"), body.get("detail")]
    message = ": ".join(text for text in texts if isinstance(text, str) and text)
    return message[:_LONGEST_MESSAGE] or None


def _body_start(response: Response) -> str:
    start = response.body[:BODY_START].decode("utf-8", "replace").strip()
    return f"not Twilio's own error body: {start!r}" if start else "an empty body"


_LONGEST_CODE: Final = 10


def _code(body: Mapping[str, object]) -> int | None:
    code = body.get("code")
    if isinstance(code, str) and code.isdecimal() and len(code) < _LONGEST_CODE:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _more_info(body: Mapping[str, object]) -> str | None:
    """`more_info` (classic), `type` (RFC 9457), `params.twilioErrorCodeUrl` (API Standards v1.0)."""
    params = body.get("params")
    named = cast("dict[str, object]", params) if isinstance(params, dict) else {}
    for value in (body.get("more_info"), named.get("twilioErrorCodeUrl"), body.get("type")):
        if isinstance(value, str) and value:
            return value
    return None


# The extra members by which the three shapes carry more than a message.
_DETAIL_KEYS: Final = ("details", "errors", "params", "userError", "instance")


def _details(body: Mapping[str, object]) -> object:
    """Return `details` of a classic body as it is, and the extra members of the other shapes by name."""
    found = {key: body[key] for key in _DETAIL_KEYS if body.get(key) is not None}
    return found["details"] if list(found) == ["details"] else (found or None)

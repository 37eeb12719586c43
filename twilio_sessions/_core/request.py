"""One request and one response as values, and what a response means; no I/O happens here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal, cast
from urllib.parse import quote, urlencode

import attrs
import msgspec

from twilio_sessions.errors import ConflictError, InvalidResponseError, error_class_for_status

if TYPE_CHECKING:
    from twilio_sessions._config import Product
    from twilio_sessions.errors import APIError

__all__ = [
    "Form",
    "Method",
    "Replay",
    "Request",
    "Response",
    "encode_form",
    "judge",
    "parse_retry_after",
    "segment",
]

Method = Literal["GET", "POST", "DELETE"]
Form = Mapping[str, str | Sequence[str] | None]

BODY_START: Final = 200
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400


class Replay(Enum):
    """What sending the same request twice would do."""

    IDEMPOTENT = "the same as sending it once"
    CREATES = "it would create a second resource"

    @property
    def idempotent(self) -> bool:
        """Whether a repetition is harmless even when the first one was processed."""
        return self is Replay.IDEMPOTENT


@attrs.frozen(kw_only=True)
class Request:
    """What to ask of one product.

    Attributes:
        method: The HTTP method.
        product: Which of Twilio's products; its base URL is the client's affair.
        path: The path below the base URL, percent-encoded, beginning with `/`.
        query: The query, percent-encoded, or an empty string.
        form: The body of a POST, encoded as a form.
        replay: What sending it twice would do.
        operation: Its name in Twilio's words, such as `proxy.sessions.create`; for logs and traces.
        scope: What its rate limit is counted by: the service of a Proxy request.
    """

    method: Method
    product: Product
    path: str
    query: str = ""
    form: bytes | None = None
    replay: Replay = Replay.IDEMPOTENT
    operation: str = ""
    scope: str = ""

    def url(self, base_url: str) -> str:
        """Return the whole URL below a base URL."""
        return f"{base_url}{self.path}?{self.query}" if self.query else f"{base_url}{self.path}"


@attrs.frozen(kw_only=True)
class Response:
    """What came back, whole.

    Attributes:
        method: The method of the request.
        url: The URL that was asked, without credentials.
        status: The HTTP status.
        headers: The headers, names in lower case.
        body: The decoded bytes of the body.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The `Twilio-Request-Id`, to quote to Twilio's support."""
        return self.headers.get("twilio-request-id")

    def invalid(self, reason: str) -> InvalidResponseError:
        """Return the error that says this answer is not what the contract promises."""
        return InvalidResponseError(
            reason,
            status=self.status,
            body_start=self.body[:BODY_START],
            request_id=self.request_id,
            method=self.method,
            url=self.url,
        )


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


def segment(value: str) -> str:
    """Percent-encode one path segment, slashes included: `Order #1234` -> `Order%20%231234`."""
    return quote(value, safe="")


def encode_form(fields: Form) -> bytes:
    """Encode a form; None is left out, a sequence repeats its key.

    Example:
        >>> encode_form({"Ttl": "60", "Status": None, "MediaUrl": ["a", "b"]})
        b'Ttl=60&MediaUrl=a&MediaUrl=b'
    """
    pairs = {key: value for key, value in fields.items() if value is not None}
    return urlencode(pairs, doseq=True).encode("ascii")


def judge(response: Response) -> Response:
    """Return a success as it is; raise what anything else means.

    Raises:
        APIError: Twilio answered with an error status.
        InvalidResponseError: A redirect, which is never followed, or a status that HTTP does not know here.
    """
    if 200 <= response.status < _FIRST_REDIRECT:  # noqa: PLR2004 - where success begins
        return response
    if response.status < _FIRST_ERROR:
        target = response.headers.get("location", "")[:BODY_START]
        raise response.invalid(f"a redirect to {target!r} is not followed; is the base URL right?")
    raise _api_error(response)


# "Service UniqueName must be unique.", "Session UniqueName must be unique.": a conflict, whatever the status,
# which Twilio does not document.
_NAME_TAKEN: Final = frozenset({80602, 80603})


def _api_error(response: Response) -> APIError:
    body = _error_object(response.body)
    code = _code(body)
    kind = ConflictError if code in _NAME_TAKEN else error_class_for_status(response.status)
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

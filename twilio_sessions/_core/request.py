"""One request and one response as values, and what a response means; no I/O happens here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, urlencode

import msgspec

from twilio_sessions._core.refusal import BODY_START, api_error
from twilio_sessions.errors import InvalidResponseError

if TYPE_CHECKING:
    from twilio_sessions._config import Product

__all__ = [
    "PAGE_TOKEN",
    "Form",
    "Method",
    "Replay",
    "Request",
    "Response",
    "encode_form",
    "judge",
    "segment",
]

Method = Literal["GET", "POST", "DELETE"]
Form = Mapping[str, str | Sequence[str] | None]

PAGE_TOKEN: Final = re.compile(r"(^|&)PageToken=[^&]")
"""A query that asks for a page after the first."""

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


# Both are made anew for each request: structs take a fifth of the time of attrs classes that are frozen, and
# a changed copy a tenth of it.
class Request(msgspec.Struct, frozen=True, kw_only=True):
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
        conflicts: Twilio's error codes that say, whatever the status, that something exists already.
        retirement: Why its product may be gone, to be said when it seems to be; empty for one that stays.
        is_entrance: Whether nothing being found here says that it is the whole product that is gone.
    """

    method: Method
    product: Product
    path: str
    query: str = ""
    form: bytes | None = None
    replay: Replay = Replay.IDEMPOTENT
    operation: str = ""
    scope: str = ""
    conflicts: frozenset[int] = frozenset()
    retirement: str = ""
    is_entrance: bool = False

    def url(self, base_url: str) -> str:
        """Return the whole URL below a base URL."""
        return f"{base_url}{self.path}?{self.query}" if self.query else f"{base_url}{self.path}"


class Response(msgspec.Struct, frozen=True, kw_only=True, weakref=True):
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
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"Response({said})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        # Not headers and body: they hold what people wrote to each other, and are long.
        return [("method", self.method), ("url", self.url), ("status", self.status)]

    @property
    def request_id(self) -> str | None:
        """The `Twilio-Request-Id`, to quote to Twilio's support."""
        return self.headers.get("twilio-request-id")

    @property
    def page_token(self) -> str | None:
        """What asks for this page of a listing again; None for a first page and for what is no page."""
        query = self.url.partition("?")[2]
        return query if PAGE_TOKEN.search(query) else None

    def invalid(
        self, reason: str, kind: type[InvalidResponseError] = InvalidResponseError
    ) -> InvalidResponseError:
        """Return the error that says this answer is not what the contract promises."""
        return kind(
            reason,
            status=self.status,
            body_start=self.body[:BODY_START],
            request_id=self.request_id,
            method=self.method,
            url=self.url,
            page_token=self.page_token,
        )


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


def judge(response: Response, conflicts: frozenset[int] = frozenset()) -> Response:
    """Return a success as it is; raise what anything else means.

    Args:
        response: What came back.
        conflicts: Twilio's error codes that mean a conflict, whatever the status.

    Raises:
        APIError: Twilio answered with an error status.
        InvalidResponseError: A redirect, which is never followed, or a status that HTTP does not know here.
    """
    if 200 <= response.status < _FIRST_REDIRECT:  # noqa: PLR2004 - where success begins
        return response
    if response.status < _FIRST_ERROR:
        target = response.headers.get("location", "")[:BODY_START]
        raise response.invalid(f"a redirect to {target!r} is not followed; is the base URL right?")
    raise api_error(response, conflicts)

"""Every exception that this package raises, in one tree; nothing here needs more than the standard library.

::

    TwilioSessionsError
    ├── ConfigurationError              credentials or addresses are missing or contradict each other
    ├── ArgumentError (ValueError)      an argument cannot be right; no request was made
    ├── APIConnectionError              no whole answer arrived; `maybe_processed` says what that may mean
    │   ├── APITimeoutError (TimeoutError)
    │   └── APICertificateError         the server could not prove who it is; nothing was sent
    ├── APIError                        Twilio answered with an error
    │   ├── BadRequestError             400 and every 4xx without a class of its own
    │   ├── AuthenticationError         401
    │   ├── PermissionDeniedError       403
    │   ├── NotFoundError               404
    │   │   └── GoneError               410
    │   ├── ConflictError               409, and a unique name that is taken
    │   ├── RateLimitError              429
    │   └── ServerError                 5xx
    ├── InvalidResponseError            the answer is not what the contract promises
    │   ├── ResponseTooLargeError       its body is larger than is believable
    │   └── PaginationError             a listing cannot be continued; carries the token to resume from
    ├── ArchiveError                    an archive's folder is not as the export left it, or is another one's
    │   └── ArchiveLockedError          another process writes to it
    ├── ExportIncompleteError           an export ended before everything was read; the same call continues
    └── JournalError                    a journal of bulk changes is another plan's, or cannot be read
        └── JournalLockedError          another process writes to it

All of them pickle, so they cross process borders, and none of them carries a credential.
"""

from __future__ import annotations

from typing import TypeVar

__all__ = [
    "APICertificateError",
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "ArchiveError",
    "ArchiveLockedError",
    "ArgumentError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "ExportIncompleteError",
    "GoneError",
    "InvalidResponseError",
    "JournalError",
    "JournalLockedError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseTooLargeError",
    "ServerError",
    "TwilioSessionsError",
    "error_class_for_status",
]

_E = TypeVar("_E", bound="TwilioSessionsError")


def _rebuild(cls: type[_E], args: tuple[object, ...], state: dict[str, object]) -> _E:
    """Make an exception again from what `__reduce__` kept, without its keyword-only constructor."""
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class TwilioSessionsError(Exception):
    """The base of every error raised by this package."""

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by state: constructors of the subclasses take keywords that `args` does not hold."""
        return _rebuild, (type(self), self.args, dict(self.__dict__))


class ConfigurationError(TwilioSessionsError):
    """Credentials or addresses are missing, malformed or contradict each other."""


class ArgumentError(TwilioSessionsError, ValueError):
    """An argument cannot be right. It was refused before any request was made.

    Attributes:
        argument: The name of the argument, as in the signature.
    """

    def __init__(self, message: str, *, argument: str) -> None:
        super().__init__(message)
        self.argument = argument


class APIConnectionError(TwilioSessionsError):
    """The exchange broke before a whole answer arrived.

    Attributes:
        method: The HTTP method of the request.
        url: Its URL; it never holds credentials.
        maybe_processed: True when bytes may have reached Twilio, so that a create may have taken effect;
            False when the connection was never made.
    """

    def __init__(self, message: str, *, method: str, url: str, maybe_processed: bool) -> None:
        super().__init__(message)
        self.method = method
        self.url = url
        self.maybe_processed = maybe_processed

    def __str__(self) -> str:
        outcome = "may have been processed" if self.maybe_processed else "was not processed"
        return f"{self.args[0]} [{self.method} {self.url}; the request {outcome}]"


class APITimeoutError(APIConnectionError, TimeoutError):
    """The time allowed for the exchange ran out."""


class APICertificateError(APIConnectionError):
    """The server's certificate is not trusted, has expired or is somebody else's. Never tried again."""


class APIError(TwilioSessionsError):
    """Twilio answered with an error status.

    Attributes:
        status: The HTTP status.
        code: Twilio's error code (https://www.twilio.com/docs/api/errors), or None when the body names none.
        message: What Twilio says, or the first bytes of a body that is not Twilio's.
        more_info: A link that explains the code, or None.
        details: Whatever else the body says, or None.
        request_id: The `Twilio-Request-Id`, to quote to Twilio's support, or None.
        method: The HTTP method of the request.
        url: Its URL; it never holds credentials.
        retry_after: The seconds that Twilio asks to wait before another attempt, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: int | None = None,
        more_info: str | None = None,
        details: object = None,
        request_id: str | None = None,
        method: str = "",
        url: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.message = message
        self.status = status
        self.code = code
        self.more_info = more_info
        self.details = details
        self.request_id = request_id
        self.method = method
        self.url = url

    def __str__(self) -> str:
        what = f"HTTP {self.status}" if self.code is None else f"HTTP {self.status}, Twilio error {self.code}"
        text = f"{what}: {self.message} [{self.method} {self.url}]"
        if self.more_info:
            text += f" ({self.more_info})"
        if self.request_id:
            text += f" (request id {self.request_id})"
        return text


class BadRequestError(APIError):
    """HTTP 400, or a 4xx that has no class of its own: the request is refused as it is."""


class AuthenticationError(APIError):
    """HTTP 401: the credentials are not accepted (Twilio error 20003)."""


class PermissionDeniedError(APIError):
    """HTTP 403: the credentials are accepted, what was asked is not allowed."""


class NotFoundError(APIError):
    """HTTP 404: there is no such resource (Twilio error 20404)."""


class GoneError(NotFoundError):
    """HTTP 410: the resource, or the whole product, existed once and does not any more."""


class ConflictError(APIError):
    """HTTP 409, or a unique name that is taken (Twilio errors 80602, 80603), whatever its status.

    The request contradicts what exists or is under way.
    """


class RateLimitError(APIError):
    """HTTP 429: too many requests; this one was not processed (Twilio error 20429)."""


class ServerError(APIError):
    """HTTP 5xx: Twilio failed; a create may have been processed nevertheless."""


class InvalidResponseError(TwilioSessionsError):
    """An answer arrived that is not what the contract promises.

    Attributes:
        status: The HTTP status of the answer.
        body_start: Its first bytes, at most 200.
        request_id: The `Twilio-Request-Id`, or None.
        method: The HTTP method of the request.
        url: Its URL; it never holds credentials.
        page_token: Where a listing stood: give it to `pages(page_token=...)` to ask for the same page again.
            None when it was the first page, or no page at all.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        body_start: bytes = b"",
        request_id: str | None = None,
        method: str = "",
        url: str = "",
        page_token: str | None = None,
    ) -> None:
        super().__init__(message)
        self.page_token = page_token
        self.status = status
        self.body_start = body_start
        self.request_id = request_id
        self.method = method
        self.url = url

    def __str__(self) -> str:
        text = f"{self.args[0]} [HTTP {self.status} to {self.method} {self.url}]"
        return f"{text} (request id {self.request_id})" if self.request_id else text


class ResponseTooLargeError(InvalidResponseError):
    """The decoded body is larger than `max_response_bytes`; the rest of it was not read."""


class PaginationError(InvalidResponseError):
    """A listing cannot be continued safely; `page_token` says where it stood."""


_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    429: RateLimitError,
}

_FIRST_SERVER_ERROR = 500


def error_class_for_status(status: int) -> type[APIError]:
    """Return the class that stands for an HTTP error status.

    Example:
        >>> error_class_for_status(404).__name__
        'NotFoundError'
    """
    if status >= _FIRST_SERVER_ERROR:
        return ServerError
    return _BY_STATUS.get(status, BadRequestError)


class ArchiveError(TwilioSessionsError):
    """The folder of an archive is not as an export left it, or belongs to another export."""


class ArchiveLockedError(ArchiveError):
    """Another process writes to this archive at the moment."""


class ExportIncompleteError(TwilioSessionsError):
    """An export ended before everything was read; what was read is kept, and the same call continues it."""


class JournalError(TwilioSessionsError):
    """The folder of a journal of bulk changes is not as they left it, or belongs to another plan."""


class JournalLockedError(JournalError):
    """Another process writes to this journal at the moment."""

"""Lets a caller see the answers behind its calls: status, headers, request id and the bytes of the body."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from twilio_sessions._core.request import Response

__all__ = ["Answer", "answer_of", "capture_responses", "note_response"]

T = TypeVar("T")

# One list for each block around the call, the outermost first.
_captured: ContextVar[tuple[list[Response], ...]] = ContextVar("twilio_sessions_captured", default=())


@attrs.frozen(kw_only=True)
class Answer(Generic[T]):
    """What a call returned, and the answer that brought it: see `with_response` of the clients.

    Attributes:
        value: What the call returned.
        status: The HTTP status.
        headers: The headers, names in lower case.
        request_id: The `Twilio-Request-Id`, to quote to Twilio's support, or None.
        body: The decoded bytes of the body, as they were sent.

    Example:
        >>> answer = await client.with_response(service.sessions("KC...").fetch)
        >>> answer.value.sid, answer.status, answer.request_id, answer.headers["date"]
        ('KC...', 200, 'RQ...', 'Sun, 22 Nov 2026 10:00:00 GMT')
    """

    value: T
    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    request_id: str | None
    body: bytes = attrs.field(repr=False)


def answer_of(value: T, responses: Sequence[Response]) -> Answer[T]:
    """Return what a call returned with the last of its answers.

    Raises:
        ArgumentError: There are none.
    """
    if not responses:
        raise ArgumentError(
            "call must be a method of this client that makes a request when it is called, such as "
            "`sessions.create`; a listing makes none: its pages() have `raw` and `request_id`",
            argument="call",
        )
    last = responses[-1]
    return Answer(
        value=value, status=last.status, headers=last.headers, request_id=last.request_id, body=last.body
    )


@contextmanager
def capture_responses() -> Generator[list[Response]]:
    """Collect every answer to the calls made inside, in order, errors and repeated attempts included.

    It follows the calls of this task or thread and of the tasks that they start, in both clients. For the
    answer to a single call see `with_response` of the clients.

    Example:
        >>> with capture_responses() as responses:
        ...     session = await service.sessions("KC...").fetch()
        >>> responses[-1].status, responses[-1].request_id, responses[-1].headers["date"]
        (200, 'RQ...', 'Sun, 22 Nov 2026 10:00:00 GMT')
    """
    responses: list[Response] = []
    token = _captured.set((*_captured.get(), responses))
    try:
        yield responses
    finally:
        _captured.reset(token)


def note_response(response: Response) -> None:
    """Hand an answer to whoever captures."""
    for responses in _captured.get():
        responses.append(response)

"""Lets a caller see the answers behind its calls: status, headers, request id and the bytes of the body."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from twilio_sessions._core.request import Response

__all__ = ["capture_responses", "note_response"]

_captured: ContextVar[list[Response] | None] = ContextVar("twilio_sessions_captured", default=None)


@contextmanager
def capture_responses() -> Generator[list[Response]]:
    """Collect every answer to the calls made inside, in order, errors and repeated attempts included.

    It follows the calls of this task or thread and of the tasks that they start, in both clients.

    Example:
        >>> with capture_responses() as responses:
        ...     session = await service.sessions("KC...").fetch()
        >>> responses[-1].status, responses[-1].request_id, responses[-1].headers["date"]
        (200, 'RQ...', 'Sun, 22 Nov 2026 10:00:00 GMT')
    """
    responses: list[Response] = []
    token = _captured.set(responses)
    try:
        yield responses
    finally:
        _captured.reset(token)


def note_response(response: Response) -> None:
    """Hand an answer to whoever captures."""
    responses = _captured.get()
    if responses is not None:
        responses.append(response)

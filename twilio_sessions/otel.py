"""Spans for OpenTelemetry: one per attempt, named by the operation; needs the extra `otel`."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, Status, StatusCode, get_tracer

from twilio_sessions._core.events import RequestFailed, RequestFinished, RequestStarted
from twilio_sessions._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Span, TracerProvider

    from twilio_sessions._core.events import Event

__all__ = ["trace_requests"]

_FIRST_ERROR: Final = 400
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def trace_requests(tracer_provider: TracerProvider | None = None) -> Callable[[Event], None]:
    """Return a hook that makes a span of each attempt, below the span that is current where the call is made.

    A span has the name of the operation (`proxy.sessions.create`) and HTTP's semantic attributes. It never
    holds a query, a header or a body.

    Args:
        tracer_provider: Where spans go; by default the global provider.

    Example:
        >>> client = AsyncClient(on_event=trace_requests())
    """
    tracer = get_tracer("twilio_sessions", __version__, tracer_provider)
    # Hooks run in the task that makes the call, so that each attempt finds its own span again.
    current: ContextVar[Span | None] = ContextVar("twilio_sessions_span", default=None)

    def hook(event: Event) -> None:
        if isinstance(event, RequestStarted):
            attributes = _attributes(event)
            current.set(tracer.start_span(event.operation, kind=SpanKind.CLIENT, attributes=attributes))
            return
        span = current.get()
        if span is None:
            return
        if isinstance(event, RequestFinished):
            _finish(span, event)
        elif isinstance(event, RequestFailed):
            span.set_attribute("error.type", event.error)
            span.set_status(Status(StatusCode.ERROR))
        else:
            return
        span.end()
        current.set(None)

    return hook


def _attributes(event: Event) -> dict[str, str | int]:
    attributes: dict[str, str | int] = {
        "http.request.method": event.method,
        # Whole, but for the query: page tokens are nobody else's.
        "url.full": f"{event.base_url}{event.path}",
        "url.path": event.path,
        **_server(event.base_url),
    }
    if event.attempt > 1:
        attributes["http.request.resend_count"] = event.attempt - 1
    return attributes


@functools.cache
def _server(base_url: str) -> dict[str, str | int]:
    parts = urlsplit(base_url)
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    return {"server.address": parts.hostname or "", "server.port": port}


def _finish(span: Span, event: RequestFinished) -> None:
    span.set_attribute("http.response.status_code", event.status)
    if event.request_id is not None:
        span.set_attribute("twilio.request_id", event.request_id)
    if event.status >= _FIRST_ERROR:
        span.set_attribute("error.type", str(event.status))
        span.set_status(Status(StatusCode.ERROR))

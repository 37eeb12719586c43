"""OpenTelemetry: one span per attempt, below the caller's own, with nothing secret in it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from canary import SECRET
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from raw_server import http, raw_server

from twilio_sessions import AsyncClient
from twilio_sessions.events import RequestFinished, RequestStarted
from twilio_sessions.otel import trace_requests

ACCOUNT = "AC" + "0" * 32
KS = "KS" + "1" * 32


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():  # noqa: ASYNC110 - a transport has no event for it
        await asyncio.sleep(0.01)


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return made


async def test_each_attempt_is_a_span_of_the_callers(
    exporter: InMemorySpanExporter, provider: TracerProvider
):
    found = http(200, f'{{"sid": "{KS}"}}'.encode(), "Twilio-Request-Id: RQ1")
    async with (
        raw_server(http(503, b""), hang_up, found) as server,
        AsyncClient(ACCOUNT, SECRET, proxy_url=server.url, on_event=trace_requests(provider)) as client,
    ):
        with provider.get_tracer("test").start_as_current_span("caller") as caller:
            await client.proxy.v1.services(KS).fetch()
            await asyncio.gather(*(client.proxy.v1.services(KS).fetch() for _ in range(5)))
    *spans, last = exporter.get_finished_spans()
    assert last.name == "caller"
    assert len(spans) == 8
    assert {span.name for span in spans} == {"proxy.services.fetch"}
    assert {span.parent.span_id for span in spans if span.parent} == {caller.get_span_context().span_id}
    shown = [dict(span.attributes or {}) for span in spans[:3]]
    where = {
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
        "url.full": f"{server.url}/v1/Services/{KS}",
        "url.path": f"/v1/Services/{KS}",
    }
    assert shown == [
        {
            "http.request.method": "GET",
            **where,
            "http.response.status_code": 503,
            "error.type": "503",
        },
        {
            "http.request.method": "GET",
            **where,
            "http.request.resend_count": 1,
            "error.type": "APIConnectionError",
        },
        {
            "http.request.method": "GET",
            **where,
            "http.request.resend_count": 2,
            "http.response.status_code": 200,
            "twilio.request_id": "RQ1",
        },
    ]
    assert [span.status.status_code for span in spans[:3]] == [
        StatusCode.ERROR,
        StatusCode.ERROR,
        StatusCode.UNSET,
    ]
    assert SECRET not in "".join(span.to_json() for span in spans)


async def test_a_cancelled_attempt_ends_its_span(exporter: InMemorySpanExporter, provider: TracerProvider):
    async with (
        raw_server(stall) as server,
        AsyncClient(ACCOUNT, SECRET, proxy_url=server.url, on_event=trace_requests(provider)) as client,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.proxy.v1.services(KS).fetch(), 0.1)
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {})["error.type"] == "CancelledError"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("https://proxy.sydney.us1.twilio.com", ("proxy.sydney.us1.twilio.com", 443)),
        ("http://[::1]:8080/twilio", ("::1", 8080)),
    ],
)
def test_where_a_request_went_without_its_query(
    exporter: InMemorySpanExporter, provider: TracerProvider, url: str, server: tuple[str, int]
):
    about: dict[str, Any] = {"operation": "x", "method": "GET", "product": "proxy", "attempt": 1}
    hook = trace_requests(provider)
    hook(RequestStarted(**about, base_url=url, path="/v1/Services"))
    hook(RequestFinished(**about, base_url=url, path="/v1/Services", status=200, request_id=None, seconds=1))
    (span,) = exporter.get_finished_spans()
    shown = dict(span.attributes or {})
    assert (shown["server.address"], shown["server.port"]) == server
    assert shown["url.full"] == f"{url}/v1/Services"

"""The API on a socket: credentials, Twilio's headers, faults, and a ledger of what came in."""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import secrets
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_sessions.emulator import _routes as routes
from twilio_sessions.emulator._distort import Answer, replaced, spoiled
from twilio_sessions.emulator._effects import Wire, pause
from twilio_sessions.emulator._errors import ApiError, error_body
from twilio_sessions.emulator._exchange import Reply
from twilio_sessions.emulator._ledger import ReceivedRequest
from twilio_sessions.emulator._wire import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_sessions.emulator._api import Api
    from twilio_sessions.emulator._fault import Fault
    from twilio_sessions.emulator._plan import FaultPlan

__all__ = ("App",)

logger = logging.getLogger("twilio_sessions.emulator")

# Names and values as captured from Twilio's hosts and as the OpenAPI file declares them.
_FIXED_HEADERS = {
    "X-Home-Region": "us1",
    "X-Shenanigans": "none",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-Match, Idempotency-Key",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "ETag, Twilio-Request-Id",
}


class _Visit:
    """One request while it is being answered."""

    __slots__ = ("date", "in_flight", "line", "now", "path", "query", "request", "started", "target")

    def __init__(self, request: web.BaseRequest, now: datetime, date: str, in_flight: int) -> None:
        self.request = request
        self.started = time.perf_counter()
        # One moment for `Date` and for every date in the body, so that the two always agree.
        self.now, self.date = now, date
        self.in_flight = in_flight
        self.path, _, self.query = request.raw_path.partition("?")
        self.target = routes.find(request.method, self.path)
        self.line = ReceivedRequest(
            request.method,
            request.raw_path,
            self.target.name,
            f"RQ{secrets.token_hex(16)}",
            time.monotonic(),
        )

    def headers(self) -> dict[str, str]:
        """Return the headers of every answer."""
        return {
            **_FIXED_HEADERS,
            "Date": self.date,
            "Twilio-Request-Id": self.line.request_id,
            "Twilio-Request-Duration": f"{time.perf_counter() - self.started:.3f}",
            "Twilio-Concurrent-Requests": str(self.in_flight),
        }


class App:
    """One coroutine for every request; the work itself never waits."""

    def __init__(self, api: Api, credentials: Mapping[str, str], faults: FaultPlan) -> None:
        self._api = api
        self._faults = faults
        self._accepted = {_basic(name, secret) for name, secret in credentials.items()}
        self._options = api.context.options
        self._in_flight = 0
        self._random = random.Random("latency")  # noqa: S311 - reproducible, not secret
        self._closing = asyncio.Event()
        self._dates = _Dates()

    def close(self) -> None:
        """Let go of every client that is kept waiting for ever."""
        self._closing.set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request; its line is in the ledger from the first moment."""
        self._in_flight += 1
        now = self._api.clock()
        visit = _Visit(request, now, self._dates.text(now), self._in_flight)
        self._api.ledger.requests.append(visit.line)
        try:
            fault = self._faults.choose(request.method, visit.line.operation, request.raw_path)
            if fault is None:
                return await self._answer(visit)
            visit.line.fault = fault.do
            return await self._strike(visit, fault)
        finally:
            self._in_flight -= 1
            if visit.line.answer == "pending":
                # The client left, or the emulator closes: nobody is there to be answered.
                visit.line.answer = "none"

    async def _answer(self, visit: _Visit) -> web.StreamResponse:
        reply = await self._reply(visit)
        if self._options.latency or self._options.latency_jitter:
            await self._wait()
        visit.line.status, visit.line.answer = reply.status, "whole"
        headers = {**visit.headers(), **reply.headers}
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(status=reply.status, headers=headers, body=encode(reply.body))

    async def _wait(self, seconds: float = 0) -> None:
        """Wait as the options say, and `seconds` more, unless the emulator closes."""
        seconds += self._options.latency + self._random.uniform(0, self._options.latency_jitter)
        if seconds > 0:
            await pause(seconds, self._closing)

    async def _strike(self, visit: _Visit, fault: Fault) -> web.StreamResponse:
        """Let a fault take its course at its moment: before or after the operation is executed."""
        late = fault.do == "delay" and fault.when == "before"
        if late:
            await self._wait(fault.delay)
        elif fault.when == "before":
            # Nobody will look at this body, so it may be as long as it likes.
            await visit.request.content.read()
        reply = await self._reply(visit) if late or fault.when == "after" else None
        answer = self._content(visit, fault, reply)
        if not late:
            await self._wait(fault.delay)
        return await Wire(visit.request, visit.line, visit.headers(), self._closing).send(fault, answer)

    def _content(self, visit: _Visit, fault: Fault, reply: Reply | None) -> Answer:
        answer = replaced(fault, visit.now)
        if answer is not None:
            return answer
        if reply is None:
            return Answer(200, b"")
        repeats = fault.do == "repeat-rows"
        previous = self._api.page_before(visit.target, reply, visit.now) if repeats else None
        return spoiled(fault, reply, previous)

    async def _reply(self, visit: _Visit) -> Reply:
        request = visit.request
        try:
            self._authenticate(request.headers.get("Authorization", ""))
            self._check_concurrency(visit)
            body = await request.read() if request.body_exists else b""
            content_type = request.headers.get("Content-Type", "")
            request_id = visit.line.request_id
            return self._api.answer(visit.target, visit.query, body, content_type, visit.now, request_id)
        except ApiError as error:
            return self._api.refuse(error)
        except web.HTTPRequestEntityTooLarge:
            return self._api.refuse(ApiError(20413, status=413))
        except Exception:
            # A bug here must look to the client as a bug at Twilio would: a 500, not a dead connection.
            logger.exception("the emulator failed on %s %s", request.method, request.raw_path)
            return Reply(500, error_body(20500, "An error occurred", 500))

    def _authenticate(self, header: str) -> None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() == "basic" and value.strip() in self._accepted:
            return
        if scheme.lower() == "bearer" and value.strip() in self._options.bearer_tokens:
            return
        raise ApiError(20003, status=401, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})

    def _check_concurrency(self, visit: _Visit) -> None:
        limit = self._options.concurrency_limit
        if limit is not None and visit.in_flight > limit:
            raise self._api.too_many()


def _basic(name: str, secret: str) -> str:
    return base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")


class _Dates:
    """Writes moments as HTTP does; within one second it is always the same text."""

    def __init__(self) -> None:
        self._second, self._text = datetime.min.replace(tzinfo=UTC), ""

    def text(self, moment: datetime) -> str:
        second = moment.replace(microsecond=0)
        if second != self._second:
            self._second, self._text = second, format_datetime(second, usegmt=True)
        return self._text

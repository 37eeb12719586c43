"""The API on a socket: credentials, Twilio's headers, and a ledger of what was received."""

from __future__ import annotations

import base64
import logging
import secrets
import time
from typing import TYPE_CHECKING

import attrs
from aiohttp import web

from twilio_sessions.emulator._errors import ApiError, error_body
from twilio_sessions.emulator._exchange import Reply
from twilio_sessions.emulator._wire import encode

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Mapping

    from twilio_sessions.emulator._api import Api

__all__ = ("App", "ReceivedRequest")

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


@attrs.frozen
class ReceivedRequest:
    """One line of the ledger.

    Attributes:
        method: The HTTP method.
        target: Path and query exactly as they came over the wire, nothing decoded.
        status: The status that was answered.
        request_id: The `Twilio-Request-Id` that was answered.
    """

    method: str
    target: str
    status: int
    request_id: str


class App:
    """One coroutine for every request; the work itself never waits."""

    def __init__(self, api: Api, credentials: Mapping[str, str], ledger: deque[ReceivedRequest]) -> None:
        self._api = api
        self._ledger = ledger
        self._accepted = {_basic(name, secret) for name, secret in credentials.items()}
        self._bearers = api.context.options.bearer_tokens
        self._in_flight = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request and write it into the ledger."""
        started = time.perf_counter()
        self._in_flight += 1
        request_id = f"RQ{secrets.token_hex(16)}"
        try:
            reply = await self._reply(request)
            response = self._response(reply, request_id, time.perf_counter() - started)
        finally:
            self._in_flight -= 1
        self._ledger.append(ReceivedRequest(request.method, request.raw_path, reply.status, request_id))
        return response

    async def _reply(self, request: web.BaseRequest) -> Reply:
        try:
            self._authenticate(request.headers.get("Authorization", ""))
            body = await request.read() if request.body_exists else b""
            path, _, query = request.raw_path.partition("?")
            content_type = request.headers.get("Content-Type", "")
            return self._api.handle(request.method, path, query, body, content_type)
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
        if scheme.lower() == "bearer" and value.strip() in self._bearers:
            return
        raise ApiError(20003, status=401, headers={"WWW-Authenticate": 'Basic realm="Twilio API"'})

    def _response(self, reply: Reply, request_id: str, seconds: float) -> web.Response:
        headers = {
            **_FIXED_HEADERS,
            "Twilio-Request-Id": request_id,
            "Twilio-Request-Duration": f"{seconds:.3f}",
            "Twilio-Concurrent-Requests": str(self._in_flight),
            **reply.headers,
        }
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(status=reply.status, headers=headers, body=encode(reply.body))


def _basic(name: str, secret: str) -> str:
    return base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")

"""Answers of a raw server in Twilio's words, and a client that gets them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from canary import SECRET
from raw_server import http

from twilio_sessions import AsyncClient

if TYPE_CHECKING:
    from raw_server import RawServer

    from twilio_sessions.proxy import AsyncServiceContext

KS = "KS" + "1" * 32
KC = "KC" + "2" * 32
NOW = "Date: Sun, 22 Nov 2026 10:00:00 GMT"


def client_of(server: RawServer, **options: Any) -> AsyncClient:
    return AsyncClient(
        "AC" + "0" * 32, SECRET, proxy_url=server.url, assistants_url=server.url, **{"timeout": 5} | options
    )


def service_of(client: AsyncClient) -> AsyncServiceContext:
    return client.proxy.v1.services(KS)


def session(http_status: int = 200, *headers: str, **fields: object) -> bytes:
    body = {"sid": KC, "status": "open", "date_created": "2026-11-22T10:00:00Z", "ttl": 0} | fields
    return http(http_status, json.dumps(body).encode(), *(headers or (NOW,)))


def refusal(status: int, code: int, *headers: str) -> bytes:
    return http(status, json.dumps({"code": code, "message": "no", "status": status}).encode(), *headers)


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():  # noqa: ASYNC110 - a transport has no event for it
        await asyncio.sleep(0.01)


BUSY = http(503, b"<html>busy</html>")
FOUND = session()
ABSENT = refusal(404, 20404)


def verbs(server: RawServer) -> list[str]:
    return [head.split(" ", 1)[0] for head in server.seen]

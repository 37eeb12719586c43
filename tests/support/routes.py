"""A Twilio of a few answers, chosen by path: what is not said is an empty listing."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from raw_server import http, raw_server

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from raw_server import RawServer

__all__ = ["KC", "KS", "page", "routed"]


def KS(number: int) -> str:  # noqa: N802 - as Twilio writes it
    """Return the SID of a service."""
    return f"KS{number:032x}"


def KC(number: int) -> str:  # noqa: N802 - as Twilio writes it
    """Return the SID of a session."""
    return f"KC{number:032x}"


def page(path: str, rows: Sequence[str | Mapping[str, object]], following: str | None = None) -> bytes:
    """Return an answer with a page of a listing: rows, or only their SIDs, and the token of the next page."""
    listed = [{"sid": row} if isinstance(row, str) else row for row in rows]
    url = f"https://proxy.twilio.com{path}?PageToken={following}" if following else None
    return http(200, json.dumps({_key(path): listed, "meta": {"next_page_url": url}}).encode())


def _key(path: str) -> str:
    last = path.rsplit("/", maxsplit=1)[-1]
    return {"PhoneNumbers": "phone_numbers", "MessageInteractions": "interactions"}.get(last, last.lower())


@asynccontextmanager
async def routed(routes: Mapping[str, bytes | Sequence[bytes]]) -> AsyncGenerator[RawServer]:
    """Serve answers by the end of the query, such as `=token`, or else by that of the path.

    One answer is given again and again; of several each in turn, and then the last one again.
    """
    asked: Counter[str] = Counter()

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        target = server.seen[-1].split(" ", 2)[1]
        path = target.split("?")[0]
        ends = [each for each in routes if path.endswith(each) or target.endswith(each)]
        end = max(ends, key=lambda each: (not path.endswith(each), len(each)), default="")
        found = routes.get(end) or page(path, [])
        key = f"{path} {end}"
        if not isinstance(found, bytes):
            found = found[min(asked[key], len(found) - 1)]
        asked[key] += 1
        writer.write(found)
        await writer.drain()

    async with raw_server(answer) as server:
        yield server

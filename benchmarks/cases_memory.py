"""The case of memory: bytes that a session takes that is kept, as tracemalloc counts them."""

from __future__ import annotations

import gc
import statistics
import tracemalloc
from datetime import datetime  # noqa: TC003 - msgspec resolves it when it runs
from typing import TYPE_CHECKING, Final

import msgspec
import orjson
from fastserver import FastServer, fast_server
from findings import Findings
from goals import Goal
from peers import Official, Ours
from rendered import PAGE
from stage import Stage, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from settings import Settings

__all__ = ["memory"]


# It hardly differs from time to time.
_ROUNDS: Final = 3


class SessionStruct(msgspec.Struct):
    """The fields of a session, as msgspec's own class."""

    sid: str | None = None
    service_sid: str | None = None
    account_sid: str | None = None
    date_started: datetime | None = None
    date_ended: datetime | None = None
    date_last_interaction: datetime | None = None
    date_expiry: datetime | None = None
    unique_name: str | None = None
    status: str | None = None
    closed_reason: str | None = None
    ttl: int | None = None
    mode: str | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None
    url: str | None = None
    links: dict[str, str] | None = None


class _Page(msgspec.Struct):
    sessions: list[SessionStruct]


def memory(settings: Settings) -> Findings:
    """List sessions into a list with this package and the official one; decode the same pages otherwise."""
    rows = settings.kept
    with fast_server(FastServer(1, rows, closed=True)) as (base, _), Stage(base) as stage:
        ours, official = stage.open(Ours), stage.open(Official)

        async def listed() -> list[object]:
            return [row async for row in ours.sessions.list()]

        async def listed_officially() -> list[object]:
            return [row async for row in await official.sessions.stream_async(page_size=PAGE)]

        async def raw() -> list[bytes]:
            return [page.raw async for page in ours.sessions.pages()]

        bodies = stage.run(raw())
        decoder = msgspec.json.Decoder(_Page)
        ways: dict[str, Callable[[], list[object]]] = {
            Ours.name: lambda: stage.run(listed()),
            Official.name: lambda: stage.run(listed_officially()),
            "msgspec.Struct": lambda: [row for body in bodies for row in decoder.decode(body).sessions],
            "orjson dict": lambda: [row for body in bodies for row in orjson.loads(body)["sessions"]],
        }
        kept = {name: _kept(way, rows) for name, way in ways.items()}
    goals = [
        Goal(
            f"bytes per kept Session: ours / {peer}",
            kept[Ours.name] / kept[peer],
            bound,
            ours=f"{kept[Ours.name]:,.0f} B",
            peer=f"{peer} {kept[peer]:,.0f} B",
        )
        for peer, bound in ((Official.name, 0.7), ("msgspec.Struct", 1.05))
    ]
    return Findings(goals, figures={f"kept session, {name}, B": size for name, size in kept.items()})


def _kept(way: Callable[[], list[object]], rows: int) -> float:
    # Whatever is made once is made now.
    expect(len(way()), rows)
    return statistics.median(_one(way, rows) for _ in range(_ROUNDS))


def _one(way: Callable[[], list[object]], rows: int) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        kept = way()
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        expect(len(kept), rows)
    finally:
        tracemalloc.stop()
    return size / rows

"""Cases in which the server is far away: many listings at once, and a reader who works meanwhile."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import TYPE_CHECKING, Final

from fastserver import FastServer, fast_server, service_sid
from findings import Findings
from goals import Goal
from peers import Bare, Ours, OursSync
from rendered import PAGE
from stage import Stage, concurrently, expect
from turns import Contestant, take_turns

if TYPE_CHECKING:
    from peers import AsyncPeer
    from settings import Settings
    from turns import Measured

__all__ = ["many_services", "prefetch"]

_LATENCY: Final = 0.05
_READER: Final = 0.02


def many_services(settings: Settings) -> Findings:
    """List many services, all at once and a quarter of them at a time, against the sum of latencies."""
    services, sessions = settings.services, settings.sessions
    quarter = max(1, services // 4)
    with (
        fast_server(FastServer(services, sessions, _LATENCY, closed=True)) as (base, pipe),
        Stage(base) as stage,
    ):

        def lists(client: AsyncPeer, places: int) -> Contestant:
            async def one(number: int) -> None:
                expect(await client.list(service_sid(number)), sessions)

            def run() -> None:
                stage.run(concurrently(one, range(services), places))

            return Contestant(f"{client.name}, {places} at once", run, services * sessions // PAGE)

        clients: list[AsyncPeer] = [stage.open(Bare), stage.open(Ours)]
        contestants = [lists(client, places) for places in (services, quarter) for client in clients]
        title = f"List {services} services x {sessions:,} sessions, {_LATENCY * 1e3:g} ms a page"
        measured = take_turns(title, "page", contestants, settings.rounds, pipe)
    pages = sessions // PAGE
    goals = [
        _against(measured, f"{Ours.name}, {places} at once", bound, other=f"{Bare.name}, {places} at once")
        for places, bound in (
            (services, pages * _LATENCY),
            (quarter, -(-services // quarter) * pages * _LATENCY),
        )
    ]
    return Findings(goals, [measured])


def _against(measured: Measured, name: str, bound: float, *, other: str) -> Goal:
    """Return the goal of a whole run against the time that waiting alone takes."""
    ratios = [turn.wall / bound for turn in measured.turns[name]]
    ours, theirs = (statistics.median(turn.wall for turn in measured.turns[one]) for one in (name, other))
    return Goal(
        f"{measured.title}: {name.partition(', ')[2]}, wall",
        statistics.median(ratios),
        1.1,
        ours=f"{ours:.2f} s",
        peer=f"latency bound {bound:.2f} s ({other.partition(',')[0]}: {theirs:.2f} s)",
        spread=(min(ratios), max(ratios)),
    )


def prefetch(settings: Settings) -> Findings:
    """Read pages that are far away with a reader who needs some time for each."""
    pages = settings.pages_ahead
    with (
        fast_server(FastServer(1, pages * PAGE, _LATENCY, closed=True)) as (base, pipe),
        Stage(base) as stage,
    ):
        ours, sync = stage.open(Ours), stage.open(OursSync)

        async def awaited() -> None:
            async for page in ours.sessions.pages():
                expect(len(page), PAGE)
                await asyncio.sleep(_READER)

        def blocking() -> None:
            for page in sync.sessions.pages():
                expect(len(page), PAGE)
                time.sleep(_READER)

        contestants = [
            Contestant(Ours.name, lambda: stage.run(awaited()), pages),
            Contestant(OursSync.name, blocking, pages),
        ]
        title = f"Read {pages} pages, {_LATENCY * 1e3:g} ms away, {_READER * 1e3:g} ms of work with each"
        measured = take_turns(title, "page", contestants, settings.rounds, pipe)
    return Findings([_hidden(measured, one.name) for one in contestants], [measured])


def _hidden(measured: Measured, name: str) -> Goal:
    bound = max(_LATENCY, _READER) * 1e6
    ratios = [each / bound for each in measured.each(name, "wall")]
    return Goal(
        f"prefetch, {_LATENCY * 1e3:g} ms latency, reader {_READER * 1e3:g} ms a page ({name}), wall",
        statistics.median(ratios),
        1.1,
        ours=f"{measured.median(name, 'wall') / 1e3:.1f} ms a page",
        peer=f"max(latency, reader) {bound / 1e3:g} ms",
        spread=(min(ratios), max(ratios)),
    )

"""Cases of single calls: fetching one after the other and many at a time; creating, updating and deleting."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from fastserver import FastServer, fast_server, session_sid
from findings import Findings
from peers import (
    Bare,
    BareTimed,
    ByHttpx,
    ByHttpxSync,
    ByRequests,
    ByUrllib3,
    Official,
    OfficialSync,
    Ours,
    OursSync,
)
from stage import Stage, concurrently
from turns import Contestant, compare, take_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers import AsyncPeer, SyncPeer, Writer
    from settings import Settings
    from turns import Measured

__all__ = ["concurrent_fetch", "fetch", "write"]

_READERS: Final = 100
_WRITERS: Final = 50
_CALLS_A_CYCLE: Final = 3


def fetch(settings: Settings) -> Findings:
    """Fetch sessions one after the other."""
    with fast_server(FastServer(closed=True)) as (base, pipe), Stage(base) as stage:

        async def awaited(client: AsyncPeer, calls: int) -> None:
            for number in range(calls):
                await client.fetch(session_sid(number))

        def blocking(client: SyncPeer, calls: int) -> None:
            for number in range(calls):
                client.fetch(session_sid(number))

        def awaits(kind: Callable[[str], AsyncPeer], calls: int) -> Contestant:
            client = stage.open(kind)
            return Contestant(client.name, lambda: stage.run(awaited(client, calls)), calls)

        def blocks(kind: Callable[[str], SyncPeer], calls: int) -> Contestant:
            client = stage.open(kind)
            return Contestant(client.name, lambda: blocking(client, calls), calls)

        many, few = settings.fetches, settings.slow_fetches
        contestants = [
            awaits(Bare, many),
            awaits(BareTimed, many),
            awaits(Ours, many),
            awaits(Official, few),
            awaits(ByHttpx, few),
            blocks(OursSync, few),
            blocks(ByUrllib3, few),
            blocks(ByHttpxSync, few),
            blocks(ByRequests, few),
            blocks(OfficialSync, few),
        ]
        measured = take_turns(
            f"Fetch {many:,} sessions one after the other", "call", contestants, settings.rounds, pipe
        )
    sync = "fetch through the sync client, wall"
    goals = [
        compare(measured, OursSync.name, peer.name, bound, what=sync, clock="wall")
        for peer, bound in ((ByUrllib3, 1.25), (ByHttpxSync, 1), (ByRequests, 1))
    ]
    findings = _beside(measured, f"fetch {many:,} sessions, one after the other")
    return findings + Findings(goals)


def concurrent_fetch(settings: Settings) -> Findings:
    """Fetch sessions, a hundred at a time."""
    with fast_server(FastServer(closed=True)) as (base, pipe), Stage(base) as stage:

        def fetches(kind: Callable[[str], AsyncPeer], calls: int) -> Contestant:
            client = stage.open(kind)

            def run() -> None:
                stage.run(concurrently(client.fetch, map(session_sid, range(calls)), _READERS))

            return Contestant(client.name, run, calls)

        contestants = [
            fetches(Bare, settings.concurrent),
            fetches(BareTimed, settings.concurrent),
            fetches(Ours, settings.concurrent),
            fetches(Official, settings.slow_concurrent),
            fetches(ByHttpx, settings.slowest_concurrent),
        ]
        case = f"fetch {settings.concurrent:,} sessions, {_READERS} at a time"
        measured = take_turns(case.capitalize(), "call", contestants, settings.rounds, pipe)
    return _beside(measured, case)


def _beside(measured: Measured, case: str) -> Findings:
    """Return the goals of reading calls: processor time beside the floor, calls/s beside the official."""
    return Findings(
        [
            compare(measured, Ours.name, Bare.name, 1.25, what=f"{case}, CPU"),
            compare(
                measured,
                Ours.name,
                Official.name,
                2,
                what=f"{case}, calls/s (wall per call)",
                clock="wall",
                fewer=True,
            ),
        ],
        [measured],
    )


def write(settings: Settings) -> Findings:
    """Create, update and delete sessions, fifty at a time; the forms are the same to the byte."""
    names = map("order {:08}".format, count())
    with fast_server(FastServer(closed=True)) as (base, pipe), Stage(base) as stage:

        def writes(kind: Callable[[str], Writer], cycles: int) -> Contestant:
            client = stage.open(kind)

            def run() -> None:
                mine = [next(names) for _ in range(cycles)]
                stage.run(concurrently(client.cycle, mine, _WRITERS))

            return Contestant(client.name, run, cycles * _CALLS_A_CYCLE)

        contestants = [
            writes(Bare, settings.cycles),
            writes(Ours, settings.cycles),
            writes(Official, settings.slow_cycles),
        ]
        title = f"Create, update and delete {settings.cycles:,} sessions, {_WRITERS} at a time"
        measured = take_turns(title, "call", contestants, settings.rounds, pipe)
    _same_forms(measured)
    goal = compare(
        measured, Ours.name, Bare.name, 1.3, what=f"create + update + delete, {_WRITERS} at a time, CPU"
    )
    return Findings([goal], [measured])


def _same_forms(measured: Measured) -> None:
    posted = {
        name: sum(turn.posted for turn in measured.turns[name]) / measured.counts[name]
        for name in measured.turns
    }
    if len(set(posted.values())) != 1:
        raise RuntimeError(f"expected everybody to post the same forms, got bytes per call {posted}")

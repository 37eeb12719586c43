"""Cases of listings: what a session costs beside peers, and whether that grows with the listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastserver import FastServer, fast_server, service_sid
from findings import Findings
from goals import Goal
from peers import Bare, ByHttpx, ByRequests, Official, OfficialSync, Ours, OursSync
from rendered import PAGE
from stage import Stage, expect
from turns import Contestant, compare, take_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers import AsyncPeer, SyncLister
    from settings import Settings

__all__ = ["growth", "listing"]

_LARGE: Final = 0
_SMALL: Final = 1
_LEAST_PAGES: Final = 1_000


def listing(settings: Settings) -> Findings:
    """List sessions, one listing and one page after the other; slow clients list fewer of them."""
    sizes = (settings.rows, settings.slow_rows)
    with fast_server(FastServer(sizes=sizes, closed=True)) as (base, pipe), Stage(base) as stage:

        def awaits(kind: Callable[[str], AsyncPeer], number: int) -> Contestant:
            client, sid, rows = stage.open(kind), service_sid(number), sizes[number]
            return Contestant(client.name, lambda: expect(stage.run(client.list(sid)), rows), rows)

        def blocks(kind: Callable[[str], SyncLister], number: int) -> Contestant:
            client, sid, rows = stage.open(kind), service_sid(number), sizes[number]
            return Contestant(client.name, lambda: expect(client.list(sid), rows), rows)

        contestants = [
            awaits(Bare, _LARGE),
            awaits(Ours, _LARGE),
            blocks(OursSync, _LARGE),
            awaits(Official, _SMALL),
            blocks(OfficialSync, _SMALL),
            awaits(ByHttpx, _SMALL),
            blocks(ByRequests, _SMALL),
        ]
        title = f"List {settings.rows:,} sessions, {PAGE} a page"
        measured = take_turns(title, "session", contestants, settings.rounds, pipe)
    case = f"list {settings.rows:,} sessions, CPU per session"
    return Findings(
        [
            compare(measured, Ours.name, Bare.name, 1.25, what=case),
            compare(measured, Ours.name, Official.name, 10, what=case, fewer=True),
            compare(measured, Ours.name, OfficialSync.name, 12, what=case, fewer=True),
            compare(
                measured,
                OursSync.name,
                Ours.name,
                1.05,
                what="the same through the sync client, wall",
                clock="wall",
            ),
        ],
        [measured],
    )


def growth(settings: Settings) -> Findings:
    """List services of very different sizes; short listings are repeated until there is enough to measure."""
    lengths = settings.growth
    sizes = tuple(pages * PAGE for pages in lengths)
    with fast_server(FastServer(sizes=sizes, closed=True)) as (base, pipe), Stage(base) as stage:
        ours = stage.open(Ours)

        async def walk(number: int, times: int) -> None:
            for _ in range(times):
                expect(await ours.list(service_sid(number)), sizes[number])

        def lists(number: int, pages: int) -> Contestant:
            times = max(1, min(_LEAST_PAGES, max(lengths)) // pages)
            return Contestant(f"{pages:,} pages", lambda: stage.run(walk(number, times)), pages * times)

        contestants = [lists(number, pages) for number, pages in enumerate(lengths)]
        measured = take_turns("Listings of different lengths", "page", contestants, settings.rounds, pipe)
    names = [one.name for one in contestants]
    beside = {name: measured.ratio(name, names[0], "cpu") for name in names}
    cheapest, dearest = (choose(beside, key=beside.__getitem__) for choose in (min, max))
    goal = Goal(
        f"CPU per page, listings of {names[0]} to {names[-1]}",
        beside[dearest] / beside[cheapest],
        1.1,
        ours=f"dearest: {dearest}, {measured.median(dearest, 'cpu'):.0f} us",
        peer=f"cheapest: {cheapest}, {measured.median(cheapest, 'cpu'):.0f} us",
    )
    return Findings([goal], [measured])

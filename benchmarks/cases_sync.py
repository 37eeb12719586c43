"""Cases of the sync client alone: the way to its thread and back, its iterator, and a server that is near."""

from __future__ import annotations

import asyncio
import functools
import statistics
import threading
from typing import TYPE_CHECKING, Any, Final, Self

from fastserver import FastServer, fast_server, service_sid
from findings import Findings
from goals import Goal
from peers import Ours, OursSync
from stage import Stage, expect
from turns import Contestant, compare, take_turns

from twilio_sessions._core.codec import split_page
from twilio_sessions._core.listing import Rows
from twilio_sessions._core.page import Page
from twilio_sessions._core.request import Response
from twilio_sessions.proxy import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

    from settings import Settings

__all__ = ["hop", "iteration", "near"]

_NEAR: Final = 0.002
_BARE: Final = "run_coroutine_threadsafe"
_DECODING: Final = "decoding"


class _Loop:
    """An event loop in a thread, as one would write it by hand."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, object]) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _nothing() -> None:
    """Stand in for a call that costs nothing, so that only the way there and back is left."""


def hop(settings: Settings) -> Findings:
    """Measure the way to the loop and back, without any work."""
    calls = settings.hops
    with OursSyncNowhere() as ours:
        bare, runtime = _Loop(), ours.client._runtime  # noqa: SLF001 - the hop itself

        def threadsafe() -> None:
            for _ in range(calls):
                bare.run(_nothing())

        def facade() -> None:
            for _ in range(calls):
                runtime.call(_nothing)

        contestants = [Contestant(OursSync.name, facade, calls), Contestant(_BARE, threadsafe, calls)]
        measured = take_turns("A call that does nothing", "call", contestants, settings.rounds)
        bare.close()
    goal = compare(
        measured, OursSync.name, _BARE, 2, what="hop to the sync client's thread, wall", clock="wall"
    )
    return Findings([goal], [measured])


class OursSyncNowhere(OursSync):
    """The sync client of an address where nothing is; it is only asked for what needs no network."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def iteration(settings: Settings) -> Findings:
    """Measure what the facade's iterator costs per row over decoding, without a network in the way."""
    rows = settings.rows
    with fast_server(FastServer(1, rows, closed=True)) as (base, _), Stage(base) as stage:
        ours = stage.open(OursSync)
        bodies = [page.raw for page in ours.sessions.pages()]
        runtime = ours.client._runtime  # noqa: SLF001 - the iterator itself

        async def batches() -> AsyncGenerator[Callable[[], list[Session]], None]:
            for page in _pages(bodies):
                yield functools.partial(getattr, page, "items")

        def facade() -> None:
            expect(sum([1 for _ in runtime.iterate(Rows(batches()))]), rows)

        def decode() -> None:
            expect(sum([1 for page in _pages(bodies) for _ in page.items]), rows)

        contestants = [Contestant(OursSync.name, facade, rows), Contestant(_DECODING, decode, rows)]
        measured = take_turns("Sessions that are in memory", "session", contestants, settings.rounds)
    pairs = zip(measured.each(OursSync.name, "wall"), measured.each(_DECODING, "wall"), strict=True)
    over = [one - other for one, other in pairs]
    goal = Goal(
        "the sync client's iterator over decoding, wall per session",
        statistics.median(over),
        1.5,
        "us",
        ours=f"{measured.median(OursSync.name, 'wall'):.2f} us",
        peer=f"{_DECODING} {measured.median(_DECODING, 'wall'):.2f} us",
        spread=(min(over), max(over)),
    )
    return Findings([goal], [measured])


def _pages(bodies: list[bytes]) -> Iterator[Page[Session]]:
    """Make pages that are not decoded yet, as they come from the network, and keep none of them."""
    for body in bodies:
        response = Response(method="GET", url="", status=200, headers={}, body=body)
        parts = split_page(body, "sessions")
        yield Page(response=response, parts=parts, model=Session, next_page_token=None)


def near(settings: Settings) -> Findings:
    """List from a server that is two milliseconds away, with and without await."""
    rows = settings.rows
    with fast_server(FastServer(1, rows, _NEAR, closed=True)) as (base, pipe), Stage(base) as stage:
        ours, sync = stage.open(Ours), stage.open(OursSync)
        contestants = [
            Contestant(Ours.name, lambda: expect(stage.run(ours.list(service_sid(0))), rows), rows),
            Contestant(OursSync.name, lambda: expect(sync.list(service_sid(0)), rows), rows),
        ]
        title = f"List {rows:,} sessions, {_NEAR * 1e3:g} ms a page"
        measured = take_turns(title, "session", contestants, settings.rounds, pipe)
    what = f"list through the sync client, {_NEAR * 1e3:g} ms a page, wall"
    return Findings([compare(measured, OursSync.name, Ours.name, 1.05, what=what, clock="wall")], [measured])

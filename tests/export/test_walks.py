"""One listing, read through outages and expired tokens: each row once, in whatever number of runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from archives import client_of
from journals import commit, open_again, partition_of, rows_of
from powerloss import MemoryFolder
from raw_server import http
from routes import KC, page, routed

from twilio_sessions import BadRequestError, InvalidResponseError, PaginationError, ServerError
from twilio_sessions.export import ExportProgress, Filters
from twilio_sessions.export import _known as known
from twilio_sessions.export import _walks as walks
from twilio_sessions.export._commits import Backlog, Commits
from twilio_sessions.export._known import KnownRows
from twilio_sessions.export._listings import Listings
from twilio_sessions.export._outage import Reached
from twilio_sessions.export._progress import PartitionProgress
from twilio_sessions.export._source import Parent
from twilio_sessions.export._stage import Walk
from twilio_sessions.export._walks import Reading, read_listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twilio_sessions.export._journal import Journal

SERVICE = f"/v1/Services/{partition_of().service_sid}"
SESSIONS = f"{SERVICE}/Sessions"
EXPIRED = http(400, b'{"code": 21481, "message": "Page token is invalid"}')
BUSY = http(503, b"{}")

Routes = dict[str, bytes | list[bytes]]


def sessions(numbers: Sequence[int], following: str | None = None) -> bytes:
    return page(SESSIONS, [KC(number) for number in numbers], following)


class Archive:
    """A journal that outlives its runs."""

    def __init__(self) -> None:
        self.folder = MemoryFolder()
        self.progress = ExportProgress()

    async def read(
        self,
        routes: Mapping[str, bytes | Sequence[bytes]],
        *,
        resource: str = "sessions",
        parent: Parent | None = None,
        filters: Filters | None = None,
        patience: float = 0.0,
        reached: float | None = 0.0,
        ending: Callable[[Journal], None] = commit,
    ) -> list[str]:
        """Read a listing in a run of its own, from wherever the one before left it; return what was asked."""
        journal = open_again(self.folder)
        commits = Commits(journal, Backlog(), lambda: None)
        async with routed(routes) as server, client_of(server.url) as client:
            reading = Reading(
                resource,
                parent,
                Listings(client, journal.partition, resource).of(parent),
                KnownRows(journal, resource, None if parent is None else "sessions"),
                commits,
                filters,
                Reached(reached),
                patience,
                PartitionProgress("proxy", self.progress, lambda: None),
            )
            try:
                await read_listing(reading, journal.stages[resource].walk(parent.number if parent else 0))
            finally:
                ending(journal)
        return [head.split(" ", 2)[1].split("?")[1] for head in server.seen]

    @property
    def journal(self) -> Journal:
        return open_again(self.folder)

    def sids(self, resource: str = "sessions") -> list[str]:
        rows = rows_of(self.journal, resource)
        return [row.decode().split('"sid": "')[1].split('"')[0] for row in rows]

    def walk(self, resource: str = "sessions", parent: int = 0) -> Walk:
        return self.journal.stages[resource].walk(parent)


@pytest.fixture
def archive() -> Archive:
    return Archive()


def kcs(*numbers: int) -> list[str]:
    return [KC(number) for number in numbers]


async def interrupted(archive: Archive, routes: Mapping[str, Any], **options: Any) -> None:
    """Read until the server fails."""
    with pytest.raises(ServerError):
        await archive.read(routes, **options)


async def test_page_by_page(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": sessions([3], "c"), "=c": sessions([])}
    assert await archive.read(routes) == ["PageSize=100", "PageToken=b", "PageToken=c"]
    assert archive.sids() == kcs(1, 2, 3)
    assert archive.walk().is_done
    tally = archive.journal.tallies["sessions"]
    assert (tally.rows, tally.pages, tally.duplicates, tally.filtered) == (3, 3, 0, 0)
    assert archive.progress.rows["sessions"] == 3


async def test_it_goes_on_after_the_last_durable_page(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": sessions([3], "c"), "=c": BUSY}
    await interrupted(archive, routes)
    assert archive.walk() == Walk(0, "PageToken=c", 2)
    # Row 3 moved to the next page meanwhile.
    routes["=c"] = sessions([3, 4])
    assert await archive.read(routes) == ["PageToken=c"]
    assert archive.sids() == kcs(1, 2, 3, 4)
    assert archive.journal.tallies["sessions"].duplicates == 1


async def test_what_was_not_committed_is_read_again(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": BUSY}
    await interrupted(archive, routes, ending=lambda _: None)
    assert archive.sids() == []
    routes["=b"] = sessions([3])
    assert await archive.read(routes) == ["PageSize=100", "PageToken=b"]
    assert archive.sids() == kcs(1, 2, 3)


async def test_an_expired_token_begins_anew_and_adds_nothing_twice(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": sessions([3, 4], "c"), "=c": BUSY}
    await interrupted(archive, routes)
    # Meanwhile 3 was deleted, and 9 is new.
    now: Routes = {
        "=c": EXPIRED,
        SESSIONS: sessions([9, 1], "d"),
        "=d": sessions([2, 4], "e"),
        "=e": sessions([5, 6]),
    }
    assert await archive.read(now) == ["PageToken=c", "PageSize=100", "PageToken=d", "PageToken=e"]
    assert archive.sids() == kcs(1, 2, 3, 4, 9, 5, 6)
    assert archive.walk().is_done


@pytest.mark.parametrize("remembered", [1, 3, 10_000])
async def test_a_crash_while_it_begins_anew(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, remembered: int
):
    """The next run has to know that any row may come again, however few are remembered usually."""
    monkeypatch.setattr(walks, "_REMEMBERED", remembered)
    monkeypatch.setattr(known, "_USUAL", remembered)
    pages = [[number, number + 1] for number in range(0, 20, 2)]
    first: Routes = {f"=a{at}": sessions(numbers, f"a{at + 1}") for at, numbers in enumerate(pages)}
    first |= {SESSIONS: first["=a0"], "=a10": BUSY}
    await interrupted(archive, first)
    assert archive.sids() == kcs(*range(20))
    second: Routes = {f"=b{at}": sessions(numbers, f"b{at + 1}") for at, numbers in enumerate(pages)}
    second |= {"=a10": EXPIRED, SESSIONS: second["=b0"], "=b5": BUSY}
    await interrupted(archive, second)
    assert archive.walk() == Walk(0, "PageToken=b5", 5, is_again=True)
    second |= {"=b5": sessions(pages[5], "b6"), "=b10": sessions([20])}
    asked = await archive.read(second)
    assert asked[0] == "PageToken=b5"
    assert archive.sids() == kcs(*range(21))


async def test_a_token_that_expires_while_it_is_waited(archive: Archive):
    routes: Routes = {
        SESSIONS: [sessions([1, 2], "b"), sessions([1, 2], "d")],
        "=b": sessions([3, 4], "c"),
        "=c": [BUSY, EXPIRED],
        "=d": sessions([3, 4, 5]),
    }
    asked = await archive.read(routes, patience=60, reached=time.monotonic())
    assert [query.split("=")[1] for query in asked] == ["100", "b", "c", "c", "100", "d"]
    assert archive.sids() == kcs(1, 2, 3, 4, 5)


async def test_rows_of_this_run_are_known_when_it_begins_anew(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
):
    """Also those that are in memory, and more of them than are remembered usually."""
    monkeypatch.setattr(walks, "_REMEMBERED", 1)
    routes: Routes = {
        SESSIONS: sessions([1, 2], "b"),
        "=b": sessions([3, 4], "c"),
        "=c": sessions([5, 6], "d"),
        "=d": [EXPIRED, sessions([7])],
    }
    await archive.read(routes)
    assert archive.sids() == kcs(1, 2, 3, 4, 5, 6, 7)


async def test_tokens_that_never_last(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": EXPIRED}
    with pytest.raises(BadRequestError, match="21481"):
        await archive.read(routes)
    assert archive.sids() == kcs(1, 2)
    assert archive.progress.rows["sessions"] == 2


async def test_a_refusal_without_a_token_is_no_expiry(archive: Archive):
    with pytest.raises(BadRequestError, match="21481"):
        await archive.read({SESSIONS: EXPIRED})


async def test_nested_listings_know_their_own_rows(archive: Archive, monkeypatch: pytest.MonkeyPatch):
    """Those of other sessions, however many came since, make it forget none."""
    monkeypatch.setattr(known, "_USUAL", 1)
    await archive.read({SESSIONS: sessions([1, 2])})

    def participants(session: int, numbers: Sequence[int], following: str | None = None) -> bytes:
        rows: list[Any] = [{"sid": f"KP{number}", "session_sid": KC(session)} for number in numbers]
        return page(f"{SESSIONS}/{KC(session)}/Participants", rows, following)

    one, two = Parent(0, KC(1)), Parent(1, KC(2))
    routes: Routes = {"/Participants": participants(1, [1, 2], "b"), "=b": BUSY}
    await interrupted(archive, routes, resource="participants", parent=one)
    await archive.read({"/Participants": participants(2, [3, 4])}, resource="participants", parent=two)
    now: Routes = {
        "=b": EXPIRED,
        "/Participants": participants(1, [1, 2], "c"),
        "=c": participants(1, [5]),
    }
    await archive.read(now, resource="participants", parent=one)
    assert archive.sids("participants") == ["KP1", "KP2", "KP3", "KP4", "KP5"]


@pytest.mark.parametrize("failures", [1, 2])
async def test_an_outage_shorter_than_the_patience(archive: Archive, failures: int):
    routes: Routes = {SESSIONS: sessions([1], "b"), "=b": [BUSY] * failures + [sessions([2])]}
    assert await archive.read(routes, patience=30, reached=time.monotonic()) == [
        "PageSize=100",
        *["PageToken=b"] * (failures + 1),
    ]
    assert archive.sids() == kcs(1, 2)
    assert archive.progress.waiting_for is None


async def test_an_outage_longer_than_the_patience(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1], "b"), "=b": BUSY}
    began = time.monotonic()
    with pytest.raises(ServerError):
        await archive.read(routes, patience=1.2, reached=began)
    assert 0.5 <= time.monotonic() - began < 30
    assert archive.sids() == kcs(1)
    assert "503" in (archive.progress.waiting_for or "")


async def test_what_never_answered_is_not_waited_for(archive: Archive):
    began = time.monotonic()
    with pytest.raises(ServerError):
        await archive.read({SESSIONS: BUSY}, patience=60, reached=None)
    assert time.monotonic() - began < 30


async def test_a_listing_that_repeats_itself_in_one_run(archive: Archive):
    pages: Routes = {f"=a{at}": sessions([1, 2], f"a{at + 1}") for at in range(5)}
    with pytest.raises(PaginationError, match="brings only rows listed before"):
        await archive.read({SESSIONS: sessions([1, 2], "a0"), **pages})


async def test_pages_that_are_known_after_a_break(archive: Archive):
    """Where a token counts rows, those that came meanwhile push listed ones to the pages that follow."""
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": sessions([3, 4], "c"), "=c": BUSY}
    await interrupted(archive, routes)
    routes |= {"=c": sessions([1, 2], "d"), "=d": sessions([3, 4], "e"), "=e": sessions([5])}
    await archive.read(routes)
    assert archive.sids() == kcs(1, 2, 3, 4, 5)


async def test_known_pages_have_an_end_as_well(archive: Archive):
    routes: Routes = {SESSIONS: sessions([1, 2], "b"), "=b": BUSY}
    await interrupted(archive, routes)
    routes = {f"=a{at}": sessions([1, 2], f"a{at + 1}") for at in range(9)}
    with pytest.raises(PaginationError, match="brings only rows listed before"):
        await archive.read({"=b": sessions([2, 1], "a0"), **routes})


async def test_what_is_not_wanted_is_counted(archive: Archive):
    rows: list[Any] = [
        {"sid": KC(1), "status": "open", "date_created": "2026-01-01T00:00:00Z"},
        {"sid": KC(2), "status": "closed", "date_created": "2026-02-01T00:00:00Z"},
        {"sid": KC(3), "status": "open", "date_created": "2026-03-01T00:00:00Z"},
        {"sid": KC(1), "status": "open"},
    ]
    await archive.read({SESSIONS: page(SESSIONS, rows)}, filters=Filters(("open",)))
    assert archive.sids() == kcs(1, 3)
    tally = archive.journal.tallies["sessions"]
    assert (tally.rows, tally.filtered, tally.duplicates) == (2, 1, 1)
    assert (str(tally.first_created)[:7], str(tally.last_created)[:7]) == ("2026-01", "2026-03")


async def test_a_row_without_an_identity_is_refused(archive: Archive):
    with pytest.raises(InvalidResponseError, match="a row of sessions has neither a sid nor an id"):
        await archive.read({SESSIONS: page(SESSIONS, [KC(1), {"status": "open"}])})
    assert archive.sids() == []

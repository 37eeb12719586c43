"""Reads one listing from where it stands to its end, page by page into the journal, through outages."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import attrs

from twilio_sessions._core.recent import Recent
from twilio_sessions.errors import BadRequestError, TwilioSessionsError
from twilio_sessions.export._layout import Tally
from twilio_sessions.export._listings import Head
from twilio_sessions.export._outage import Outage
from twilio_sessions.export._stage import Walk

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence
    from datetime import datetime

    from twilio_sessions._core.page import Page
    from twilio_sessions._core.resource import AsyncCollection
    from twilio_sessions.export._commits import Commits
    from twilio_sessions.export._known import KnownRows
    from twilio_sessions.export._outage import Reached
    from twilio_sessions.export._plan import Filters
    from twilio_sessions.export._progress import PartitionProgress
    from twilio_sessions.export._since import Known
    from twilio_sessions.export._source import Parent

__all__ = ["Reading", "read_listing"]

_REMEMBERED: Final = 10_000
# A listing whose tokens do not last even while it is read is not begun anew for ever.
_MOST_BEGINNINGS: Final = 4


@attrs.define
class Reading:
    """One listing that is read, and where its rows go.

    Attributes:
        resource: What it lists.
        parent: Whose listing it is; None where there is only one.
        collection: Where it is.
        known: Looks up which rows earlier runs have written.
        commits: What makes rows durable.
        filters: Which rows are wanted; None means all.
        reached: When the product last answered.
        patience: For how many seconds an outage is waited for.
        progress: What is told about the export.
        before: What earlier exports have of this listing; None writes everything.
    """

    resource: str
    parent: Parent | None
    collection: AsyncCollection[Any]
    known: KnownRows
    commits: Commits
    filters: Filters | None
    reached: Reached
    patience: float
    progress: PartitionProgress
    before: Known | None = None
    _listed: Recent = attrs.field(factory=lambda: Recent(_REMEMBERED))
    # How many rows were remembered, and whether they are all since the beginning of the listing.
    _count: int = 0
    _is_whole: bool = True
    # How many rows may come again, on pages without a new one, before that looks as if it had no end.
    _may_repeat: int = 0

    def keep(self, page: Page[Any], walk: Walk) -> None:
        """Add the rows of a page that are new and wanted to the journal."""
        found = page.decode(Head)
        new = self._new(found, page)
        if found and not new and not walk.is_done:
            self._may_repeat -= len(found)
            if self._may_repeat < 0:
                raise page.pagination_error("a page that is not the last one brings only rows listed before")
        asked = new if self.filters is None else [at for at in new if self._wants(found[at])]
        lines = _lines(page)
        wanted = asked if self.before is None else _changed(self.before, asked, found, lines)
        rows = lines if len(wanted) == len(lines) else [lines[at] for at in wanted]
        journal = self.commits.journal
        dates = [found[at].date_created for at in wanted]
        unchanged = len(asked) - len(wanted)
        tally = _count(journal.tallies[self.resource], dates, len(found), len(new), unchanged)
        if walk.is_done and self.before is not None:
            journal.removed[self.resource] = self.before.missing()
        self.commits.added(journal.add(self.resource, rows, tally, walk))
        self._count += len(new)
        self.progress.read(self.resource, len(rows), len(found) - len(new))

    async def go_on(self, *, is_again: bool) -> None:
        """Remember the rows of an earlier run: the last ones, or all where any of them may come again."""
        if is_again and self.parent is None:
            self._remember(await self.known.of_all(None))
        else:
            self._remember(await self.known.of_unfinished(self.parent))
            self._is_whole = self.parent is not None

    async def begin_anew(self) -> None:
        """Remember all rows that came so far, for all of them will come again."""
        if not self._is_whole or self._count > _REMEMBERED:
            await self.commits.commit()
            self._remember(await self.known.of_all(self.parent))
            self._is_whole = True
        self._may_repeat = self._count

    def _remember(self, identities: list[str]) -> None:
        self._count = self._may_repeat = len(identities)
        self._listed = Recent(max(_REMEMBERED, len(identities)))
        self._listed.new_of(identities)

    def _new(self, found: list[Head], page: Page[Any]) -> Sequence[int]:
        """Return the places of the rows that come for the first time."""
        identities = [head.sid for head in found]
        if None in identities:
            identities = [head.identity for head in found]
        if None in identities:
            raise page.invalid(f"a row of {self.resource} has neither a sid nor an id")
        return self._listed.new_of(cast("list[str]", identities))

    def _wants(self, head: Head) -> bool:
        return self.filters is None or self.filters.wants(head.status, head.date_created)


async def read_listing(reading: Reading, walk: Walk) -> None:
    """Read a listing on from `walk` to its end.

    Raises:
        TwilioSessionsError: It cannot be read, now or for as long as the export has patience.
    """
    outage = Outage(reading.patience, reading.reached)
    beginnings = 1
    if walk.token is not None:
        if reading.before is not None:
            # What was listed unchanged left no row: to know what is missing, all has to be listed again.
            walk = Walk(walk.parent, is_again=True)
        await reading.go_on(is_again=walk.is_again)
    while not walk.is_done:
        pages, has_ended = reading.collection.pages(page_token=walk.token), False
        try:
            async for page in pages:
                walk = _after(page, walk)
                reading.keep(page, walk)
                outage.ended(time.monotonic())
                await reading.commits.room()
            has_ended = True
        except BadRequestError:
            if walk.token is None or beginnings == _MOST_BEGINNINGS:
                raise
            # The token has expired, in an outage or since the run that it is of: begin anew, and pass
            # over what is there.
            walk, beginnings = Walk(walk.parent, is_again=True), beginnings + 1
            await reading.begin_anew()
        except TwilioSessionsError as error:
            delay = outage.wait(error, time.monotonic())
            if delay is None:
                raise
            await _wait(reading, error, delay)
        finally:
            if not has_ended:
                await _close(pages)


def _after(page: Page[Any], walk: Walk) -> Walk:
    token = page.next_page_token
    return Walk(walk.parent, token, walk.pages + 1, is_done=token is None, is_again=walk.is_again)


async def _wait(reading: Reading, error: TwilioSessionsError, delay: float) -> None:
    reading.progress.waiting(str(error))
    await anyio.sleep(delay)


async def _close(pages: AsyncGenerator[Page[Any], None]) -> None:
    with anyio.CancelScope(shield=True):
        await pages.aclose()


def _lines(page: Page[Any]) -> Sequence[bytes]:
    """Return the rows of a page as lines: a line break in JSON is white space, never in a string."""
    if b"\n" in page.raw or b"\r" in page.raw:
        return [row.replace(b"\r", b" ").replace(b"\n", b" ") for row in page.raw_items()]
    return page.raw_rows


def _changed(before: Known, asked: Sequence[int], found: list[Head], lines: Sequence[bytes]) -> Sequence[int]:
    """Return the places of the rows that are not in an earlier export as they are now."""
    changed = set(before.changed([head.identity or "" for head in found], lines))
    return [at for at in asked if at in changed]


def _count(tally: Tally, dates: list[datetime | None], listed: int, new: int, unchanged: int) -> Tally:
    created = [date for date in (*dates, tally.first_created, tally.last_created) if date is not None]
    return Tally(
        rows=tally.rows + len(dates),
        pages=tally.pages + 1,
        duplicates=tally.duplicates + listed - new,
        filtered=tally.filtered + new - len(dates) - unchanged,
        unchanged=tally.unchanged + unchanged,
        first_created=min(created, default=None),
        last_created=max(created, default=None),
    )

"""Reads all listings of one resource of a partition, several at once, in the order of their parents."""

from __future__ import annotations

import time
from collections import deque
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import attrs

from twilio_sessions.errors import (
    APIConnectionError,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TwilioSessionsError,
)
from twilio_sessions.export._known import KnownRows
from twilio_sessions.export._layout import Skipped
from twilio_sessions.export._listings import Listings
from twilio_sessions.export._since import known_before
from twilio_sessions.export._source import ParentReader
from twilio_sessions.export._stage import Walk
from twilio_sessions.export._walks import Reading, read_listing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import TaskGroup

    from twilio_sessions.export._commits import Commits
    from twilio_sessions.export._common import Common
    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._progress import PartitionProgress
    from twilio_sessions.export._source import Parent

__all__ = ["StageReader"]

# Whoever waits is woken; and looks from time to time all the same.
_LOOK_AGAIN: Final = 1.0
# So many listings that cannot be read are a failure of the whole, not of single sessions.
_MOST_FAILURES: Final = 100
# So many sessions in a row that are not there suggest that it is their service or product that is not.
_SUSPICIOUS: Final = 10


@attrs.define(eq=False)
class StageReader:
    """The listings of one resource.

    Attributes:
        resource: Which resource.
        common: What the partitions of the export share.
        partition: Which partition.
        commits: What makes rows durable.
        progress: What is told of it.
        source: The reader of the resource whose rows have these listings; None where there is only one.
        is_finished: Whether every listing has been read.
        failures: Why some could not be read.
    """

    resource: str
    common: Common
    partition: Partition
    commits: Commits
    progress: PartitionProgress
    source: StageReader | None = None
    is_finished: bool = False
    failures: list[TwilioSessionsError] = attrs.field(factory=list[TwilioSessionsError])
    # Parents whose listings may be read, and how many tasks take one after the other.
    _ready: deque[Parent | None] = attrs.field(factory=deque["Parent | None"])
    _readers: int = 0
    _missing: int = 0
    _event: anyio.Event = attrs.field(factory=anyio.Event)
    _known: KnownRows = attrs.field(init=False)
    _listings: Listings = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._listings = Listings(self.common.client, self.partition, self.resource)
        source = self.source.resource if self.source is not None else None
        self._known = KnownRows(self.commits.journal, self.resource, source)

    @property
    def remaining(self) -> int:
        """How many listings are still to be read, as far as that is known."""
        return 0 if self.is_finished else self.unread

    @property
    def unread(self) -> int:
        """How many listings have not been read to their end, of those that are known."""
        journal = self.commits.journal
        parents = 1 if self.source is None else journal.tallies[self.source.resource].rows
        return max(0, parents - journal.stages[self.resource].done)

    def wake(self) -> None:
        """Look again: more is durable, or a listing has ended."""
        self._event.set()
        self._event = anyio.Event()

    async def run(self) -> None:
        """Read every listing.

        Raises:
            TwilioSessionsError: The rest makes no sense any more, or nothing can be reached.
        """
        self.common.shares.join(self)
        try:
            async with anyio.create_task_group() as tasks, aclosing(self._parents()) as batches:
                async for parents in batches:
                    self._ready.extend(parents)
                    await self._start(tasks)
        finally:
            self.common.shares.leave(self)
        self.is_finished = True
        self.commits.on_commit()

    async def _start(self, tasks: TaskGroup) -> None:
        """Let as many read as may, until none of the parents is left."""
        while self._ready:
            while self._ready and self._readers < self.common.shares.of(self):
                self._readers += 1
                tasks.start_soon(self._read, self._ready.popleft())
            if self._ready:
                await self._look_again()

    async def _read(self, parent: Parent | None) -> None:
        """Read a listing, and then others for as long as there are any and this is not one too many."""
        try:
            await self._one(parent)
            while self._ready and self._readers <= self.common.shares.of(self):
                parent = self._ready.popleft()
                if not self._ready:
                    self.wake()
                await self._one(parent)
        except BaseException:
            # It ends it all: no other listing is to begin.
            self._ready.clear()
            raise
        self._readers -= 1
        self.wake()

    async def _parents(self) -> AsyncGenerator[list[Parent | None], None]:
        """Yield the parents whose listings have not been read to their end, as they become durable."""
        stage = self.commits.journal.stages[self.resource]
        if self.source is None:
            if not stage.walk(0).is_done:
                yield [None]
            return
        reader = ParentReader(self.commits.journal, self.source.resource, stage.cursor)
        while not self._has_all(reader):
            if self.commits.journal.durable.rows(reader.resource) <= reader.number:
                self.commits.hurry()
                await self._look_again()
                continue
            parents = await anyio.to_thread.run_sync(reader.read)
            yield [parent for parent in parents if not stage.walk(parent.number).is_done]

    def _has_all(self, reader: ParentReader) -> bool:
        source = self.source
        if source is None or not source.is_finished:
            return False
        return reader.number >= self.commits.journal.tallies[source.resource].rows

    async def _look_again(self) -> None:
        with anyio.move_on_after(_LOOK_AGAIN):
            await self._event.wait()

    async def _one(self, parent: Parent | None) -> None:
        async with self.common.shares.room:
            await self._listing(parent)

    async def _listing(self, parent: Parent | None) -> None:
        walk = self.commits.journal.stages[self.resource].walk(parent.number if parent else 0)
        try:
            await read_listing(await self._reading(parent), walk)
        except NotFoundError as error:
            await self._not_found(parent, walk, error)
        except TwilioSessionsError as error:
            self._failed(parent, error)
        else:
            self._missing = 0

    async def _reading(self, parent: Parent | None) -> Reading:
        partition, common = self.partition, self.common
        before = None
        if parent is None and common.base is not None:
            before = await anyio.to_thread.run_sync(known_before, common.base, partition, self.resource)
        return Reading(
            self.resource,
            parent,
            self._listings.of(parent),
            self._known,
            self.commits,
            partition.filters if self.resource == "sessions" and not partition.filters.is_empty else None,
            common.reached[partition.product],
            common.patience,
            self.progress,
            before,
        )

    async def _not_found(self, parent: Parent | None, walk: Walk, error: NotFoundError) -> None:
        """Note that a session was deleted since it was listed; or raise when it is all of the service."""
        if parent is None:
            raise error
        self._missing += 1
        if self._missing % _SUSPICIOUS == 0:
            # When it cannot be found out now, there is a next time.
            with suppress(APIConnectionError, RateLimitError, ServerError):
                await self._look_for_all()
        skipped = Skipped(f"{self.resource} of {parent.sid}", str(error), request_id=error.request_id)
        self.commits.journal.skip(skipped)
        self.commits.journal.note(self.resource, Walk(walk.parent, None, walk.pages, is_done=True))
        self.commits.wanted()
        self.progress.skip(skipped)

    async def _look_for_all(self) -> None:
        """Raise NotFoundError when it is not sessions that are gone, but their service or the product."""
        client, service = self.common.client, self.partition.service_sid
        if service is not None:
            await client.proxy.v1.services(service).fetch()
        else:
            async with aclosing(client.assistants.v1.sessions.pages(page_size=1)) as pages:
                await anext(pages)

    def _failed(self, parent: Parent | None, error: TwilioSessionsError) -> None:
        """Remember why a listing could not be read, and go on with the others if they can."""
        what = f"{self.resource} of {parent.sid if parent else self.partition.folder}"
        error.add_note(f"while exporting {what} in {self.partition.key}")
        self.failures.append(error)
        reached = self.common.reached[self.partition.product]
        is_down = reached.is_lost(time.monotonic(), self.common.patience)
        is_all = parent is None or isinstance(error, AuthenticationError | PermissionDeniedError)
        if is_down or is_all or len(self.failures) >= _MOST_FAILURES:
            raise error

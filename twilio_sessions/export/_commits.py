"""Decides when what was read is made durable: as often as the disk takes it, for all that came meanwhile."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn

import anyio
import attrs

from twilio_sessions.export._threads import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions.export._journal import Batch, Journal
    from twilio_sessions.export._layout import PartitionManifest

__all__ = ["Backlog", "Commits"]

# A commit costs a few milliseconds, however much is in it. Ten times as long is waited for more to come,
# and by each of several partitions as many times longer, so that all commits together take a tenth of a
# thread; what a crash can cost is what came meanwhile.
_PATIENCE: Final = 10
_SHORTEST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 2.0
_LONGEST_OF_MANY: Final = 5.0
# So many bytes are worth a commit at once: what it costs beside them is then less than a tenth.
_ENOUGH: Final = 4 * 1024 * 1024
_MOST_PENDING: Final = 16 * 1024 * 1024
# How long an interrupted export may take to write what it has.
_LAST_WORDS: Final = 1.5


def _disk() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(4)


@attrs.define
class Backlog:
    """What the partitions of one export share: rows in memory, and threads that write.

    Attributes:
        size: Bytes of rows that are in memory and not durable, over all partitions.
        disk: How many partitions write at once.
        threads: For those who may.
        writers: How many partitions commit what they read.
    """

    size: int = 0
    writers: int = 0
    disk: anyio.CapacityLimiter = attrs.field(factory=_disk)
    threads: anyio.CapacityLimiter = attrs.field(factory=_disk)

    @property
    def is_full(self) -> bool:
        """Whether the network has to wait for the disk."""
        return self.size > _MOST_PENDING


@attrs.define
class Commits:
    """Commits one journal in a thread.

    Attributes:
        journal: The record of the partition.
        backlog: What is shared with other partitions.
        on_commit: Called in the event loop when something has become durable.
    """

    journal: Journal
    backlog: Backlog
    on_commit: Callable[[], None]
    _is_broken: bool = False
    # Bytes of this partition in the backlog.
    _waiting: int = 0
    _wait: float = _SHORTEST_WAIT
    # When this partition alone would commit again.
    _soon: float = 0.0
    _is_urgent: bool = False
    _waits: anyio.CancelScope | None = None
    _lock: anyio.Lock = attrs.field(factory=anyio.Lock)
    _wanted: anyio.Event = attrs.field(factory=anyio.Event)
    _enough: anyio.Event = attrs.field(factory=anyio.Event)
    _done: anyio.Event = attrs.field(factory=anyio.Event)

    async def run(self) -> NoReturn:
        """Commit whatever comes, until cancelled."""
        self.backlog.writers += 1
        try:
            while True:
                await self._wanted.wait()
                await self._more()
                # Nobody else may take away the events that are waited for here.
                self._wanted, self._enough = anyio.Event(), anyio.Event()
                await self.commit()
        finally:
            self.backlog.writers -= 1

    async def _more(self) -> None:
        """Wait for more to come."""
        now = anyio.current_time()
        with anyio.CancelScope(deadline=self._soon if self._is_urgent else now + self._wait) as self._waits:
            await self._enough.wait()
        self._is_urgent = False

    def added(self, size: int) -> None:
        """Say that so many bytes were added to the journal."""
        self.backlog.size += size
        self._waiting += size
        self._wanted.set()
        if self.journal.pending >= _ENOUGH:
            self._enough.set()

    def wanted(self) -> None:
        """Say that there is something new besides rows, or somebody who waits for it."""
        self._wanted.set()

    def hurry(self) -> None:
        """Say that somebody cannot go on without what is added: that does not wait for other partitions."""
        self._is_urgent = True
        if self._waits is not None:
            self._waits.deadline = min(self._waits.deadline, self._soon)

    async def room(self) -> None:
        """Wait until rows may be added."""
        while self.backlog.is_full and self.journal.pending:
            self._enough.set()
            await self._done.wait()

    async def commit(self) -> None:
        """Make everything that was added durable.

        Raises:
            OSError: It cannot be written.
        """
        began = anyio.current_time()
        # What comes while others write is taken as well; and whoever has not begun can still be cancelled.
        async with self._lock, self.backlog.disk:
            size = self.journal.pending
            batch = self.journal.take()
            if batch is None:
                return
            await self._write(batch)
            self._pause(anyio.current_time(), began)
            self.backlog.size -= size
            self._waiting -= size
            self._done.set()
            self._done = anyio.Event()
        self.on_commit()

    def _pause(self, now: float, began: float) -> None:
        """Choose how long to wait after a commit."""
        alone = max(_SHORTEST_WAIT, _PATIENCE * (now - began))
        writers = max(1, self.backlog.writers)
        self._soon = now + min(alone, _LONGEST_WAIT)
        self._wait = min(alone * writers, _LONGEST_WAIT * writers, _LONGEST_OF_MANY)

    async def _write(self, batch: Batch) -> None:
        # What was taken and not written would be missing from all that follows: it is neither cancelled
        # nor, if it fails, followed by anything.
        self._is_broken = True
        await run_to_its_end(partial(self.journal.commit, batch), self.backlog.threads)
        self._is_broken = False

    async def last(self) -> None:
        """Make durable what there is while everything else is being cancelled."""
        if self._is_broken:
            return
        with anyio.move_on_after(_LAST_WORDS, shield=True):
            await self.commit()

    def leave(self) -> None:
        """Take out of the backlog what was not written, for nobody will."""
        self.backlog.size -= self._waiting
        self._waiting = 0

    async def finish(self) -> PartitionManifest:
        """Close the journal; everything must have been read."""
        await self.commit()
        async with self.backlog.disk:
            return await run_to_its_end(self.journal.finish, self.backlog.threads)

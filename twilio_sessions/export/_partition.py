"""Exports one partition: all its listings at once, from wherever an earlier run left them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import attrs

from twilio_sessions.errors import ExportIncompleteError, NotFoundError, TwilioSessionsError
from twilio_sessions.export._commits import Commits
from twilio_sessions.export._common import DEFAULT_CONCURRENCY, Common, first_error
from twilio_sessions.export._layout import Skipped
from twilio_sessions.export._outage import DEFAULT_PATIENCE, Outage
from twilio_sessions.export._plan import PARENTS
from twilio_sessions.export._progress import PartitionProgress
from twilio_sessions.export._reader import StageReader
from twilio_sessions.export._recheck import moved_meanwhile
from twilio_sessions.export._recovery import open_journal, read_finished
from twilio_sessions.export._shares import Shares
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from os import PathLike

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._journal import Journal
    from twilio_sessions.export._layout import PartitionManifest
    from twilio_sessions.export._plan import Partition

__all__ = ["export_partition", "run_partition"]


async def export_partition(
    client: AsyncClient,
    partition: Partition,
    out: str | PathLike[str],
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
) -> PartitionManifest:
    """Export one partition to its folder below `out`, going on from where an earlier call ended.

    It may be called anywhere, again and again: a partition that is finished is only read back. Nobody else
    may export the same partition at the same time; a lock on the folder sees to it.

    Args:
        client: The client to read with.
        partition: One of those that `plan` returned.
        out: The folder of the archive.
        concurrency: How many listings are read at once.
        patience: For how many seconds it is tried when Twilio cannot be reached any more.

    Raises:
        ArchiveError: The folder is of another plan, was changed, or is written to by another process.
        TwilioSessionsError: What could not be read; everything that could is kept.
        OSError: The disk is full or cannot be written to.

    Example:
        >>> for partition in await plan(client):
        ...     manifest = await export_partition(client, partition, "archive")
    """
    common = Common(client, Shares(concurrency), patience=patience)
    await anyio.to_thread.run_sync(DiskFolder(Path(out)).make)
    return await run_partition(common, partition, Path(out))


async def run_partition(common: Common, partition: Partition, out: Path) -> PartitionManifest:
    """Export a partition beside others, below a folder that is there."""
    folder = await anyio.to_thread.run_sync(DiskFolder(out).below, partition.folder)
    with folder.lock():
        finished = await anyio.to_thread.run_sync(read_finished, folder, partition)
        if finished is not None:
            for resource, tally in finished.tallies.items():
                PartitionProgress(partition.product, common.progress, common.notify).resumed(resource, tally)
            return finished
        journal = await anyio.to_thread.run_sync(open_journal, folder, partition)
        return await _PartitionRun(common, partition, journal).run()


@attrs.define
class _PartitionRun:
    """One partition that is being exported."""

    common: Common
    partition: Partition
    journal: Journal
    commits: Commits = attrs.field(init=False)
    stages: dict[str, StageReader] = attrs.field(factory=dict[str, StageReader])
    is_gone: bool = False

    @property
    def key(self) -> str:
        return self.partition.key

    @property
    def remaining(self) -> dict[str, int]:
        return {name: stage.remaining for name, stage in self.stages.items()}

    @property
    def pages(self) -> dict[str, tuple[int, int]]:
        journal = self.journal
        return {name: (journal.tallies[name].pages, journal.stages[name].done) for name in self.stages}

    async def run(self) -> PartitionManifest:
        common = self.common
        self.commits = Commits(self.journal, common.backlog, self._committed)
        progress = PartitionProgress(self.partition.product, common.progress, common.notify)
        for resource in self.partition.include:
            source = self.stages.get(PARENTS.get(resource, ""))
            reader = StageReader(resource, common, self.partition, self.commits, progress, source)
            self.stages[resource] = reader
            progress.resumed(resource, self.journal.tallies[resource])
        common.progress.current.append(self)
        try:
            await self._read()
            await self._look_again()
            return await self.commits.finish()
        finally:
            self.commits.leave()
            common.progress.current.remove(self)

    async def _read(self) -> None:
        """Read everything; what was read is durable when this ends, however it ends."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.commits.run)
                async with anyio.create_task_group() as stages:
                    for stage in self.stages.values():
                        stages.start_soon(stage.run)
                tasks.cancel_scope.cancel()
        except BaseExceptionGroup as group:
            error = first_error(group)
            if not isinstance(error, NotFoundError):
                raise error from None
            self._vanished(error)
        finally:
            await self.commits.last()
        failures = [failure for stage in self.stages.values() for failure in stage.failures]
        if failures:
            raise failures[0]
        self._check_all_read()

    def _check_all_read(self) -> None:
        """Make sure that nothing was left out, as when somebody cancels single tasks from outside."""
        unread = {name: stage.unread for name, stage in self.stages.items() if stage.unread}
        if unread and not self.is_gone:
            raise ExportIncompleteError(f"{self.key} has listings that were not read to their end: {unread}")

    async def _look_again(self) -> None:
        """Find out which sessions moved meanwhile, however long that takes within the patience there is."""
        common = self.common
        outage = Outage(common.patience, common.reached[self.partition.product])
        while not self.is_gone:
            try:
                async with common.shares.room:
                    self.journal.moved = await moved_meanwhile(common.client, self.journal)
            except NotFoundError as error:
                self._vanished(error)
            except TwilioSessionsError as error:
                delay = outage.wait(error, time.monotonic())
                if delay is None:
                    raise
                await anyio.sleep(delay)
            else:
                return

    def _vanished(self, error: NotFoundError) -> None:
        """Keep what there is of a service that was deleted meanwhile."""
        what = self.partition.service_sid or self.partition.product
        skipped = Skipped(f"the rest of {what}", str(error), request_id=error.request_id)
        self.is_gone = True
        self.journal.skip(skipped)
        self.common.progress.skipped.append(skipped)

    def _committed(self) -> None:
        for stage in self.stages.values():
            stage.wake()

"""Runs a whole export: plans it or goes on with its plan, exports every partition, and commits the result."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import attrs

from twilio_sessions._core import arguments
from twilio_sessions.errors import (
    APIConnectionError,
    ArchiveError,
    ArgumentError,
    AuthenticationError,
    ExportIncompleteError,
    TwilioSessionsError,
)
from twilio_sessions.export._archive_plan import Plan, open_plan, write_plan
from twilio_sessions.export._common import DEFAULT_CONCURRENCY, Common, first_error
from twilio_sessions.export._increment import next_increment
from twilio_sessions.export._layout import PartitionManifest, Skipped
from twilio_sessions.export._manifest import Failure, Manifest, write_manifest
from twilio_sessions.export._outage import DEFAULT_PATIENCE
from twilio_sessions.export._partition import run_partition
from twilio_sessions.export._plan import DEFAULT_PART_ROWS, RESOURCES, Partition, Selection, select
from twilio_sessions.export._planning import find_partitions
from twilio_sessions.export._report import ExportReport, row_name
from twilio_sessions.export._shares import Shares
from twilio_sessions.export._storage import DiskFolder
from twilio_sessions.export._threads import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._frames import Compress
    from twilio_sessions.export._progress import ExportProgress

__all__ = ["export", "export_since_last"]

# So many partitions are open at once; each costs a little memory, and one in a hundred requests is
# enough to keep it going.
_OPEN = 256


async def export(  # noqa: PLR0913 - each is an option of its own
    client: AsyncClient,
    out: str | PathLike[str],
    *,
    services: Iterable[str] = (),
    products: Iterable[str] | None = None,
    include: Iterable[str] | None = None,
    statuses: Iterable[str] = (),
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    compress: Compress = "zstd",
    part_rows: int = DEFAULT_PART_ROWS,
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> ExportReport:
    """Export sessions and what belongs to them, each row losslessly as one line of JSON, exactly once.

    Whatever interrupts it, what was read is kept, and the same call goes on where it ended. When
    everything was read, the folder has a `manifest.json` with the hash of every file.

    Args:
        client: The client to read with.
        out: The folder of the archive: a new or empty one, or that of the same export begun earlier.
        services: SIDs or unique names of Proxy services; none means all. Naming services leaves
            Assistants out.
        products: `proxy`, `assistants`; by default both. Where one is switched off (404 or 410) or
            Assistants cannot be reached, that is noted in the report's `skipped`.
        include: Names of resources, or `all`; by default all but `message-interactions`, which are among
            the interactions as well.
        statuses: Only Proxy sessions with one of these; none means all.
        created_after: Only Proxy sessions created then or later; with a time zone.
        created_before: Only Proxy sessions created before; with a time zone.
        compress: `zstd`, or `none` for plain lines.
        part_rows: After how many rows a file is closed and another one begun.
        concurrency: How many listings are read at once.
        patience: For how many seconds it is tried when Twilio cannot be reached any more.
        on_progress: Called with what has been read so far, after each page, in the event loop.

    Raises:
        ArgumentError: An argument cannot be right.
        ConfigurationError: `compress` needs a package that is not installed.
        ArchiveError: The folder is of another export, was changed, or is written to by another process.
        ExportIncompleteError: Something could not be read; the same call tries again. Its cause is the
            first error.
        TwilioSessionsError: The credentials were refused, or the services could not even be listed.
        OSError: The disk is full, or cannot be written to; the same call goes on when it can.

    Example:
        >>> report = await export(client, "archive", include=["participants"])
    """
    selection = select(
        services=services,
        products=products,
        include=include,
        statuses=statuses,
        created_after=created_after,
        created_before=created_before,
        compress=compress,
        part_rows=part_rows,
    )
    common = _common(client, concurrency, patience, on_progress)
    folder = DiskFolder(Path(out))
    await anyio.to_thread.run_sync(folder.make)
    with folder.lock():
        return await _Run(common, folder, selection).run()


async def export_since_last(
    client: AsyncClient,
    out: str | PathLike[str],
    *,
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
    on_progress: Callable[[ExportProgress], None] | None = None,
) -> ExportReport:
    """Add to a complete archive what is new or has changed since, asking for the same as it was made of.

    Services, phone numbers and sessions are listed again; what belongs to a session is read only where
    the session is new or has changed. It goes to a folder of its own below `increments`, which refers to
    the manifest that it follows; nothing that is there is touched. Readers see the newest version of each
    row. What is not listed any more is kept, and named in the manifest.

    Args:
        client: The client to read with.
        out: The folder of the archive.
        concurrency: How many listings are read at once.
        patience: For how many seconds it is tried when Twilio cannot be reached any more.
        on_progress: Called with what has been read so far, after each page, in the event loop.

    Raises:
        ArchiveError: There is no complete archive, or it is written to by another process.
        ExportIncompleteError: Something could not be read; the same call tries again.
        TwilioSessionsError: The credentials were refused, or the services could not even be listed.
        OSError: The disk is full, or cannot be written to.

    Example:
        >>> report = await export_since_last(client, "archive")
        >>> report.rows["sessions"]
        12
    """
    common = _common(client, concurrency, patience, on_progress)
    root = DiskFolder(Path(out))
    if not root.path.is_dir():
        raise ArchiveError(f"{root.path} is no archive; export once without since-last")
    with root.lock():
        increment = await anyio.to_thread.run_sync(next_increment, root.path)
        await anyio.to_thread.run_sync(increment.folder.make)
        common.base = increment.base
        run = _Run(common, increment.folder, increment.selection, increment.since, root.path)
        return await run.run()


def _common(
    client: AsyncClient,
    concurrency: int,
    patience: float,
    on_progress: Callable[[ExportProgress], None] | None,
) -> Common:
    arguments.count("concurrency", concurrency, least=1)
    if not patience >= 0:
        raise ArgumentError(f"patience must be seconds, 0 or more; got {patience!r}", argument="patience")
    common = Common(client, Shares(concurrency), patience=patience)
    if on_progress is not None:
        progress, told = common.progress, on_progress
        common.notify = lambda: told(progress)
    return common


@attrs.define
class _Run:
    """One export under way."""

    common: Common
    folder: DiskFolder
    selection: Selection
    since: str | None = None
    archive: Path | None = None
    skipped: list[Skipped] = attrs.field(factory=list[Skipped])
    failures: list[Failure] = attrs.field(factory=list[Failure])
    finished: list[PartitionManifest] = attrs.field(factory=list[PartitionManifest])
    _cause: TwilioSessionsError | None = None

    async def run(self) -> ExportReport:
        began = time.monotonic()
        progress = self.common.progress
        progress.watch(self.common.client)
        planned = await self._plan()
        # A resource of which there is nothing is reported as 0, not left out.
        for product in self.selection.products:
            names = [name for name in RESOURCES[product] if name in self.selection.include]
            progress.rows.update({row_name(product, name): 0 for name in names})
        progress.partitions = len(planned.partitions)
        try:
            await self._partitions(planned)
        finally:
            manifest = await run_to_its_end(partial(self._commit, planned))
        report = ExportReport(
            out=self.archive or self.folder.path,
            rows=manifest.rows,
            seconds=time.monotonic() - began,
            skipped=manifest.skipped,
            failures=manifest.failures,
            requests=progress.requests,
            throttled=progress.throttled,
            rows_read=progress.total_rows - progress.rows_before,
        )
        ended = len(self.finished) + len(self.failures) + len(self.skipped)
        if ended < len(planned.partitions):
            # Somebody cancelled single tasks from outside.
            left = len(planned.partitions) - ended
            raise ExportIncompleteError(
                f"{left} of {len(planned.partitions)} partitions were interrupted; "
                "the same export goes on with them"
            )
        if self._cause is not None:
            raise ExportIncompleteError(
                f"{len(self.failures)} of {len(planned.partitions)} partitions were not read to the end; "
                f"the same export goes on with them. The first one: {self._cause}"
            ) from self._cause
        return report

    async def _plan(self) -> Plan:
        client = self.common.client
        account = client.account_sid
        planned = await anyio.to_thread.run_sync(open_plan, self.folder, self.selection, account)
        if planned is None:
            partitions, skipped = await find_partitions(client, self.selection)
            if "proxy" in self.selection.products:
                self.common.reached["proxy"].at = time.monotonic()
            parts = tuple(attrs.evolve(each, since=self.since) for each in partitions)
            now = datetime.now(UTC)
            planned = Plan(self.selection, account, parts, tuple(skipped), now, self.since)
            await anyio.to_thread.run_sync(write_plan, self.folder, planned)
        return planned

    async def _partitions(self, planned: Plan) -> None:
        room = anyio.CapacityLimiter(_OPEN)
        try:
            async with anyio.create_task_group() as tasks:
                for partition in planned.partitions:
                    await room.acquire_on_behalf_of(partition)
                    tasks.start_soon(self._partition, partition, room)
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _partition(self, partition: Partition, room: anyio.CapacityLimiter) -> None:
        try:
            self.finished.append(await run_partition(self.common, partition, self.folder.path))
        except AuthenticationError:
            raise
        except TwilioSessionsError as error:
            self._unfinished(partition, error)
        finally:
            room.release_on_behalf_of(partition)
        self.common.progress.partitions_done += 1
        self.common.notify()

    def _unfinished(self, partition: Partition, error: TwilioSessionsError) -> None:
        """Note what could not be read. Assistants, which Twilio is switching off, must not cost the rest."""
        unsent = isinstance(error, APIConnectionError) and not error.maybe_processed
        if partition.product == "assistants" and unsent:
            self.skipped.append(Skipped("assistants", f"it cannot be reached: {error}", is_gone=False))
            return
        self.failures.append(Failure(partition.key, str(error), getattr(error, "request_id", None)))
        self._cause = self._cause or error

    def _commit(self, planned: Plan) -> Manifest:
        return write_manifest(
            self.folder, planned, self.finished, skipped=self.skipped, failures=self.failures
        )

"""Checks an archive against Twilio: lists everything again that is cheap to list, and names what differs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
import attrs

from twilio_sessions.errors import ArgumentError, NotFoundError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._changes import ListedAgain
from twilio_sessions.export._common import first_error
from twilio_sessions.export._findings import VerifyProgress
from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._compare import Changes
    from twilio_sessions.export._plan import Partition

__all__ = ["ApiReport", "Compared", "verify_against_api"]

# What belongs to a partition as a whole; everything else would cost a request for each session.
_LISTED: Final = ("services", "phone-numbers", "sessions")
_AT_ONCE: Final = 16


@attrs.frozen
class Compared:
    """One listing, compared with what an archive has of it.

    Attributes:
        partition: The key of the partition.
        resource: What was listed, named as in `ExportReport.rows`.
        archived: Rows in the archive.
        listed: Rows listed now, of those that the export was to take.
        archived_digest: The digest of the sids in the archive (`SidDigest`), whatever their order.
        listed_digest: The digest of the sids listed.
        changes: What is different.
        error: Why it could not be listed; None where it could.
    """

    partition: str
    resource: str
    archived: int
    listed: int
    archived_digest: str
    listed_digest: str
    changes: Changes
    error: str | None = None

    @property
    def holds(self) -> bool:
        """Whether Twilio has what the archive has."""
        same = self.archived == self.listed and self.archived_digest == self.listed_digest
        return same and self.changes.is_empty and self.error is None


@attrs.frozen
class ApiReport:
    """What Twilio has, compared with an archive.

    Attributes:
        compared: Each listing.
        seconds: How long it took.
        requests: Requests made.
    """

    compared: tuple[Compared, ...]
    seconds: float
    requests: int

    @property
    def holds(self) -> bool:
        """Whether Twilio has exactly what the archive has."""
        return all(each.holds for each in self.compared)


async def verify_against_api(
    client: AsyncClient,
    path: str | PathLike[str],
    *,
    on_progress: Callable[[VerifyProgress], None] | None = None,
) -> ApiReport:
    """List services, phone numbers and sessions again and compare them with those of an archive.

    Participants, interactions and messages are not listed, which would take as long as the export; a session
    that got more of them shows it in its `date_last_interaction` or `date_updated`. What is compared is
    counts, digests of all sids, and each row's dates and status. Check the archive itself with `verify`.

    Args:
        client: The client to list with.
        path: The folder of the archive.
        on_progress: Called with how far it has come, page by page, in the event loop.

    Raises:
        ArchiveError: There is no archive, or it cannot be read.
        ArgumentError: The archive is of another account.
        TwilioSessionsError: Something cannot be listed; a service or a product that is not there any more is
            no error, but part of the report.

    Example:
        >>> report = await verify_against_api(client, "archive")
        >>> [each.changes.added for each in report.compared if not each.holds]
        []
    """
    archive = await anyio.to_thread.run_sync(open_archive, Path(path))
    theirs = archive.manifest.account_sid
    if theirs is not None and client.account_sid is not None and theirs != client.account_sid:
        raise ArgumentError(
            f"{path} is of the account {theirs}; the credentials are of {client.account_sid}",
            argument="client",
        )
    return await _Against(client, archive, on_progress or (lambda _: None)).run()


@attrs.define
class _Against:
    """One check against the API."""

    client: AsyncClient
    archive: Archive
    notify: Callable[[VerifyProgress], None]
    progress: VerifyProgress = attrs.field(factory=lambda: VerifyProgress(step="listings"))
    compared: dict[tuple[str, str], Compared] = attrs.field(factory=dict[tuple[str, str], Compared])

    async def run(self) -> ApiReport:
        began, requests = time.monotonic(), self.client.counters.requests
        listings = _listings(self.archive)
        self.progress.total = len(listings)
        room = anyio.CapacityLimiter(_AT_ONCE)
        try:
            async with anyio.create_task_group() as tasks:
                # The longest first, so that none of them is left over when the others have ended.
                for partition, resource in sorted(listings, key=lambda each: -listings[each]):
                    tasks.start_soon(self._listing, partition, resource, room)
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        return ApiReport(
            tuple(self.compared[partition.key, resource] for partition, resource in listings),
            time.monotonic() - began,
            self.client.counters.requests - requests,
        )

    async def _listing(self, partition: Partition, resource: str, room: anyio.CapacityLimiter) -> None:
        async with room:
            again, error = self._again(partition, resource), None
            try:
                await again.run()
            except NotFoundError as gone:
                # Nothing of it is there any more, even where some of it was when this began.
                again, error = self._again(partition, resource), str(gone)
                await again.read_rest()
        self.compared[partition.key, resource] = _compared(again, error)
        self.progress.done += 1
        self.notify(self.progress)

    def _again(self, partition: Partition, resource: str) -> ListedAgain:
        again = ListedAgain.of(self.client, self.archive, partition, resource)
        again.notify = self._listed
        return again

    def _listed(self, rows: int) -> None:
        self.progress.rows += rows
        self.notify(self.progress)


def _listings(archive: Archive) -> dict[tuple[Partition, str], int]:
    """Return what is to be listed, once for all layers, and about how many rows each has."""
    rows: dict[tuple[str, str], int] = {}
    partitions: dict[str, Partition] = {}
    gone: tuple[str, ...] = ()
    for layer in archive.layers:
        for manifest in layer.manifest.partitions:
            partition = manifest.partition
            partitions.setdefault(partition.key, partition)
            gone = manifest.removed.get("services", gone)
            for resource in partition.include:
                if resource in _LISTED:
                    key = partition.key, resource
                    rows[key] = rows.get(key, 0) + manifest.tallies[resource].rows
    return {
        (partitions[key], resource): count
        for (key, resource), count in rows.items()
        # Of a service that an increment found to be gone, there is nothing to list.
        if partitions[key].service_sid not in gone
    }


def _compared(again: ListedAgain, error: str | None) -> Compared:
    comparison = again.comparison
    return Compared(
        partition=again.partition.key,
        resource=row_name(again.partition.product, again.resource),
        archived=comparison.archived.count,
        listed=comparison.listed.count,
        archived_digest=comparison.archived.hexdigest(),
        listed_digest=comparison.listed.hexdigest(),
        changes=comparison.changes(),
        error=error,
    )

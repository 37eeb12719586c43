"""Lists what an archive has once more and says what was added, removed and changed at Twilio since."""

from __future__ import annotations

import os
from collections import deque
from contextlib import aclosing
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Self

import anyio.to_thread
import attrs
import msgspec

from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions._core.recent import Recent
from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._compare import Changes, Comparison
from twilio_sessions.export._listings import Listings
from twilio_sessions.export._plan import Filters

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._compare import Version
    from twilio_sessions.export._plan import Partition

__all__ = ["ListedAgain", "compare_sessions"]

# So many rows of the archive are read at a time: each time costs a switch to another thread.
_AT_A_TIME: Final = 1000


class _Watched(msgspec.Struct, gc=False):
    """What of a row shows that it changed."""

    sid: str | None = None
    id: str | None = None
    status: str | None = None
    date_created: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    date_updated: str | None = None
    date_last_interaction: str | None = None

    @property
    def identity(self) -> str:
        return self.sid or self.id or ""

    @property
    def version(self) -> Version:
        return self.date_updated, self.date_last_interaction, self.status


async def compare_sessions(
    client: AsyncClient, archive: str | os.PathLike[str] | Iterable[bytes], partition: Partition
) -> Changes:
    """List the sessions of a partition once more and compare them with those that were exported.

    Where the partition has filters, only sessions that match them are compared; one that is in the archive
    and does not match any more has changed. Memory stays flat where both come in the same order, as they do
    right after an export.

    Args:
        client: The client to list with.
        archive: The folder of an archive with a manifest; or the rows themselves, as they were exported,
            read in another thread, a few at a time.
        partition: Whose sessions.

    Raises:
        ArchiveError: The archive cannot be read.
        NotFoundError: The service, or the product, is not there any more.
        TwilioSessionsError: The sessions cannot be listed.

    Example:
        >>> changes = await compare_sessions(client, "archive", partition)
        >>> changes.added, changes.removed, changes.changed
        ((), (), ())
    """
    if isinstance(archive, str | os.PathLike):
        opened = await anyio.to_thread.run_sync(open_archive, Path(archive))
        again = ListedAgain.of(client, opened, partition, "sessions")
    else:
        again = ListedAgain(client, partition, "sessions", archive)
    await again.run()
    return again.comparison.changes()


def _nobody(_: int) -> None:
    pass


@attrs.define
class ListedAgain:
    """One listing that is compared with what an archive has of it.

    Attributes:
        client: The client to list with.
        partition: The partition.
        resource: What is listed: one that belongs to the partition as a whole.
        rows: What the archive has.
        gone: What of that is known not to be there any more.
        notify: Called with how many rows were listed, page by page.
        comparison: What came of it.
    """

    client: AsyncClient
    partition: Partition
    resource: str
    rows: Iterable[bytes]
    gone: frozenset[str] = frozenset()
    notify: Callable[[int], None] = _nobody
    comparison: Comparison = attrs.field(factory=Comparison)
    _archived: Iterator[_Watched] = attrs.field(init=False)
    _ahead: deque[_Watched] = attrs.field(factory=deque[_Watched])

    def __attrs_post_init__(self) -> None:
        self._archived = self._decoded()

    @classmethod
    def of(cls, client: AsyncClient, archive: Archive, partition: Partition, resource: str) -> Self:
        """Return the comparison with the newest version of each row of an archive."""
        rows = archive.rows_of(partition, resource)
        return cls(client, partition, resource, rows, _known_to_be_gone(archive, partition, resource))

    async def run(self) -> None:
        """List everything, and read everything.

        Raises:
            ArchiveError: The archive cannot be read.
            TwilioSessionsError: It cannot be listed.
        """
        filters = self.partition.filters if self.resource == "sessions" else Filters()
        passed_over = 0
        async with aclosing(self._pages()) as pages:
            async for rows in pages:
                wanted = [row for row in rows if filters.wants(row.status, row.date_created)]
                passed_over += len(rows) - len(wanted)
                # As many from the other side, so that neither gets ahead and has to be remembered.
                await self._read(len(wanted))
                for row in wanted:
                    self.comparison.from_listing(row.identity, row.version)
        await self.read_rest()
        if passed_over and filters.statuses and self.comparison.missing:
            await self._look_for_missing()

    async def _look_for_missing(self) -> None:
        """Tell sessions that only have another status now from those that were removed.

        To remember all that does not match would take memory without bound; to list once more takes none.
        """
        async with aclosing(self._pages()) as pages:
            async for rows in pages:
                for row in rows:
                    self.comparison.is_there(row.identity)

    async def read_rest(self) -> None:
        """Read what is left in the archive, and list nothing."""
        while await self._read(_AT_A_TIME):
            pass

    async def _pages(self) -> AsyncGenerator[list[_Watched]]:
        """Yield pages of rows; a row that moved to the next page meanwhile comes once."""
        recent = Recent()
        async with aclosing(Listings(self.client, self.partition, self.resource).of(None).pages()) as pages:
            async for page in pages:
                rows = page.decode(_Watched)
                yield [row for row in rows if recent.is_new(row.identity)]
                self.notify(len(rows))

    async def _read(self, count: int) -> int:
        """Take rows from the archive, as many as there are."""
        if len(self._ahead) < count:
            more = islice(self._archived, max(count, _AT_A_TIME))
            self._ahead += await anyio.to_thread.run_sync(list, more)
        taken = min(count, len(self._ahead))
        for _ in range(taken):
            row = self._ahead.popleft()
            self.comparison.from_archive(row.identity, row.version)
        return taken

    def _decoded(self) -> Iterator[_Watched]:
        try:
            for row in self.rows:
                watched = decode_item(row, _Watched)
                if watched.identity not in self.gone:
                    yield watched
        except DecodeError as error:
            where = f"{self.resource} of {self.partition.key}"
            raise ArchiveError(f"a row of the {where} in the archive cannot be read: {error}") from None


def _known_to_be_gone(archive: Archive, partition: Partition, resource: str) -> frozenset[str]:
    """Return what the newest export of a partition did not find any more; its rows are kept all the same."""
    manifests = (each for layer in archive.layers for each in layer.manifest.partitions)
    found = [each.removed for each in manifests if each.partition.folder == partition.folder]
    return frozenset(found[-1].get(resource, ()) if found else ())

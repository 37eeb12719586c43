"""Lists sessions once more when an export of them ends, to name those that moved while it ran."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.export._changes import ListedAgain
from twilio_sessions.export._compare import Changes
from twilio_sessions.export._plan import PARENTS
from twilio_sessions.export._source import frames_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._journal import Journal

__all__ = ["moved_meanwhile"]


async def moved_meanwhile(client: AsyncClient, journal: Journal) -> Changes:
    """Return the sessions that were created, changed or deleted since they were listed.

    Only where what belongs to sessions was read, too: that takes long, and beside it another listing costs
    next to nothing. Sessions alone are listed in one go; and what is added to an archive is compared by the
    next one that is added.

    Raises:
        NotFoundError: The service, or the product, is not there any more.
        TwilioSessionsError: The sessions cannot be listed.
    """
    partition = journal.partition
    if partition.since is not None or not any(name in PARENTS for name in partition.include):
        return Changes()
    again = ListedAgain(client, partition, "sessions", _rows(journal))
    await again.run()
    return again.comparison.changes()


def _rows(journal: Journal) -> Iterator[bytes]:
    for frame in frames_of(journal, "sessions"):
        yield from frame.lines()

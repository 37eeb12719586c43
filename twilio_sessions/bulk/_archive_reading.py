"""Verifies the archive of a bulk delete and reads what it has of the sessions of a plan, in a thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio.from_thread
import anyio.to_thread
import attrs
import msgspec

from twilio_sessions.bulk._archived import BELONGING, ArchivedRows
from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from twilio_sessions.bulk._plan import ChangePlan
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._findings import VerifyProgress
    from twilio_sessions.export._plan import Partition

__all__ = ["read_archived"]

# So many rows are read between two looks at whether anybody still waits for them.
_BATCH: Final = 1000


async def read_archived(
    client: AsyncClient, path: Path, plan: ChangePlan, on_verify: Callable[[VerifyProgress], None]
) -> ArchivedRows:
    """Verify an archive and return what it holds of the sessions of a plan.

    When this is cancelled, the thread is waited for, and ends at its next step.

    Args:
        client: Whose account it must be where the plan does not say.
        path: The folder of the archive.
        plan: Which sessions.
        on_verify: Called with how far the check has come, in the thread.

    Raises:
        ArchiveError: The archive does not hold, is of another account, or leaves out participants or
            interactions.
    """
    plan = attrs.evolve(plan, account_sid=plan.account_sid or client.account_sid)
    return await anyio.to_thread.run_sync(partial(_read_archived, path, plan, on_verify))


def _checking(notify: Callable[[VerifyProgress], None]) -> Callable[[VerifyProgress], None]:
    """Let a check that was interrupted end at its next step."""

    def report(progress: VerifyProgress) -> None:
        anyio.from_thread.check_cancelled()
        notify(progress)

    return report


def _read_archived(path: Path, plan: ChangePlan, on_verify: Callable[[VerifyProgress], None]) -> ArchivedRows:
    report = verify(path, on_progress=_checking(on_verify))
    if not report.holds:
        found = [*map(str, report.problems), *(f"unfinished: {each}" for each in report.unfinished)]
        more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
        raise ArchiveError(
            f"{path} is not a verified archive, so nothing is deleted: {found[0]}{more}; "
            "`twilio-sessions verify` names everything"
        )
    archive = open_archive(path)
    if len(archive.layers) != report.layers:
        raise ArchiveError(f"{path} is being added to, so nothing is deleted; run it again after that")
    rows = ArchivedRows()
    try:
        _read(archive, plan, rows)
    except BaseException as error:
        rows.close()
        if isinstance(error, msgspec.MsgspecError):
            raise ArchiveError(f"a row of {path} cannot be read: {error}") from None
        raise
    return rows


class _Owner(msgspec.Struct, gc=False):
    """Which session a row is, or belongs to."""

    sid: str | None = None
    session_sid: str | None = None


def _read(archive: Archive, plan: ChangePlan, rows: ArchivedRows) -> None:
    wanted = {session.sid for session in plan.sessions}
    for partition in _partitions(archive, plan):
        for row in _each(archive, partition, "sessions"):
            if msgspec.json.decode(row, type=_Owner).sid in wanted:
                rows.add_session(row)
        for resource in BELONGING:
            for row in _each(archive, partition, resource):
                if msgspec.json.decode(row, type=_Owner).session_sid in wanted:
                    rows.add_belonging(resource, row)


def _each(archive: Archive, partition: Partition, resource: str) -> Iterator[bytes]:
    """Yield rows, and end soon when nobody waits for them any more."""
    for at, row in enumerate(archive.rows_of(partition, resource)):
        if not at % _BATCH:
            anyio.from_thread.check_cancelled()
        yield row


def _partitions(archive: Archive, plan: ChangePlan) -> Iterator[Partition]:
    """Yield the partition of each service that the archive has."""
    every = [each.partition for layer in archive.layers for each in layer.manifest.partitions]
    wanted = [each for each in every if each.service_sid in plan.services]
    _check_accounts(archive, wanted, plan)
    for service in plan.services:
        found = [each for each in wanted if each.service_sid == service]
        for partition in found:
            _check_resources(archive, partition)
        yield from found[:1]


def _check_accounts(archive: Archive, partitions: Iterable[Partition], plan: ChangePlan) -> None:
    """Refuse an archive of another account, or of more than one, whether or not the plan says whose it is."""
    archived = {each.account_sid for each in partitions} - {None}
    if len(archived | ({plan.account_sid} - {None})) > 1:
        raise ArchiveError(
            f"{archive.path} is an archive of {' and '.join(sorted(map(str, archived)))}, and the sessions "
            f"are of {plan.account_sid or 'one account'}; name the archive of that account"
        )


def _check_resources(archive: Archive, partition: Partition) -> None:
    missing = [resource for resource in BELONGING if resource not in partition.include]
    if missing:
        raise ArchiveError(
            f"{archive.path} was made without {' and '.join(missing)}, which Twilio deletes with a session; "
            f"export with --include {','.join(BELONGING)}, or with its default"
        )

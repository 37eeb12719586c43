"""Closes or deletes the sessions of a plan, with a journal from which the same call goes on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio.to_thread
import attrs

from twilio_sessions.bulk._archive_reading import read_archived
from twilio_sessions.bulk._changers import Closer, Deleter
from twilio_sessions.bulk._folder import held
from twilio_sessions.bulk._journal import open_journal
from twilio_sessions.bulk._plan import PlannedSession, check_account, not_found
from twilio_sessions.bulk._run import Run, check_way, nobody
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export._outage import DEFAULT_PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from twilio_sessions.bulk._journal import Journal
    from twilio_sessions.bulk._plan import ChangePlan
    from twilio_sessions.bulk._results import ChangeProgress, ChangeReport, ChangeResult
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._findings import VerifyProgress
    from twilio_sessions.export._storage import DiskFolder

__all__ = ["DEFAULT_CONCURRENCY", "close", "delete"]

DEFAULT_CONCURRENCY: Final = 32


async def close(
    client: AsyncClient,
    plan: ChangePlan,
    *,
    journal: str | PathLike[str],
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
    on_result: Callable[[ChangeResult], None] | None = None,
    on_progress: Callable[[ChangeProgress], None] | None = None,
) -> ChangeReport:
    """Close the sessions of a plan, each once, through any interruption.

    Each session is fetched again right before it is closed: one that is closed already counts as done, and
    one that does not match the plan's filter any more is skipped. One failure does not stop the rest.

    Args:
        client: The client; its rate limit is kept.
        plan: What `plan_close` returned.
        journal: The folder of the journal: a new or empty one, or that of an earlier run of the same; then
            its plan is carried out, and what is done already is not done again.
        concurrency: How many sessions at a time.
        patience: For how many seconds an outage is waited for.
        on_result: Called with what became of each session when that is durable, in the event loop; first with
            what earlier runs did.
        on_progress: Called whenever anything changed, always with the same object.

    Raises:
        ArgumentError: The plan is not one of `plan_close`.
        JournalError: The journal is of another plan, or another process writes to it (`JournalLockedError`).
        TwilioSessionsError: Going on is of no use: credentials are refused, or Twilio cannot be reached for
            longer than `patience`. The same call goes on.
        OSError: The disk is full, or cannot be written to. The same call goes on.

    Example:
        >>> report = await close(client, plan, journal="close-2026-11")
        >>> report.counts, report.is_complete
        ({'closed': 118, 'already': 2}, True)
    """
    _check_action(plan, "close")
    check_way(concurrency, patience)
    with held(journal) as folder:
        opened, plan = await anyio.to_thread.run_sync(_opened, folder, plan)
        check_account(client, plan)
        run = Run(
            "close",
            client,
            opened,
            Closer(client, plan),
            concurrency,
            patience,
            on_result or nobody,
            on_progress or nobody,
            not_found(plan),
        )
        return await run.run(Path(journal))


async def delete(
    client: AsyncClient,
    plan: ChangePlan,
    *,
    journal: str | PathLike[str],
    archive: str | PathLike[str] | None = None,
    without_archive: bool = False,
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
    on_result: Callable[[ChangeResult], None] | None = None,
    on_progress: Callable[[ChangeProgress], None] | None = None,
    on_verify: Callable[[VerifyProgress], None] | None = None,
) -> ChangeReport:
    """Delete the sessions of a plan for good, those only that a verified archive has as they are.

    The archive is verified first, in every run. Right before a session is deleted, it is fetched and its
    participants and interactions are listed again, and each of these rows must be in the archive exactly as
    it is; otherwise the session is skipped. What Twilio adds to a session between that look and its
    deletion, which follows at once, cannot be seen: Twilio has no conditional delete. A deletion that does
    not succeed at once is not repeated before the session was looked at again.

    Args:
        client: The client; its rate limit is kept.
        plan: What `plan_delete` returned.
        journal: As in `close`.
        archive: The folder of an archive with participants and interactions.
        without_archive: Delete without looking into any archive.
        concurrency: As in `close`.
        patience: As in `close`.
        on_result: As in `close`.
        on_progress: As in `close`.
        on_verify: Called with how far the check of the archive has come, in another thread.

    Raises:
        ArgumentError: The plan is not one of `plan_delete`, or neither or both of `archive` and
            `without_archive` are given.
        ArchiveError: The archive is not sound and complete, or of another account.
        JournalError: As in `close`.
        TwilioSessionsError: As in `close`.
        OSError: As in `close`.

    Example:
        >>> report = await delete(client, plan, journal="delete-2026-11", archive="archive")
        >>> [result.why for result in report.undone]
        ['it is not in the archive']
    """
    _check_action(plan, "delete")
    check_way(concurrency, patience)
    if (archive is None) is not without_archive:
        raise ArgumentError(
            "archive must name a verified archive, or without_archive must say that none is wanted; not both",
            argument="archive",
        )
    with held(journal) as folder:
        opened, plan = await anyio.to_thread.run_sync(_opened, folder, plan)
        check_account(client, plan)
        archived = None
        if archive is not None:
            archived = await read_archived(client, Path(archive), plan, on_verify or nobody)
        run = Run(
            "delete",
            client,
            opened,
            Deleter(client, plan, archived),
            concurrency,
            patience,
            on_result or nobody,
            on_progress or nobody,
            not_found(plan),
        )
        try:
            return await run.run(Path(journal))
        finally:
            if archived is not None:
                archived.close()


def _check_action(plan: ChangePlan, action: str) -> None:
    if plan.action != action:
        raise ArgumentError(f"plan must be one of plan_{action}; got one to {plan.action}", argument="plan")


def _opened(folder: DiskFolder, plan: ChangePlan) -> tuple[Journal[PlannedSession], ChangePlan]:
    """Open the journal, and return the plan that is in it."""
    journal = open_journal(folder, plan.header(), plan.sessions, PlannedSession, str(folder.path))
    header = journal.header
    plan = attrs.evolve(plan, sessions=journal.items, listed_at=header.listed_at, missing=header.missing)
    return journal, plan

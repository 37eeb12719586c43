"""`sessions close` and `sessions delete`: what is listed first, and then changed by a plan."""

from __future__ import annotations

from functools import partial
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Final

import anyio
from cyclopts import Parameter

from twilio_sessions import bulk
from twilio_sessions.cli import _codes
from twilio_sessions.cli._bulk import Bulk
from twilio_sessions.cli._bulk_asked import BulkOutput, Chosen, How
from twilio_sessions.cli._bulk_looking import plan_rows, rehearse_delete, with_plan
from twilio_sessions.cli._bulk_screen import print_plan
from twilio_sessions.cli._places import InService
from twilio_sessions.cli._reporting import Output
from twilio_sessions.cli._resource_calls import agree, delete_one
from twilio_sessions.cli._resources import RESOURCES
from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions.bulk import ChangePlan, ChangeReport, ChangeResult
    from twilio_sessions.cli._bulk_progress import BulkWatcher
    from twilio_sessions.client import AsyncClient

__all__ = ["close", "delete"]

_SESSION: Final = next(resource for resource in RESOURCES if resource.command == ("sessions",))
_ALL: Final = Chosen()
_HOW: Final = How()


def close(
    *,
    chosen: Chosen = _ALL,
    output: Annotated[BulkOutput, Parameter(name=["--output", "-o"])] = "text",
    how: How = _HOW,
) -> int:
    """Close sessions: lists them, shows the plan, asks, and does it with a journal from which it goes on.

    By default those that are open or in-progress; those of --sids-from whatever their status. One that is
    closed already counts as done.

    Example: twilio-sessions sessions close --service rides --idle 30d

    Parameters
    ----------
    output
        text for a person; ndjson prints a line for each session as it is done, json the result.
    """
    how.check("close")
    return with_plan("close", chosen, how, partial(_close, how=how, output=output))


def _close(plan: ChangePlan, *, how: How, output: BulkOutput) -> int:
    journal = how.folder("close")

    async def work(
        client: AsyncClient, watcher: BulkWatcher, tell: Callable[[ChangeResult], None]
    ) -> ChangeReport:
        return await bulk.close(
            client,
            plan,
            journal=journal,
            concurrency=how.concurrency,
            patience=how.patience,
            on_result=tell,
            on_progress=watcher.note,
        )

    return _bulk(plan, how, output, journal, work).run()


def delete(
    sid: str | None = None,
    /,
    *,
    chosen: Chosen = _ALL,
    archive: Path | None = None,
    without_archive: Annotated[bool, Parameter(show_default=False)] = False,
    output: Annotated[BulkOutput, Parameter(name=["--output", "-o"])] = "text",
    how: How = _HOW,
) -> int:
    """Delete one session; or many, those that a verified archive has as they are, participants and all.

    It asks first. Many are listed and shown before that, and deleted with a journal from which it goes on.

    Example: twilio-sessions sessions delete --service rides --older-than 90d --archive ./archive

    Parameters
    ----------
    sid
        One session of --service: its SID (KC...) or its unique name. Without it, the options say which
        sessions, of whatever status unless --status says otherwise.
    archive
        For many sessions: the folder of the archive; it is verified first. A session that is not in it, or
        that has changed since, is skipped. --dry-run says which.
    without_archive
        For many sessions: delete them without an archive. Nothing brings back what is deleted.
    output
        text for a person; of many sessions, ndjson prints a line for each as it is done, json the result.
    """
    if sid is not None:
        if archive is not None or without_archive:
            raise ArgumentError(
                "an archive is looked into for many sessions only; to delete one that is in it, put its SID "
                "into a file, or - for standard input, and say --sids-from",
                argument="archive",
            )
        return _delete_one(sid, chosen, how, output)
    if (archive is None) is not without_archive:
        raise ArgumentError(
            "name the archive that has the sessions with --archive, or say --without-archive; not both",
            argument="archive",
        )
    if archive is not None and not archive.is_dir():
        raise ArgumentError(f"{archive} is no folder; name that of the archive", argument="archive")
    how.check("delete")
    return with_plan("delete", chosen, how, partial(_delete, archive=archive, how=how, output=output))


def _delete(plan: ChangePlan, *, archive: Path | None, how: How, output: BulkOutput) -> int:
    journal = how.folder("delete")

    async def work(
        client: AsyncClient, watcher: BulkWatcher, tell: Callable[[ChangeResult], None]
    ) -> ChangeReport:
        return await bulk.delete(
            client,
            plan,
            journal=journal,
            archive=archive,
            without_archive=archive is None,
            concurrency=how.concurrency,
            patience=how.patience,
            on_result=tell,
            on_progress=watcher.note,
            on_verify=watcher.note_check,
        )

    change = _bulk(plan, how, output, journal, work)
    if archive is not None and change.count:
        change.rehearse = partial(rehearse_delete, plan, archive, how, output)
    return change.run()


def _delete_one(sid: str, chosen: Chosen, how: How, output: BulkOutput) -> int:
    if not chosen.is_only_service:
        raise ArgumentError(
            "name one session and its --service, or say with options which sessions; not both", argument="sid"
        )
    how.check_one()
    if not (how.yes or how.dry_run or agree(_SESSION, sid)):
        return _codes.FAILED
    where = InService(service=chosen.service[0])
    shown = Output(output=None if output == "text" else output)
    return anyio.run(lambda: delete_one(_SESSION, where, sid, shown, dry_run=how.dry_run))


def _bulk(
    plan: ChangePlan,
    how: How,
    output: BulkOutput,
    journal: Path,
    work: Callable[[AsyncClient, BulkWatcher, Callable[[ChangeResult], None]], Awaitable[ChangeReport]],
) -> Bulk:
    return Bulk(
        action=plan.action,
        count=len(plan.sessions) + len(plan.missing),
        how=how,
        output=output,
        journal=journal,
        show_plan=lambda console: print_plan(console, plan),
        plan_facts={
            "event": "plan",
            "action": plan.action,
            "sessions": len(plan.sessions),
            "listed": plan.listed,
            "missing": len(plan.missing),
            "services": plan.services,
            "listed_at": plan.listed_at,
        },
        plan_lines=lambda: plan_rows(plan),
        missing=len(plan.missing),
        work=work,
    )

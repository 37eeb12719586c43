"""The commands that change sessions in bulk: `sessions close`, `delete` and `create`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Final

import anyio
import attrs
import cyclopts
from cyclopts import Parameter

from twilio_sessions import bulk
from twilio_sessions.cli import _codes
from twilio_sessions.cli._bulk import Bulk, listed
from twilio_sessions.cli._bulk_asked import BulkOutput, Chosen, How
from twilio_sessions.cli._bulk_screen import print_new, print_plan
from twilio_sessions.cli._connection import connected
from twilio_sessions.cli._given import NewSession
from twilio_sessions.cli._places import InService
from twilio_sessions.cli._reporting import Output
from twilio_sessions.cli._resource_calls import agree, create_one, delete_one
from twilio_sessions.cli._resources import RESOURCES
from twilio_sessions.client import AsyncClient
from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions.bulk import Action, ChangePlan, ChangeReport, ChangeResult
    from twilio_sessions.cli._bulk_progress import BulkWatcher

__all__ = ["add_bulk"]

_MEANING: Final = """\
Exit codes:

- **0** every session is done: changed, or as it should be already
- **1** an error that stops everything, or the answer was no; the message says what to do
- **2** the command or the configuration cannot be right, or nobody said yes; nothing was changed
- **3** some were skipped or failed; the same command tries them again
- **130** interrupted by Ctrl-C, **143** by SIGTERM: the command that is printed goes on
"""
_SESSION: Final = next(resource for resource in RESOURCES if resource.command == ("sessions",))
_ALL: Final = Chosen()
_HOW: Final = How()
_SHOWN: Final = Output()
_NOTHING: Final = NewSession()


def add_bulk(app: cyclopts.App) -> None:
    """Add the commands to the group `sessions`; `create` and `delete` are those for one session as well."""
    group = cyclopts.App(
        name="sessions",
        help="Sessions: list, fetch, create, update, delete; close, delete and create many at once.",
    )
    app.command(group)
    group.command(connected(create), help_epilogue=_MEANING)
    group.command(connected(delete), help_epilogue=_MEANING)
    group.command(connected(close), help_epilogue=_MEANING)


def close(
    *,
    chosen: Chosen = _ALL,
    output: Annotated[BulkOutput, Parameter(name=["--output", "-o"])] = "text",
    how: How = _HOW,
) -> int:
    """Close sessions: lists them, shows the plan, asks, and does it with a journal from which it goes on.

    By default those that are open or in-progress. One that is closed already counts as done.

    Example: twilio-sessions sessions close --service rides --idle 30d

    Parameters
    ----------
    output
        text for a person; ndjson prints a line for each session as it is done, json the result.
    """
    how.check("close")
    plan = _planned("close", chosen, how)
    if isinstance(plan, int):
        return plan
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
    """Delete one session, or many: those that a verified archive has as they are, participants and all.

    Many are listed and shown first; then it asks, and does it with a journal from which it goes on.

    Example: twilio-sessions sessions delete --service rides --older-than 90d --archive ./archive

    Parameters
    ----------
    sid
        One session: its SID (KC...) or its unique name. Without it, the options say which sessions.
    archive
        The folder of the archive; it is verified first. A session that is not in it, or that has changed
        since, is skipped.
    without_archive
        Delete without an archive. Nothing brings back what is deleted.
    output
        text for a person; ndjson prints a line for each session as it is done, json the result.
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
    how.check("delete")
    plan = _planned("delete", chosen, how)
    if isinstance(plan, int):
        return plan
    if archive is not None and not archive.is_dir():
        raise ArgumentError(f"{archive} is no folder; name that of the archive", argument="archive")
    journal = how.folder("delete")

    async def work(
        client: AsyncClient, watcher: BulkWatcher, tell: Callable[[ChangeResult], None]
    ) -> ChangeReport:
        return await bulk.delete(
            client,
            plan,
            journal=journal,
            archive=archive,
            without_archive=without_archive,
            concurrency=how.concurrency,
            patience=how.patience,
            on_result=tell,
            on_progress=watcher.note,
            on_verify=watcher.note_check,
        )

    return _bulk(plan, how, output, journal, work).run()


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


def create(
    *,
    where: InService,
    given: NewSession = _NOTHING,
    from_: Annotated[Path | None, Parameter(name="--from")] = None,
    shown: Output = _SHOWN,
    how: How = _HOW,
) -> int:
    """Create a session and print it; or many, from a file, each unique name exactly once.

    Example: twilio-sessions sessions create --service rides --unique-name "Order #1234" --ttl 1h

    Example: twilio-sessions sessions create --service rides --from sessions.csv

    Parameters
    ----------
    from_
        A CSV or NDJSON file with a row for each session: unique_name, and date_expiry, ttl, mode, status and
        participants where they are wanted. A name that is taken counts as done.
    """
    if from_ is None:
        how.check_one()
        return anyio.run(lambda: create_one(_SESSION, where, given, shown, dry_run=how.dry_run))
    if given.arguments():
        raise ArgumentError("with --from, the file says what each session is to be", argument="from")
    how.check("create")
    rows = bulk.read_rows(from_)
    journal = how.folder("create")

    async def work(
        client: AsyncClient, watcher: BulkWatcher, tell: Callable[[ChangeResult], None]
    ) -> ChangeReport:
        return await bulk.create(
            client,
            where.service,
            rows,
            journal=journal,
            concurrency=how.concurrency,
            patience=how.patience,
            on_result=tell,
            on_progress=watcher.note,
        )

    return Bulk(
        action="create",
        count=len(rows),
        how=how,
        output=_output_of(shown),
        journal=journal,
        show_plan=lambda console: print_new(console, where.service, rows),
        plan_facts={"event": "plan", "action": "create", "service": where.service, "sessions": len(rows)},
        plan_lines=lambda: [attrs.asdict(row) for row in rows],
        work=work,
    ).run()


def _output_of(shown: Output) -> BulkOutput:
    if shown.output in {"csv", "tsv"} or shown.fields is not None:
        raise ArgumentError(
            "with --from, --output is table, ndjson or json, with all fields", argument="output"
        )
    return "json" if shown.output == "json" else "ndjson" if shown.output == "ndjson" else "text"


def _planned(action: Action, chosen: Chosen, how: How) -> ChangePlan | int:
    """Return the plan: of the journal where nothing else is said, else listed now; or the code of its end."""
    if chosen.is_empty and how.journal is not None:
        plan = bulk.load_plan(how.journal)
        if plan.action != action:
            raise ArgumentError(f"{how.journal} is the journal of a {plan.action}", argument="journal")
        return plan
    where = chosen.where()
    found: list[ChangePlan] = []

    async def work(on_listed: Callable[[int], None]) -> None:
        make = bulk.plan_close if action == "close" else bulk.plan_delete
        async with AsyncClient(rate_limit=how.rate_limit) as client:
            plan = await make(client, chosen.service, where, journal=how.journal, on_listed=on_listed)
            found.append(plan)

    code = anyio.run(listed, work)
    return found[0] if code == _codes.OK else code


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
        plan_lines=lambda: [attrs.asdict(session) for session in plan.sessions],
        work=work,
    )

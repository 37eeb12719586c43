"""`sessions create`: one session, or with `--from` one for each row of a file."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Final

import anyio
import attrs
from cyclopts import Parameter

from twilio_sessions import bulk
from twilio_sessions.cli._bulk import Bulk
from twilio_sessions.cli._bulk_asked import BulkOutput, How, reading
from twilio_sessions.cli._bulk_screen import print_new
from twilio_sessions.cli._given import NewSession
from twilio_sessions.cli._places import InService  # noqa: TC001 - cyclopts reads the annotations, too
from twilio_sessions.cli._reporting import Output
from twilio_sessions.cli._resource_calls import create_one
from twilio_sessions.cli._resources import RESOURCES
from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions.bulk import ChangeReport, ChangeResult
    from twilio_sessions.cli._bulk_progress import BulkWatcher
    from twilio_sessions.client import AsyncClient

__all__ = ["create"]

_SESSION: Final = next(resource for resource in RESOURCES if resource.command == ("sessions",))
_HOW: Final = How()
_SHOWN: Final = Output()
_NOTHING: Final = NewSession()


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
        participants where they are wanted. A name that is taken counts as done. It shows what is to be
        created, asks, and prints a summary; -o ndjson prints a line for each session as it is done, -o json
        the result.
    """
    if from_ is None:
        how.check_one()
        return anyio.run(lambda: create_one(_SESSION, where, given, shown, dry_run=how.dry_run))
    if given.arguments():
        raise ArgumentError("with --from, the file says what each session is to be", argument="from")
    how.check("create")
    output = _output_of(shown)
    with reading("--from", from_):
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
        output=output,
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

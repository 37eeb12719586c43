"""What a person sees of a bulk change: the plan before it, and what came of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import attrs
from rich.table import Table
from rich.text import Text

from twilio_sessions.cli._tables import lay_out, printable
from twilio_sessions.cli._words import counted, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from twilio_sessions.bulk import (
        ChangePlan,
        ChangeReport,
        ChangeResult,
        NewSession,
        Outcome,
        PlannedSession,
        SessionFilter,
    )

__all__ = ["OUTCOMES", "describe", "print_checks", "print_new", "print_plan", "print_report"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("closed", "deleted", "created", "already", "skipped", "failed")
_WOULD: Final = {
    "deleted": "would be deleted",
    "already": "not there any more",
    "skipped": "would be left alone",
    "failed": "cannot be looked at",
}
_SAMPLE: Final = 5
_MOST: Final = 10


def print_plan(console: Console, plan: ChangePlan) -> None:
    """Print which sessions are to be changed, how many of each service and status, and a few of them."""
    what = f"{plan.action} {len(plan.sessions):,} of {counted(plan.listed, 'session')}"
    when = f", as they were listed at {_time(plan.listed_at)}" if plan.is_resumed else ""
    console.print(Text.assemble((what, "bold"), f": {describe(plan.where)}{when}"))
    if plan.missing:
        console.print(f"{counted(len(plan.missing), 'SID')} of those given not found", style="yellow")
    if not plan.sessions:
        return
    numbers = Counter((session.service_sid, session.status) for session in plan.sessions)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("service", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("sessions", justify="right", no_wrap=True)
    for (service, status), count in sorted(numbers.items()):
        table.add_row(Text(printable(service)), Text(printable(status)), f"{count:,}")
    console.print(table)
    _print_examples(console, _EXAMPLE, [_example(session) for session in plan.sessions[:_SAMPLE]])


def print_new(console: Console, service: str, rows: Sequence[NewSession]) -> None:
    """Print how many sessions are to be created, and a few of them."""
    title = Text.assemble((f"create {counted(len(rows), 'session')}", "bold"), f" in {printable(service)}")
    console.print(title)
    _print_examples(console, _NEW, [_new(row) for row in rows[:_SAMPLE]])


@attrs.frozen
class _Example:
    """A session that is to be changed, as a row of a table."""

    sid: str
    unique_name: str | None
    status: str
    last_sign_of_life: datetime | None


@attrs.frozen
class _New:
    """A session that is to be created, as a row of a table."""

    unique_name: str
    ttl: int | None
    mode: str | None
    participants: str | None


_EXAMPLE: Final = tuple(field.name for field in attrs.fields(_Example))
_NEW: Final = tuple(field.name for field in attrs.fields(_New))


def _example(session: PlannedSession) -> _Example:
    last = session.date_last_interaction or session.date_updated
    return _Example(session.sid, session.unique_name, session.status, last)


def _new(row: NewSession) -> _New:
    joined = " ".join(each.identifier for each in row.participants)
    return _New(row.unique_name, row.ttl, row.mode, joined or None)


def _print_examples(console: Console, columns: Sequence[str], rows: Sequence[object]) -> None:
    """Print some rows: a SID is what a command is given next, so that it is never cut; names are, first."""
    console.print("for example:", style="dim")
    console.print(lay_out(columns, rows, console.width).table(rows))


def print_checks(console: Console, results: Sequence[ChangeResult | None], archive: Path) -> None:
    """Print what would come of a delete: how many the archive lets go, and why it keeps the others.

    Args:
        console: Where to.
        results: The result that each session would have; None where it would be deleted.
        archive: The folder of the archive.
    """
    kept = [result for result in results if result is not None]
    counts = Counter[str](result.outcome for result in kept) + Counter(deleted=len(results) - len(kept))
    said = [f"{counts[outcome]:,} {_WOULD[outcome]}" for outcome in OUTCOMES if counts[outcome]]
    console.print(f"by {archive}: {', '.join(said) or 'nothing would be deleted'}", markup=False)
    for outcome in ("skipped", "failed"):
        undone = [each for each in kept if each.outcome == outcome]
        _print_some(console, outcome, undone, "-o ndjson names all")


def describe(where: SessionFilter) -> str:
    """Return a filter in words."""
    words = [
        " or ".join(where.statuses) if where.statuses else "of any status",
        f"idle for {duration(where.idle.total_seconds())}" if where.idle is not None else "",
        f"older than {duration(where.older_than.total_seconds())}" if where.older_than is not None else "",
        f"named {printable(where.name_prefix)}..." if where.name_prefix is not None else "",
        f"among {counted(len(where.sids), 'SID')}" if where.sids is not None else "",
    ]
    return ", ".join(word for word in words if word)


def print_report(console: Console, report: ChangeReport) -> None:
    """Print what came of a bulk change."""
    state = ("complete", "bold green") if report.is_complete else ("incomplete", "bold yellow")
    console.print(Text.assemble(f"{report.action}: ", state))
    for outcome in OUTCOMES:
        if outcome in report.counts:
            console.print(f"{outcome:<8}  {report.counts[outcome]:>10,}")
    before = f", {report.done_before:,} of them by earlier runs" if report.done_before else ""
    console.print(
        f"{counted(report.total, 'session')}{before}; "
        f"{counted(report.requests, 'request')} in {report.seconds:.1f} s; journal in {report.journal}",
        markup=False,
    )
    for outcome in ("skipped", "failed"):
        undone = [each for each in report.undone if each.outcome == outcome]
        _print_some(console, outcome, undone, f"all of them in {report.journal / 'journal.ndjson'}")


def _print_some(console: Console, outcome: str, undone: Sequence[ChangeResult], others: str) -> None:
    if not undone:
        return
    console.print(f"{outcome}:", style="yellow")
    for each in undone[:_MOST]:
        console.print(f"  {printable(_line(each))}", markup=False)
    if len(undone) > _MOST:
        console.print(f"  and {len(undone) - _MOST:,} more, {others}", markup=False)


def _line(result: ChangeResult) -> str:
    names = " ".join(filter(None, (result.sid, result.unique_name)))
    details = [
        f"HTTP {result.status}" if result.status is not None else "",
        f"Twilio error {result.code}" if result.code is not None else "",
        f"request id {result.request_id}" if result.request_id is not None else "",
    ]
    known = ", ".join(detail for detail in details if detail)
    return f"{names}: {result.why}" + (f" ({known})" if known else "")


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"

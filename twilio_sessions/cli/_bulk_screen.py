"""What a person sees of a bulk change: the plan before it, and what came of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from twilio_sessions.cli._words import counted, duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from twilio_sessions.bulk import (
        ChangePlan,
        ChangeReport,
        ChangeResult,
        NewSession,
        Outcome,
        SessionFilter,
    )

__all__ = ["OUTCOMES", "describe", "print_new", "print_plan", "print_report"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("closed", "deleted", "created", "already", "skipped", "failed")
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
    table = _table("service", "status", ("sessions", "right"))
    for (service, status), count in sorted(numbers.items()):
        table.add_row(service, status, f"{count:,}")
    console.print(table)
    sample = _table("for example", "unique name", "status", "last sign of life")
    for session in plan.sessions[:_SAMPLE]:
        last = session.date_last_interaction or session.date_updated
        sample.add_row(session.sid, Text(session.unique_name or ""), session.status, _time(last))
    console.print(sample)


def print_new(console: Console, service: str, rows: Sequence[NewSession]) -> None:
    """Print how many sessions are to be created, and a few of them."""
    title = Text.assemble((f"create {counted(len(rows), 'session')}", "bold"), f" in {service}")
    console.print(title)
    sample = _table("for example", "participants", "mode", ("ttl", "right"))
    for row in rows[:_SAMPLE]:
        joined = " ".join(each.identifier for each in row.participants)
        ttl = "" if row.ttl is None else f"{row.ttl:,}"
        sample.add_row(Text(row.unique_name), Text(joined), row.mode or "", ttl)
    console.print(sample)


def describe(where: SessionFilter) -> str:
    """Return a filter in words."""
    words = [
        " or ".join(where.statuses) if where.statuses else "of any status",
        f"idle for {duration(where.idle.total_seconds())}" if where.idle is not None else "",
        f"older than {duration(where.older_than.total_seconds())}" if where.older_than is not None else "",
        f"named {where.name_prefix}..." if where.name_prefix is not None else "",
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
        _print_some(console, outcome, undone, report)


def _print_some(console: Console, outcome: str, undone: Sequence[ChangeResult], report: ChangeReport) -> None:
    if not undone:
        return
    console.print(f"{outcome}:", style="yellow")
    for each in undone[:_MOST]:
        console.print(f"  {_line(each)}", markup=False)
    if len(undone) > _MOST:
        console.print(
            f"  and {len(undone) - _MOST:,} more, all of them in {report.journal / 'journal.ndjson'}",
            markup=False,
        )


def _line(result: ChangeResult) -> str:
    names = " ".join(filter(None, (result.sid, result.unique_name)))
    details = [
        f"HTTP {result.status}" if result.status is not None else "",
        f"Twilio error {result.code}" if result.code is not None else "",
        f"request id {result.request_id}" if result.request_id is not None else "",
    ]
    known = ", ".join(detail for detail in details if detail)
    return f"{names}: {result.why}" + (f" ({known})" if known else "")


def _table(*columns: str | tuple[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        name, justify = (column, "left") if isinstance(column, str) else column
        right = justify == "right"
        # A SID is what a command is given next; a name may be as long as its owner likes.
        widest = 24 if name in {"unique name", "participants"} else None
        table.add_column(
            name, no_wrap=True, overflow="ellipsis", justify="right" if right else "left", max_width=widest
        )
    return table


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"

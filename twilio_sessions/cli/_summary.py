"""What is left on the screen when an export has ended: what it was, what is there, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from twilio_sessions.cli._words import by_product, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import Console

    from twilio_sessions.export import ExportReport, Failure, Skipped

__all__ = ["print_details", "print_next", "print_summary"]

# The manifest has them all.
_MOST: Final = 10


def print_summary(
    console: Console,
    report: ExportReport,
    *,
    account: str | None,
    is_complete: bool,
    expected: Mapping[str, int] | None = None,
) -> None:
    """Print what an export did.

    Args:
        console: Where to.
        report: Its outcome.
        account: Whose sessions they are, where that is known.
        is_complete: Whether everything that exists was read.
        expected: How many rows there should be, by the names of the report, where that is known.
    """
    state = ("complete", "bold green") if is_complete else ("incomplete", "bold yellow")
    console.print(Text.assemble(f"export to {report.out}: ", state))
    if account:
        console.print(f"account {account}", style="dim")
    for line in _rows(report, expected):
        console.print(line)
    console.print(_totals(report))
    console.print(f"{counted(report.requests, 'request')}, {report.throttled:,} of them answered 429")
    print_details(console, report)


def print_details(console: Console, report: ExportReport, account: str = "") -> None:
    """Print what is not in the archive, and why."""
    gone = [each for each in report.skipped if each.is_gone]
    unreached = [each for each in report.skipped if not each.is_gone]
    of = f"{account}: " if account else ""
    _print_some(console, f"{of}not there any more when it was asked for", _lines(gone), report)
    _print_some(console, f"{of}not reached", _lines(unreached), report)
    _print_some(console, f"{of}not read to the end", _lines(report.failures), report)


def print_next(console: Console, steps: Sequence[tuple[str, str]]) -> None:
    """Print what to do next: what for, and the command."""
    for step, command in steps:
        # Whoever copies it gets it in one piece.
        console.print(f"{step}  {command}", markup=False, soft_wrap=True)


def _rows(report: ExportReport, expected: Mapping[str, int] | None) -> Iterable[Text]:
    yield Text(
        f"{'':<10}  {'':<20}  {'rows':>12}" + (f"  {'expected':>12}" if expected is not None else ""), "dim"
    )
    wanted = by_product(expected) if expected is not None else {}
    for product, resources in by_product(report.rows).items():
        for at, (resource, rows) in enumerate(resources.items()):
            line = Text(f"{product if at == 0 else '':<10}  {resource:<20}  {rows:>12,}")
            if expected is not None:
                there = wanted.get(product, {}).get(resource, 0)
                line.append(f"  {there:>12,}  ")
                line.append(*(("ok", "green") if there == rows else ("WRONG", "red")))
            yield line


def _totals(report: ExportReport) -> str:
    before = report.total_rows - report.rows_read
    if not report.rows_read and before:
        return f"{counted(before, 'row')}, all of them read by earlier runs"
    rate = report.rows_read / report.seconds if report.seconds else 0.0
    of_this_run = f", {report.rows_read:,} of them in this run," if before > 0 else ""
    total = counted(report.total_rows, "row")
    return f"{total}{of_this_run} in {report.seconds:.1f} s ({rate:,.0f} rows/s)"


def _lines(found: Iterable[Skipped | Failure]) -> list[str]:
    return [f"{each.what}: {_with_id(each.why, each.request_id)}" for each in found]


def _with_id(why: str, request_id: str | None) -> str:
    return why if request_id is None or request_id in why else f"{why} (request id {request_id})"


def _print_some(console: Console, heading: str, lines: Sequence[str], report: ExportReport) -> None:
    if not lines:
        return
    console.print(f"{heading}:", style="yellow")
    for line in lines[:_MOST]:
        console.print(f"  {line}", markup=False)
    if len(lines) > _MOST:
        console.print(
            f"  and {len(lines) - _MOST:,} more, all of them in {report.out / 'manifest.json'}", markup=False
        )

"""The commands `convert` and `cat`: an archive in another format, and its rows in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from twilio_sessions.cli import _codes
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._words import counted
from twilio_sessions.export import cat, convert

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.export import ConvertReport, Format

__all__ = ["run_cat", "run_convert"]

_MEBIBYTE = 2**20


def run_convert(*, archive: Path, to: Format, out: Path | None, csv_raw: bool) -> int:
    """Make another format; the exit code is 3 when the archive itself is not complete."""
    terminal = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        disable=not terminal.is_terminal,
        transient=True,
    )
    task = bar.add_task(f"{to}: rows", total=None)
    try:
        with bar:
            report = convert(
                archive,
                to,
                out,
                csv_raw=csv_raw,
                on_progress=lambda rows, total: bar.update(task, completed=rows, total=total),
            )
    except KeyboardInterrupt:
        errors().print(f"interrupted; nothing was made of {archive}", markup=False)
        return _codes.INTERRUPTED
    _print_report(report)
    if report.is_complete:
        return _codes.OK
    errors().print(
        f"{archive} is not complete: what its export has not read yet is missing here, too", style="yellow"
    )
    return _codes.INCOMPLETE


def run_cat(*, archive: Path, resource: str, product: str | None) -> int:
    """Print rows, one line of JSON each."""
    cat(archive, resource, sys.stdout.buffer, product=product)
    sys.stdout.buffer.flush()
    return _codes.OK


def _print_report(report: ConvertReport) -> None:
    console = output()
    for table, rows in report.rows.items():
        line = f"{table:<20}  {rows:>12,}"
        if extra := report.extra.get(table, 0):
            line += f"  {extra:,} with something in the column extra"
        console.print(line, markup=False)
    size = f"{report.size / _MEBIBYTE:,.1f} MiB"
    console.print(
        f"made {report.out}: {counted(report.total_rows, 'row')}, {size}, {report.seconds:.1f} s",
        markup=False,
    )

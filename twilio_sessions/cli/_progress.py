"""What a person sees while an export runs, and when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

if TYPE_CHECKING:
    from types import TracebackType

    from twilio_sessions.export import ExportProgress, ExportReport

__all__ = ["ExportBar", "print_summary"]


class ExportBar:
    """A progress bar on standard error; nothing at all where that is not a terminal.

    Args:
        total_rows: How many rows there will be, where that is known; otherwise the bar counts services.
    """

    def __init__(self, *, total_rows: int | None = None) -> None:
        console = Console(stderr=True)
        self._total_rows = total_rows
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        unit = "rows" if total_rows is not None else "services"
        self._task = self._bar.add_task(f"exporting {unit}", total=total_rows, detail="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(self, progress: ExportProgress) -> None:
        """Show what has been written so far."""
        if self._total_rows is not None:
            done = f"{progress.partitions_done}/{progress.partitions} parts"
            self._bar.update(self._task, completed=progress.total_rows, detail=done)
        else:
            detail = f"{progress.total_rows:,} rows"
            total = progress.partitions or None
            self._bar.update(self._task, completed=progress.partitions_done, total=total, detail=detail)


def print_summary(report: ExportReport, expected: dict[str, int] | None = None) -> None:
    """Print rows per resource, time, rate and place; beside what was expected, where that is known."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("resource")
    table.add_column("rows", justify="right")
    if expected is not None:
        table.add_column("expected", justify="right")
        table.add_column("")
    for resource, rows in sorted(report.rows.items()):
        row = [resource, f"{rows:,}"]
        if expected is not None:
            there = expected.get(resource, 0)
            row += [f"{there:,}", "[green]ok[/]" if there == rows else "[red]WRONG[/]"]
        table.add_row(*row)
    console.print(table)
    rate = report.total_rows / report.seconds if report.seconds else 0.0
    console.print(f"{report.total_rows:,} rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")
    for skipped in report.skipped:
        console.print(f"skipped {skipped.what}: {skipped.why}", markup=False, soft_wrap=True)
    console.print(f"files are in {report.out}", markup=False, soft_wrap=True)

"""What comes after an export, whether or not it was complete: codes, conversions, and what there is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio.from_thread
import anyio.to_thread

from twilio_sessions.cli import _codes
from twilio_sessions.cli._console import output
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._words import counted
from twilio_sessions.errors import ArchiveError, ExportIncompleteError
from twilio_sessions.export import ExportReport, convert, open_archive
from twilio_sessions.export._convert import converted_path

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.cli._asked import Asked
    from twilio_sessions.export import ExportProgress

__all__ = ["convert_archive", "failure_code", "report_so_far"]


def failure_code(error: Exception) -> int:
    """Return the exit code of an export that ended with an error."""
    return _codes.INCOMPLETE if isinstance(error, ExportIncompleteError) else _codes.FAILED


def report_so_far(out: Path, progress: ExportProgress) -> ExportReport:
    """Return what there is of an export that did not get to its end."""
    try:
        manifest = open_archive(out).manifest
        skipped, failures = manifest.skipped, manifest.failures
    except ArchiveError:
        # The disk was full, perhaps: there is none, and the next run writes it.
        skipped, failures = tuple(progress.skipped), ()
    return ExportReport(
        out=out,
        rows=dict(progress.rows),
        seconds=progress.seconds,
        skipped=skipped,
        failures=failures,
        requests=progress.requests,
        throttled=progress.throttled,
        rows_read=progress.total_rows - progress.rows_before,
    )


async def convert_archive(asked: Asked, report: ExportReport, archive: Path) -> None:
    """Make the archive into what was asked for.

    Raises:
        TwilioSessionsError: It cannot be made.
        OSError: The disk is full, or cannot be written to.
    """
    to = asked.to
    if to is None:
        return
    there = converted_path(archive, to)
    if not report.rows_read and there.exists():
        if not (asked.quiet or asked.is_for_programs):
            output().print(f"{there} is there already, and nothing is new", markup=False)
        return
    made = await anyio.to_thread.run_sync(partial(convert, archive, to, replace=True, on_progress=_go_on))
    if asked.is_for_programs:
        facts: dict[str, object] = {"event": "converted", "to": to, "out": str(made.out), "rows": made.rows}
        print(to_json(facts))  # noqa: T201 - the output
    elif not asked.quiet:
        output().print(f"made {made.out} of it: {counted(made.total_rows, 'row')}", markup=False)


def _go_on(*_: int) -> None:
    """Stop a conversion that was interrupted, which then leaves nothing behind."""
    anyio.from_thread.check_cancelled()

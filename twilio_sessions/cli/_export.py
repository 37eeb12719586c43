"""The command `export`: everything that the credentials of the environment can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.cli._progress import ExportBar, print_summary
from twilio_sessions.client import AsyncClient
from twilio_sessions.export import export

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["run_export"]

INCOMPLETE = 3


async def run_export(
    *,
    out: Path,
    services: Sequence[str],
    products: Sequence[str] | None,
    include: Sequence[str] | None,
    concurrency: int,
) -> int:
    """Export, show progress, print a summary; the exit code is 3 when something could not be reached."""
    async with AsyncClient() as client:
        with ExportBar() as bar:
            report = await export(
                client,
                out,
                services=services,
                products=products,
                include=include,
                concurrency=concurrency,
                on_progress=bar.update,
            )
    print_summary(report)
    return 0 if report.is_complete else INCOMPLETE

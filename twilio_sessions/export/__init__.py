"""Exports every service, session and what belongs to them to a folder, losslessly, as NDJSON.

Example:
    >>> async with AsyncClient() as client:
    ...     report = await export(client, "archive")
    >>> report.rows["sessions"]
    4000
"""

from __future__ import annotations

from twilio_sessions.export._plan import RESOURCES, Partition, Selection, select
from twilio_sessions.export._report import ExportProgress, ExportReport, Skipped
from twilio_sessions.export._run import DEFAULT_CONCURRENCY, export
from twilio_sessions.export._verify import RowCount, count_rows

__all__ = [
    "DEFAULT_CONCURRENCY",
    "RESOURCES",
    "ExportProgress",
    "ExportReport",
    "Partition",
    "RowCount",
    "Selection",
    "Skipped",
    "count_rows",
    "export",
    "select",
]

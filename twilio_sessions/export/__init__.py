"""Exports every service, session and what belongs to them to a folder, losslessly, exactly once.

Example:
    >>> async with AsyncClient() as client:
    ...     report = await export(client, "archive")
    >>> report.rows["sessions"]
    4000
"""

from __future__ import annotations

from twilio_sessions.export._accounts import Account, AccountOutcome, for_each_account, read_accounts
from twilio_sessions.export._against import ApiReport, Compared, verify_against_api
from twilio_sessions.export._archive import Archive, ArchiveFile, Layer, open_archive
from twilio_sessions.export._blocking import estimate_sync, export_since_last_sync, export_sync
from twilio_sessions.export._cat import cat
from twilio_sessions.export._changes import compare_sessions
from twilio_sessions.export._commit import commit
from twilio_sessions.export._common import DEFAULT_CONCURRENCY
from twilio_sessions.export._compare import Changes, Comparison, SidDigest
from twilio_sessions.export._convert import FORMATS, ConvertReport, Format, convert
from twilio_sessions.export._csv import csv_escape, csv_unescape
from twilio_sessions.export._estimate import Estimate, PartitionEstimate, estimate
from twilio_sessions.export._findings import Check, Problem, VerifyProgress, VerifyReport
from twilio_sessions.export._layout import DataFile, Part, PartitionManifest, Skipped, Tally
from twilio_sessions.export._manifest import Failure, Manifest
from twilio_sessions.export._outage import DEFAULT_PATIENCE
from twilio_sessions.export._outlook import Left, Outlook, PartitionStatus
from twilio_sessions.export._partition import export_partition
from twilio_sessions.export._plan import DEFAULT_PART_ROWS, RESOURCES, Filters, Partition, Selection, select
from twilio_sessions.export._planning import plan
from twilio_sessions.export._progress import ExportProgress
from twilio_sessions.export._report import ExportReport
from twilio_sessions.export._run import export, export_since_last
from twilio_sessions.export._verify import RowCount, count_rows, verify

__all__ = [
    "DEFAULT_CONCURRENCY",
    "DEFAULT_PART_ROWS",
    "DEFAULT_PATIENCE",
    "FORMATS",
    "RESOURCES",
    "Account",
    "AccountOutcome",
    "ApiReport",
    "Archive",
    "ArchiveFile",
    "Changes",
    "Check",
    "Compared",
    "Comparison",
    "ConvertReport",
    "DataFile",
    "Estimate",
    "ExportProgress",
    "ExportReport",
    "Failure",
    "Filters",
    "Format",
    "Layer",
    "Left",
    "Manifest",
    "Outlook",
    "Part",
    "Partition",
    "PartitionEstimate",
    "PartitionManifest",
    "PartitionStatus",
    "Problem",
    "RowCount",
    "Selection",
    "SidDigest",
    "Skipped",
    "Tally",
    "VerifyProgress",
    "VerifyReport",
    "cat",
    "commit",
    "compare_sessions",
    "convert",
    "count_rows",
    "csv_escape",
    "csv_unescape",
    "estimate",
    "estimate_sync",
    "export",
    "export_partition",
    "export_since_last",
    "export_since_last_sync",
    "export_sync",
    "for_each_account",
    "open_archive",
    "plan",
    "read_accounts",
    "select",
    "verify",
    "verify_against_api",
]

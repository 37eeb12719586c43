"""Exports under way and their results, as JSON for other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import msgspec

if TYPE_CHECKING:
    from twilio_sessions.export import Estimate, ExportProgress, ExportReport

__all__ = ["estimate_facts", "progress_facts", "report_facts", "to_json"]

# A line stays a line that a person can read, too.
_MOST: Final = 20


def to_json(facts: dict[str, object]) -> str:
    """Return facts as one line."""
    return msgspec.json.encode(facts).decode()


def progress_facts(progress: ExportProgress) -> dict[str, object]:
    """Return what is known of an export under way."""
    outlook = progress.outlook
    busiest = sorted(outlook.left, key=lambda left: -left.requests)
    eta = None if progress.waiting_for is not None else outlook.seconds
    return {
        "event": "progress",
        "seconds": round(progress.seconds, 3),
        "rows": dict(progress.rows),
        "total_rows": progress.total_rows,
        "rows_per_second": round(progress.rows_per_second, 1),
        "requests": progress.requests,
        "requests_per_second": round(progress.requests_per_second, 1),
        "allowed_per_second": outlook.allowed_per_second,
        "throttled": progress.throttled,
        "duplicates": progress.duplicates,
        "skipped": len(progress.skipped),
        "parts": progress.partitions,
        "parts_done": progress.partitions_done,
        "left": [
            {
                "product": left.partition.product,
                "service_sid": left.partition.service_sid,
                "resource": left.resource,
                "listings": left.listings,
            }
            for left in busiest[:_MOST]
        ],
        "listings_left": outlook.listings,
        "eta_seconds": None if eta is None else round(eta, 1),
        "eta_is_least": not outlook.is_all_known,
        "waiting_for": progress.waiting_for,
    }


def report_facts(report: ExportReport, *, is_complete: bool, resume: str | None) -> dict[str, object]:
    """Return the outcome of an export."""
    return {
        "event": "result",
        "complete": is_complete,
        "out": str(report.out),
        "rows": report.rows,
        "total_rows": report.total_rows,
        "rows_read": report.rows_read,
        "seconds": round(report.seconds, 3),
        "requests": report.requests,
        "throttled": report.throttled,
        "skipped": [attrs.asdict(each) for each in report.skipped],
        "failures": [attrs.asdict(each) for each in report.failures],
        "resume": resume,
    }


def estimate_facts(estimate: Estimate) -> dict[str, object]:
    """Return an estimate."""
    return {
        "event": "estimate",
        "seconds": round(estimate.seconds, 1),
        "why": estimate.why,
        "sessions": estimate.sessions,
        "requests": estimate.requests,
        "latency": round(estimate.latency, 4),
        "concurrency": estimate.concurrency,
        "limit_per_endpoint": estimate.limit,
        "parts": [
            {
                "product": each.partition.product,
                "service_sid": each.partition.service_sid,
                "name": each.name,
                "sessions": each.sessions,
                "listed": each.listed,
                "requests": each.requests,
                "seconds": round(each.seconds, 1),
            }
            for each in estimate.partitions
        ],
        "skipped": [attrs.asdict(each) for each in estimate.skipped],
    }

"""Changes many sessions: closes, deletes or creates them, each once, with a journal to go on from.

Example:
    >>> async with AsyncClient() as client:
    ...     plan = await plan_close(client, "KS...", SessionFilter(idle=timedelta(days=30)))
    ...     report = await close(client, plan, journal="close-2026-11")
    >>> report.counts
    {'closed': 120}
"""

from __future__ import annotations

from twilio_sessions.bulk._blocking import (
    close_sync,
    create_sync,
    delete_sync,
    plan_close_sync,
    plan_delete_sync,
)
from twilio_sessions.bulk._changes import DEFAULT_CONCURRENCY, close, delete
from twilio_sessions.bulk._create import create
from twilio_sessions.bulk._filter import SessionFilter
from twilio_sessions.bulk._plan import ChangePlan, PlannedSession
from twilio_sessions.bulk._planning import load_plan, plan_close, plan_delete
from twilio_sessions.bulk._results import Action, ChangeProgress, ChangeReport, ChangeResult, Outcome
from twilio_sessions.bulk._rows import NewSession, read_rows

__all__ = [
    "DEFAULT_CONCURRENCY",
    "Action",
    "ChangePlan",
    "ChangeProgress",
    "ChangeReport",
    "ChangeResult",
    "NewSession",
    "Outcome",
    "PlannedSession",
    "SessionFilter",
    "close",
    "close_sync",
    "create",
    "create_sync",
    "delete",
    "delete_sync",
    "load_plan",
    "plan_close",
    "plan_close_sync",
    "plan_delete",
    "plan_delete_sync",
    "read_rows",
]

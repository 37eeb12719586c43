"""What time alone does to sessions, and its line in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.emulator import _rules as rules
from twilio_sessions.emulator._ledger import Changes

if TYPE_CHECKING:
    from datetime import datetime

    from twilio_sessions.emulator._ledger import Ledger
    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store

__all__ = ("let_time_pass",)


def let_time_pass(store: Store, options: EmulatorOptions, ledger: Ledger, now: datetime) -> None:
    """Close what has expired and drop what was closed too long ago, up to `now`."""
    if not store.has_due(now):
        return
    store.changes = changes = Changes()
    try:
        rules.settle(store, options, now)
    finally:
        store.changes = None
    if changes:
        ledger.note("expiry", None, changes)

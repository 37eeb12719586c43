"""What a bulk change made of the sessions of a local Twilio."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twilio_sessions.emulator import Emulator, Service

__all__ = ["ACTIVE", "closings", "deletions", "services_of", "sids_of"]

ACTIVE = ("open", "in-progress")


def services_of(emulator: Emulator) -> list[Service]:
    return list(emulator.store.services)


def sids_of(emulator: Emulator, *statuses: str) -> set[str]:
    return {each.sid for each in emulator.store.sessions.values() if not statuses or each.status in statuses}


def closings(emulator: Emulator) -> Counter[str]:
    return Counter(
        sid for one in emulator.processed if one.operation == "sessions.update" for sid in one.changed
    )


def deletions(emulator: Emulator) -> Counter[str]:
    return Counter(
        sid
        for one in emulator.processed
        if one.operation == "sessions.delete"
        for sid in one.deleted
        if sid.startswith("KC")
    )

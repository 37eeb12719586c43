"""Messages sent through the API: what they need, and what they do to their session."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator._errors import ApiError, invalid, missing
from twilio_sessions.emulator._records import ACTIVE, IN_PROGRESS, Interaction, Participant, Session

if TYPE_CHECKING:
    from datetime import datetime

    from twilio_sessions.emulator._store import Store
    from twilio_sessions.emulator._values import Form

__all__ = ("create_message_interaction", "touch")


def create_message_interaction(
    store: Store, participant: Participant, form: Form, now: datetime
) -> Interaction:
    """Send a message to a participant, even to the only one of its session."""
    session, body = participant.session, form.last("Body")
    _check_recipient(participant)
    if body is None and not form.all("MediaUrl"):
        raise missing("Body")
    touch(session, now)
    store.note_change(session.sid)
    interaction = Interaction(
        key=store.new_key(),
        sid=store.new_sid("KI"),
        session=session,
        type="message",
        data=json.dumps({"body": body or ""}, ensure_ascii=False, separators=(",", ":")),
        participant=participant,
        outbound_participant_sid=participant.sid,
        outbound_resource_sid=store.new_sid("SM"),
        outbound_resource_status="sent",
        date_created=now,
        date_updated=now,
    )
    store.add_interaction(interaction)
    return interaction


def _check_recipient(participant: Participant) -> None:
    if participant.session.status not in ACTIVE:
        raise ApiError(80607)
    if participant.date_deleted is not None:
        raise ApiError(80404)
    if participant.session.mode == records.VOICE_ONLY:
        raise invalid("Body", "The Session is voice-only.")


def touch(session: Session, now: datetime) -> None:
    """Note a sign of life: the first one starts the session, each one restarts its ttl."""
    session.status = IN_PROGRESS
    session.date_started = session.date_started or now
    session.date_last_interaction = session.date_updated = now

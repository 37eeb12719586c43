"""Participants: how many, which, and with whose number between them.

One identifier never has the same proxy number in two active sessions (80604); different ones may share it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import attrs

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator import _values as values
from twilio_sessions.emulator._errors import ApiError, invalid, missing
from twilio_sessions.emulator._pool import choose_number, pair_taken
from twilio_sessions.emulator._records import ACTIVE, Participant, PhoneNumber, Service, Session
from twilio_sessions.emulator._values import Form
from twilio_sessions.emulator._wire import read_object

if TYPE_CHECKING:
    from datetime import datetime

    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store

__all__ = (
    "Wanted",
    "add_participant",
    "check_open",
    "check_pairs",
    "delete_participant",
    "read_participant",
    "read_participants",
)

MAX_PARTICIPANTS = 2


@attrs.frozen(kw_only=True)
class Wanted:
    """A participant as a request describes it."""

    identifier: str
    friendly_name: str | None = None
    proxy_identifier: str | None = None
    proxy_identifier_sid: str | None = None


def read_participant(form: Form) -> Wanted:
    """Read the fields of a participant; only the identifier is required."""
    identifier = values.text(form, "Identifier", 191)
    if not identifier:
        raise missing("Identifier")
    return Wanted(
        identifier=identifier,
        friendly_name=values.text(form, "FriendlyName", 255),
        proxy_identifier=values.text(form, "ProxyIdentifier", 255) or None,
        proxy_identifier_sid=values.sid(form, "ProxyIdentifierSid", "PN"),
    )


def read_participants(form: Form) -> list[Wanted]:
    """Read the repeated `Participants` field: each value is one JSON object, keys in any case."""
    sent = form.all("Participants")
    if len(sent) > MAX_PARTICIPANTS:
        raise ApiError(80609)
    return [read_participant(_form_of_json(value)) for value in sent]


def _form_of_json(value: str) -> Form:
    fields = read_object(value)
    if fields is None:
        raise invalid("Participants", "Each value must be a JSON object.")
    return Form.of([(name, str(field)) for name, field in fields.items() if field is not None])


def add_participant(
    store: Store, options: EmulatorOptions, session: Session, wanted: Wanted, now: datetime
) -> Participant:
    """Add a participant to a session and give it a proxy number."""
    _check_room(options, session, wanted.identifier)
    _check_identifier(session, wanted.identifier)
    number = _proxy_number(store, options, session, wanted)
    participant = Participant(
        key=store.new_key(),
        sid=store.new_sid("KP"),
        session=session,
        identifier=wanted.identifier,
        friendly_name=wanted.friendly_name,
        proxy_identifier=number.phone_number if number else wanted.proxy_identifier,
        proxy_identifier_sid=number.sid if number else None,
        date_created=now,
        date_updated=now,
    )
    _check_pair(store, options, participant)
    store.add_participant(participant)
    return participant


def check_open(session: Session) -> None:
    """Refuse to add anybody to a session that is not active (80607)."""
    if session.status not in ACTIVE:
        raise ApiError(80607)


def delete_participant(store: Store, participant: Participant, now: datetime) -> None:
    """Remove a participant: it stays, with a `date_deleted`; a second removal changes nothing."""
    if participant.date_deleted is None:
        store.soft_delete_participant(participant, now)


def _check_room(options: EmulatorOptions, session: Session, identifier: str) -> None:
    everyone = list(session.participants)
    known = [one for one in everyone if one.identifier == identifier]
    if any(one.date_deleted is None for one in known):
        raise ApiError(80103)
    if known:
        raise ApiError(80612)
    present = [one for one in everyone if one.date_deleted is None]
    if len(present if options.deleted_participant_frees_slot else everyone) >= MAX_PARTICIPANTS:
        raise ApiError(80609)


def _check_identifier(session: Session, identifier: str) -> None:
    if values.is_e164(identifier):
        return
    channel = re.fullmatch(r"[a-z]+:\S+", identifier) is not None or values.is_sid(identifier, "CH")
    if not channel:
        raise ApiError(80404)
    if session.mode != records.MESSAGE_ONLY:
        raise ApiError(80616)


def _check_pair(store: Store, options: EmulatorOptions, participant: Participant) -> None:
    if options.allow_participant_conflict or participant.session.status not in ACTIVE:
        return
    if participant.proxy_identifier is not None and pair_taken(
        store, participant.identifier, participant.proxy_identifier, participant.session
    ):
        raise ApiError(80604)


def check_pairs(store: Store, session: Session) -> None:
    """Refuse with 80604 when a participant's number went to another active session meanwhile."""
    for one in session.participants:
        held = one.date_deleted is None and one.proxy_identifier is not None
        if held and pair_taken(store, one.identifier, cast("str", one.proxy_identifier), session):
            raise ApiError(80604)


def _proxy_number(
    store: Store, options: EmulatorOptions, session: Session, wanted: Wanted
) -> PhoneNumber | None:
    """Return the pool number to use; `None` for channel addresses, which have no number."""
    named = wanted.proxy_identifier_sid or wanted.proxy_identifier
    if named is not None:
        return _named_number(store, options, session.service, wanted)
    if not values.is_e164(wanted.identifier):
        return None
    return choose_number(store, options, session, wanted.identifier)


def _named_number(
    store: Store, options: EmulatorOptions, service: Service, wanted: Wanted
) -> PhoneNumber | None:
    name = wanted.proxy_identifier or ""
    if wanted.proxy_identifier_sid is None and not values.is_e164(name):
        if re.fullmatch(r"[a-z]+:\S+", name) and not values.is_e164(wanted.identifier):
            return None
        raise ApiError(80406)
    number = (
        store.numbers.get(wanted.proxy_identifier_sid)
        if wanted.proxy_identifier_sid
        else store.number_by_phone.get(name)
    )
    if options.unowned_numbers & {name, wanted.proxy_identifier_sid}:
        raise ApiError(80606)
    if number is None or number.service is not service or (name and number.phone_number != name):
        raise ApiError(80605)
    return number

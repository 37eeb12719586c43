"""What may be done to sessions, and what becomes of them by themselves.

The legal changes of status are those of error page 80608: active to closed, and closed to in-progress.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator import _values as values
from twilio_sessions.emulator._errors import ApiError, invalid
from twilio_sessions.emulator._participants import add_participant, check_pairs, read_participants
from twilio_sessions.emulator._records import ACTIVE, CLOSED, IN_PROGRESS, OPEN, Session

if TYPE_CHECKING:
    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._records import Service
    from twilio_sessions.emulator._store import Store
    from twilio_sessions.emulator._values import Form

__all__ = (
    "close",
    "create_session",
    "expiry_of",
    "schedule",
    "settle",
    "shown_name",
    "update_session",
)


def create_session(
    store: Store, options: EmulatorOptions, service: Service, form: Form, now: datetime
) -> Session:
    """Create a session, with its participants if any were sent."""
    name = values.text(form, "UniqueName", values.NAME_LENGTH) or None
    session = _new_session(store, options, service, form, now)
    wanted = read_participants(form)
    if name is not None and name in service.session_names:
        raise ApiError(80603)
    session.unique_name = name if name is not None else shown_name(options, session)
    store.add_session(session, name)
    try:
        for participant in wanted:
            add_participant(store, options, session, participant, now)
    except ApiError:
        if options.atomic_create:
            store.remove_session(session)
        raise
    schedule(store, options, session)
    return session


def _new_session(
    store: Store, options: EmulatorOptions, service: Service, form: Form, now: datetime
) -> Session:
    expiry = values.date_time(form, "DateExpiry")
    if expiry is not None and expiry <= now:
        raise invalid("DateExpiry", "It must be in the future.")
    ttl = values.seconds(form, "Ttl")
    status = _initial_status(options, values.choice(form, "Status", records.STATUSES))
    session = Session(
        key=store.new_key(),
        sid=store.new_sid("KC"),
        service=service,
        date_created=now,
        date_updated=now,
        ttl_since=now,
        mode=values.choice(form, "Mode", records.MODES) or records.VOICE_AND_MESSAGE,
        ttl=(service.default_ttl or options.default_ttl) if ttl is None else ttl,
        date_expiry=expiry,
    )
    if options.date_started_on_create or status == IN_PROGRESS:
        session.date_started = now
    if status == CLOSED:
        _mark_closed(session, now, options.closed_reason_api)
    session.status = status
    return session


def _initial_status(options: EmulatorOptions, asked: str | None) -> str:
    if asked is None or options.create_status == "ignore":
        return OPEN
    if options.create_status == "open-or-closed" and asked not in {OPEN, CLOSED}:
        raise ApiError(80608)
    return asked


def shown_name(options: EmulatorOptions, session: Session) -> str | None:
    """Return what stands in `unique_name` when the client gave none."""
    return {"null": None, "empty": "", "sid": session.sid}[options.omitted_unique_name]


@attrs.frozen
class _Change:
    status: str | None
    ttl: int | None
    date_expiry: datetime | None


def update_session(
    store: Store, options: EmulatorOptions, session: Session, form: Form, now: datetime
) -> None:
    """Change the status or the lifetime of a session; an update of neither succeeds and does nothing."""
    change = _Change(
        status=values.choice(form, "Status", records.STATUSES),
        ttl=values.seconds(form, "Ttl"),
        date_expiry=values.date_time(form, "DateExpiry"),
    )
    if change == _Change(None, None, None):
        return
    if session.status == CLOSED and change.status != IN_PROGRESS:
        _refuse_closed(options, change)
        return
    _check_transition(options, session.status, change.status)
    if session.status == CLOSED:
        _reopen(store, options, session, now)
    elif change.status is not None:
        _set_status(store, options, session, change.status, now)
    session.ttl = session.ttl if change.ttl is None else change.ttl
    session.date_expiry = change.date_expiry or session.date_expiry
    session.date_updated = now
    store.note_change(session.sid)
    schedule(store, options, session)


def _refuse_closed(options: EmulatorOptions, change: _Change) -> None:
    if change.status is None:
        raise ApiError(80607)
    if change.status != CLOSED:
        raise ApiError(80608)
    if options.closed_to_closed != "accept":
        raise ApiError(options.closed_to_closed)


def _check_transition(options: EmulatorOptions, current: str, target: str | None) -> None:
    legal = {(OPEN, CLOSED), (IN_PROGRESS, CLOSED), (CLOSED, IN_PROGRESS)}
    if options.open_to_in_progress:
        legal.add((OPEN, IN_PROGRESS))
    if target is not None and (current, target) not in legal:
        raise ApiError(80608)


def _set_status(store: Store, options: EmulatorOptions, session: Session, status: str, now: datetime) -> None:
    if status == CLOSED:
        close(store, session, now, options.closed_reason_api)
    else:
        session.status = status
        session.date_started = session.date_started or now


def close(store: Store, session: Session, moment: datetime, reason: str | None) -> None:
    """Close a session: its numbers become free, its name does not."""
    store.release(session)
    store.note_change(session.sid)
    _mark_closed(session, moment, reason)


def _mark_closed(session: Session, moment: datetime, reason: str | None) -> None:
    session.status = CLOSED
    session.closed_reason = reason
    session.date_ended = session.date_updated = moment


def _reopen(store: Store, options: EmulatorOptions, session: Session, now: datetime) -> None:
    if not options.allow_participant_conflict:
        check_pairs(store, session)
    session.status = IN_PROGRESS
    session.closed_reason = session.date_ended = None
    session.date_started = session.date_started or now
    if options.reopen_clears_expiry:
        session.date_expiry = None
    if options.reopen_restarts_ttl:
        session.ttl_since = now
    store.hold(session)


def expiry_of(session: Session) -> datetime | None:
    """Return when an active session ends by itself: `date_expiry`, or the ttl after the last sign of life."""
    if session.date_expiry is not None or session.ttl == 0:
        return session.date_expiry
    last = session.date_last_interaction
    since = session.ttl_since if last is None else max(last, session.ttl_since)
    return _later(since, seconds=session.ttl)


def settle(store: Store, options: EmulatorOptions, now: datetime) -> None:
    """Close what has expired and drop what was closed too long ago, up to `now`."""
    while (session := store.next_due(now)) is not None:
        due = _due(options, session)
        if due is not None and due <= now:
            _settle_one(store, options, session)
        if session.sid in store.sessions:
            schedule(store, options, session)


def _settle_one(store: Store, options: EmulatorOptions, session: Session) -> None:
    if session.status == CLOSED:
        store.remove_session(session)
        return
    # Only a session with an expiry is ever due while it is active.
    expiry = expiry_of(session) or session.date_updated
    # An expiry may be moved into the past; the session still ended no earlier than that update.
    close(store, session, max(expiry, session.date_updated), options.closed_reason_expiry)


def _due(options: EmulatorOptions, session: Session) -> datetime | None:
    if session.status in ACTIVE:
        expiry = expiry_of(session)
        return None if expiry is None else _later(expiry, seconds=options.expiry_lag)
    if options.retention_days is None or session.date_ended is None:
        return None
    return _later(session.date_ended, seconds=options.retention_days * 86_400)


def schedule(store: Store, options: EmulatorOptions, session: Session) -> None:
    """Have a session looked at again when its lifetime or its retention ends."""
    store.schedule(session, _due(options, session))


def _later(moment: datetime, *, seconds: float) -> datetime | None:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return None  # beyond the year 9999: never

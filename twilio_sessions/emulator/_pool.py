"""The number pool of a service: what may be added, and which number a participant is given.

Reserved numbers are only used when they are named.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator import _values as values
from twilio_sessions.emulator._errors import ApiError, missing
from twilio_sessions.emulator._records import PhoneNumber, Service, Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store
    from twilio_sessions.emulator._values import Form

__all__ = (
    "add_phone_number",
    "choose_number",
    "country_of",
    "delete_phone_number",
    "number_sid",
    "pair_taken",
    "update_phone_number",
)

MAX_RESERVED, MAX_UNRESERVED = 5000, 500
# Enough prefixes for tests; a number of any other country has no known one.
_COUNTRIES = {
    "1": "US",
    "33": "FR",
    "34": "ES",
    "39": "IT",
    "44": "GB",
    "49": "DE",
    "61": "AU",
    "81": "JP",
    "91": "IN",
}


def pair_taken(store: Store, identifier: str, proxy_identifier: str, session: Session) -> bool:
    """Say whether another active session already joins an identifier with a proxy identifier."""
    holders = store.pairs.get((identifier, proxy_identifier))
    return holders is not None and holders != {session.sid}


def choose_number(store: Store, options: EmulatorOptions, session: Session, identifier: str) -> PhoneNumber:
    """Narrow the pool step by step; the step that leaves nothing names the error."""
    service = session.service
    pool = _narrow(service.numbers, lambda _: True, 80205)
    pool = _narrow(pool, lambda one: not one.is_reserved, 80207)
    if session.mode != records.MESSAGE_ONLY:
        pool = _narrow(pool, lambda one: one.voice, 80201)
    if session.mode != records.VOICE_ONLY:
        pool = _narrow(pool, lambda one: one.sms, 80202)
    country = country_of(identifier)
    pool = _narrow(pool, lambda one: one.iso_country == country, 80203)
    if service.geo_match_level == "area-code" and country == "US":
        pool = _narrow(pool, lambda one: one.phone_number[:5] == identifier[:5], 80206)
    if not options.allow_participant_conflict:
        pool = _narrow(pool, lambda one: not pair_taken(store, identifier, one.phone_number, session), 80208)
    return _prefer(store, service, identifier, pool)


def _narrow(pool: Iterable[PhoneNumber], keep: Callable[[PhoneNumber], bool], code: int) -> list[PhoneNumber]:
    left = [number for number in pool if keep(number)]
    if not left:
        raise ApiError(code)
    return left


def _prefer(store: Store, service: Service, identifier: str, pool: list[PhoneNumber]) -> PhoneNumber:
    last = store.last_number.get((service.sid, identifier))
    sticky = service.number_selection_behavior == "prefer-sticky"
    # The remembered number first or last, then the least used, then the oldest.
    return min(pool, key=lambda one: ((one.sid != last) is sticky, store.in_use(one), one.key))


def country_of(number: str) -> str | None:
    """Return the ISO country of an E.164 number, for the countries that the emulator knows."""
    return _COUNTRIES.get(number[1:2]) or _COUNTRIES.get(number[1:3])


def number_sid(phone_number: str) -> str:
    """Return the SID under which the account owns a number; always the same for the same number."""
    return "PN" + hashlib.blake2b(phone_number.encode(), digest_size=16).hexdigest()


def add_phone_number(
    store: Store, options: EmulatorOptions, service: Service, form: Form, now: datetime
) -> PhoneNumber:
    """Add a number, named by its SID or by itself, to a service's pool."""
    sid, number = _read_number(form)
    if options.unowned_numbers & {sid, number}:
        raise ApiError(80301)
    known = store.numbers.get(sid) or store.number_by_phone.get(number)
    if known is not None:
        raise ApiError(80104 if known.service is service else 80101)
    reserved = values.boolean(form, "IsReserved") or False
    _check_pool(service, reserved=reserved)
    added = PhoneNumber(
        key=store.new_key(),
        sid=sid,
        service=service,
        phone_number=number,
        friendly_name=number,
        iso_country=country_of(number),
        is_reserved=reserved,
        date_created=now,
        date_updated=now,
    )
    store.add_number(added)
    return added


def _read_number(form: Form) -> tuple[str, str]:
    sid, number = form.last("Sid"), form.last("PhoneNumber")
    if sid is None and number is None:
        raise missing("Sid or PhoneNumber")
    if sid is not None:
        if not values.is_sid(sid, "PN"):
            raise ApiError(80407)
        # The account owns every SID: each stands for a number of its own.
        return sid, f"+1415{int(sid.removeprefix('PN'), 16) % 10_000_000:07d}" if number is None else number
    if number is None or not values.is_e164(number):
        raise ApiError(80406)
    return number_sid(number), number


def _check_pool(service: Service, *, reserved: bool) -> None:
    same = sum(one.is_reserved is reserved for one in service.numbers)
    if same >= (MAX_RESERVED if reserved else MAX_UNRESERVED):
        raise ApiError(80622)


def update_phone_number(store: Store, number: PhoneNumber, form: Form, now: datetime) -> None:
    """Reserve a number, or return it to automatic selection."""
    reserved = values.boolean(form, "IsReserved")
    if reserved is None:
        return
    if reserved is not number.is_reserved:
        _check_pool(number.service, reserved=reserved)
    number.is_reserved = reserved
    number.date_updated = now
    store.note_change(number.sid)


def delete_phone_number(store: Store, number: PhoneNumber) -> None:
    """Take a number out of the pool, unless an active session uses it (80611)."""
    if store.in_use(number):
        raise ApiError(80611)
    store.remove_number(number)

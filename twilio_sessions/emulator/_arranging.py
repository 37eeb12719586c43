"""The ground that additions by hand stand on: the account's lock, its rules, and its time."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.emulator._errors import ApiError
from twilio_sessions.emulator._expiry import let_time_pass
from twilio_sessions.emulator._values import Form

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from datetime import datetime, timedelta
    from threading import RLock

    from twilio_sessions.emulator._clock import Clock
    from twilio_sessions.emulator._ledger import Ledger
    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store

__all__ = ("Arranging", "fields_of", "form_of", "seconds_of")


class Arranging:
    """What arranges records in a store, between requests."""

    store: Store
    options: EmulatorOptions
    clock: Clock
    _ledger: Ledger
    _lock: RLock

    def advance(self, delta: timedelta) -> None:
        """Move the clock, and let happen at once what time does by itself; from any thread.

        `clock.advance` leaves that to the next request, as Twilio does.

        Args:
            delta: How far, forwards or backwards.

        Example:
            session = emulator.add_session(service, ttl=timedelta(hours=1))
            emulator.advance(timedelta(hours=2))
            assert session.status == "closed"
        """
        self.clock.advance(delta)
        with self._lock:
            let_time_pass(self.store, self.options, self._ledger, self.clock())

    @contextmanager
    def _by_the_rules(self) -> Generator[None]:
        """Keep requests away meanwhile, and say a refusal in a way that is no secret of this package."""
        with self._lock:
            try:
                yield
            except ApiError as error:
                raise ValueError(str(error)) from None

    def _willing(self) -> EmulatorOptions:
        """Return the options that arrange what they would refuse to a client."""
        return attrs.evolve(self.options, allow_service_creation=True, atomic_create=True)

    def _before(self, age: timedelta) -> datetime:
        return (self.clock() - age).replace(microsecond=0)

    def _unused_number(self) -> str:
        numbers = (f"+1415555{self.store.new_key():04d}" for _ in count())
        return next(number for number in numbers if number not in self.store.number_by_phone)

    def _identifiers(self, participants: int | Iterable[str]) -> list[str]:
        if isinstance(participants, int):
            return [f"+1206555{self.store.new_key():04d}" for _ in range(participants)]
        return list(participants)


def form_of(**fields: str | None) -> Form:
    """Return a request's form, without the fields that are not given."""
    return Form.of(fields_of(**fields))


def fields_of(**fields: str | None) -> list[tuple[str, str]]:
    """Return the fields that are given."""
    return [(name, value) for name, value in fields.items() if value is not None]


def seconds_of(span: timedelta) -> str:
    """Return a span as forms have it: whole seconds."""
    return str(int(span.total_seconds()))

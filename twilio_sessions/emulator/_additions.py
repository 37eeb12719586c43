"""Records by hand, one line for each: what a test puts into the account before the code under test runs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, TypeAlias

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator import _rules as rules
from twilio_sessions.emulator._arranging import fields_of, form_of, seconds_of
from twilio_sessions.emulator._participants import add_participant, read_participant
from twilio_sessions.emulator._pool import add_phone_number
from twilio_sessions.emulator._service_rules import create_service
from twilio_sessions.emulator._talks import Talks
from twilio_sessions.emulator._values import Form

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from twilio_sessions.emulator._records import Participant, PhoneNumber, Service, Session

__all__ = ("Additions",)

Status: TypeAlias = Literal["open", "in-progress", "closed", "failed", "unknown"]
Mode: TypeAlias = Literal["message-only", "voice-only", "voice-and-message"]

_NOW = timedelta()


class Additions(Talks):
    """Adds records to an account, without a request and without a line in its ledgers, from any thread.

    What is returned is the emulator's own record, and it lives: after the code under test has run,
    `session.status` is what has become of it. Fields that no method takes may be set on it. An `age` says how
    long before the emulator's present moment the record came to be.

    Twilio's rules hold here, too: what they refuse is a `ValueError` with Twilio's code and sentence.
    """

    def add_service(
        self,
        unique_name: str | None = None,
        *,
        phone_numbers: int | Iterable[str] = 2,
        default_ttl: timedelta = _NOW,
        age: timedelta = _NOW,
    ) -> Service:
        """Add a Proxy Service with a pool of numbers.

        Args:
            unique_name: By default one that nobody else has.
            phone_numbers: How many US numbers its pool has, or which, in E.164 form.
            default_ttl: The ttl of its sessions that name none; zero is unlimited.
            age: How long ago it was created.

        Raises:
            ValueError: The name is taken (80602), or a number is no number.

        Example:
            service = emulator.add_service("rides", phone_numbers=["+14155550123"])
        """
        with self._by_the_rules():
            name = unique_name if unique_name is not None else f"service-{self.store.new_key()}"
            form = form_of(UniqueName=name, DefaultTtl=seconds_of(default_ttl))
            service = create_service(self.store, self._willing(), form, self._before(age))
            try:
                for number in [None] * phone_numbers if isinstance(phone_numbers, int) else phone_numbers:
                    self.add_phone_number(service, number, age=age)
            except ValueError:
                self.store.remove_service(service)
                raise
            return service

    def add_phone_number(
        self,
        service: Service,
        phone_number: str | None = None,
        *,
        reserved: bool = False,
        age: timedelta = _NOW,
    ) -> PhoneNumber:
        """Add a number to the pool of a service.

        Args:
            service: The service.
            phone_number: The number in E.164 form; by default a US one that nobody else has.
            reserved: Whether it is given only to participants that ask for it by name.
            age: How long ago it was added.

        Raises:
            ValueError: It is no number (80406), or in a pool already (80101, 80104).

        Example:
            number = emulator.add_phone_number(service, "+14155550123", reserved=True)
        """
        with self._by_the_rules():
            number = phone_number if phone_number is not None else self._unused_number()
            form = form_of(PhoneNumber=number, IsReserved="true" if reserved else "false")
            return add_phone_number(self.store, self.options, service, form, self._before(age))

    def add_session(
        self,
        service: Service,
        unique_name: str | None = None,
        *,
        participants: int | Iterable[str] = 0,
        status: Status = "open",
        mode: Mode = "voice-and-message",
        ttl: timedelta | None = None,
        date_expiry: datetime | None = None,
        age: timedelta = _NOW,
    ) -> Session:
        """Add a Proxy Session, whatever has become of it since.

        Args:
            service: The service.
            unique_name: Its name, if it has one.
            participants: How many participants it has, or their identifiers, such as "+14155550100".
            status: Its status. A closed one was closed at the moment of its creation.
            mode: What may be exchanged in it.
            ttl: How long after its last sign of life it ends; by default as its service says.
            date_expiry: The aware moment at which it ends.
            age: How long ago it was created.

        Raises:
            ValueError: The name is taken (80603), there are more than two participants (80609), the pool has
                no number for one of them (80201-80208), or `status` or `mode` is none.

        Example:
            session = emulator.add_session(service, "Order #1234", participants=2, age=timedelta(days=3))
        """
        if status not in records.STATUSES:
            raise ValueError(f"status: must be one of {', '.join(records.STATUSES)}, not {status!r}")
        with self._by_the_rules():
            moment = self._before(age)
            who = self._identifiers(participants)
            form = Form.of(
                [
                    *fields_of(
                        UniqueName=unique_name, Mode=mode, Ttl=None if ttl is None else seconds_of(ttl)
                    ),
                    *fields_of(DateExpiry=None if date_expiry is None else date_expiry.isoformat()),
                    *(("Participants", json.dumps({"Identifier": one})) for one in who),
                ]
            )
            session = rules.create_session(self.store, self._willing(), service, form, moment)
            self._become(session, status, moment)
            rules.schedule(self.store, self.options, session)
            return session

    def add_participant(
        self,
        session: Session,
        identifier: str | None = None,
        *,
        friendly_name: str | None = None,
        proxy_identifier: str | None = None,
        age: timedelta = _NOW,
    ) -> Participant:
        """Add a Participant to a session, even to a closed one, and give it a number of the pool.

        Args:
            session: The session.
            identifier: Its number in E.164 form, or another address; by default a US number of its own.
            friendly_name: What to call it.
            proxy_identifier: The number of the pool that it is given; by default Twilio's choice.
            age: How long ago it was added.

        Raises:
            ValueError: There are two participants already (80609), this one is there or was (80103, 80612),
                or the pool has no number for it (80201-80208, 80605).

        Example:
            driver = emulator.add_participant(session, "+14155550100", friendly_name="driver")
        """
        with self._by_the_rules():
            form = form_of(
                Identifier=identifier if identifier is not None else self._identifiers(1)[0],
                FriendlyName=friendly_name,
                ProxyIdentifier=proxy_identifier,
            )
            wanted = read_participant(form)
            return add_participant(self.store, self.options, session, wanted, self._before(age))

    def _become(self, session: Session, status: Status, moment: datetime) -> None:
        if status == records.CLOSED:
            rules.close(self.store, session, moment, self.options.closed_reason_api)
        elif status == records.IN_PROGRESS:
            session.status, session.date_started = status, moment
        elif status != records.OPEN:
            self.store.release(session)
            session.status = status

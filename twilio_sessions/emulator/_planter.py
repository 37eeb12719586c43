"""Builds seeded records one kind after the other; every random choice comes from one generator."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING, TypeVar

from twilio_sessions.emulator import _records as records
from twilio_sessions.emulator import _rules as rules
from twilio_sessions.emulator import _samples as samples
from twilio_sessions.emulator._pool import country_of, number_sid
from twilio_sessions.emulator._records import (
    ACTIVE,
    CLOSED,
    IN_PROGRESS,
    OPEN,
    AssistantMessage,
    AssistantSession,
    Interaction,
    Participant,
    PhoneNumber,
    Service,
    Session,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._store import Store

__all__ = ("Planter",)

T = TypeVar("T")

DAY = 86_400
# Sessions are at most this old, so that the 90 days of retention leave closed ones at least a month.
MAX_AGE = 60 * DAY


class Planter:
    """Writes records into a store, all of them dated before `anchor`."""

    def __init__(self, store: Store, options: EmulatorOptions, random_seed: int, anchor: datetime) -> None:
        self.store = store
        self.options = options
        self.rng = random.Random(f"seed:{random_seed}")  # noqa: S311 - reproducible, not secret
        self.anchor = anchor.replace(microsecond=0)
        self._serial = 0
        self._identifiers: list[str] = []
        # Ready-made JSON: encoding each anew would cost more than all the rest of an interaction.
        self._bodies = [self._data("body", samples.sample_text(self.rng)) for _ in range(64)]
        self._pools: dict[str, Iterator[PhoneNumber]] = {}

    def service(self, number: int) -> Service:
        """Add a service."""
        created = self._ago(self.rng.randrange(100, 400) * DAY)
        service = Service(
            key=self.store.new_key(),
            sid=self.store.new_sid("KS"),
            unique_name=samples.sample_service_name(self.rng, number + 1),
            default_ttl=self._pick((0, 0, 3600)),
            callback_url=self._pick((None, "https://example.com/callback")),
            chat_instance_sid=self.store.new_sid("IS") if self._chance(0.2) else None,
            date_created=created,
            date_updated=created,
        )
        self.store.add_service(service)
        return service

    def number(self, service: Service) -> None:
        """Add a number to a pool; the first of each pool is unreserved and able to do everything."""
        first = len(service.numbers) == 0
        self._serial += 1
        phone = f"+1{self._pick((212, 415, 646))}{5_550_000 + self._serial:07d}"
        if not first and self._chance(0.1):
            phone = f"+44{7_700_900_000 + self._serial}"
        self.store.add_number(
            PhoneNumber(
                key=self.store.new_key(),
                sid=number_sid(phone),
                service=service,
                phone_number=phone,
                friendly_name=phone if self._chance(0.9) else None,
                iso_country=country_of(phone),
                voice=first or self._chance(0.9),
                is_reserved=not first and self._chance(0.15),
                date_created=service.date_created,
                date_updated=service.date_created,
            )
        )

    def session(
        self, service: Service, number: int, age: float, participants: int, interactions: int
    ) -> None:
        """Add a session that was created `age` seconds ago, with what belongs to it."""
        session = self._bare_session(service, age, started=interactions > 0)
        name = samples.sample_name(self.rng, number) if self._chance(0.75) else None
        session.unique_name = name if name is not None else rules.shown_name(self.options, session)
        self.store.add_session(session, name)
        people = [self._participant(session) for _ in range(participants)]
        self._interactions(session, people, interactions)
        self._remove_some(session, people)
        rules.schedule(self.store, self.options, session)

    def _bare_session(self, service: Service, age: float, *, started: bool) -> Session:
        created = self._ago(age)
        closed = self._chance(0.65 if started else 0.4)
        session = Session(
            key=self.store.new_key(),
            sid=self.store.new_sid("KC"),
            service=service,
            status=IN_PROGRESS if started else OPEN,
            mode=self._pick((*records.MODES, records.VOICE_AND_MESSAGE, records.VOICE_AND_MESSAGE)),
            date_created=created,
            date_updated=created,
            ttl_since=created,
        )
        if started:
            session.date_started = self._between(created, self.anchor)
        if closed:
            self._end(session)
        else:
            self._let_live(session)
        return session

    def _end(self, session: Session) -> None:
        session.status = CLOSED
        session.date_ended = self._between(session.date_started or session.date_created, self.anchor)
        expired = self._chance(0.3)
        if expired:
            session.date_expiry = session.date_ended
        session.closed_reason = (
            self.options.closed_reason_expiry if expired else self.options.closed_reason_api
        )
        session.date_updated = session.date_ended

    def _let_live(self, session: Session) -> None:
        """Give an active session an end that lies at least a day ahead, or none."""
        if self._chance(0.3):
            session.ttl = MAX_AGE + self.rng.randrange(1, 300) * DAY
        elif self._chance(0.4):
            session.date_expiry = self.anchor + timedelta(seconds=DAY + self._below(89 * DAY))

    def _participant(self, session: Session) -> Participant:
        number = self._proxy_number(session.service)
        participant = Participant(
            key=self.store.new_key(),
            sid=self.store.new_sid("KP"),
            session=session,
            identifier=self._identifier(session),
            friendly_name=self._pick((None, "Ana", "Zoë 🚲", "driver/7", "")),
            proxy_identifier=number.phone_number if number else None,
            proxy_identifier_sid=number.sid if number else None,
            date_created=session.date_created,
            date_updated=session.date_created,
        )
        self.store.add_participant(participant)
        return participant

    def _identifier(self, session: Session) -> str:
        """Return an identifier that is new, or one of a known customer where that breaks no rule."""
        known = {one.identifier for one in session.participants}
        if session.status == CLOSED and self._identifiers and self._chance(0.2):
            old = self._pick(self._identifiers)
            if old not in known and old.startswith("+"):
                return old
        self._serial += 1
        if session.mode == records.MESSAGE_ONLY and self._chance(0.3):
            return f"messenger:{10_000_000 + self._serial}"
        identifier = f"+1{self._pick((206, 312, 503, 617))}{self._serial:07d}"
        self._identifiers.append(identifier)
        return identifier

    def _proxy_number(self, service: Service) -> PhoneNumber | None:
        if service.sid not in self._pools:
            usable = [one for one in service.numbers if one.voice and not one.is_reserved]
            self._pools[service.sid] = cycle([one for one in usable if one.iso_country == "US"])
        return next(self._pools[service.sid], None)

    def _interactions(self, session: Session, people: list[Participant], count: int) -> None:
        if not count or session.date_started is None:
            return
        last = session.date_ended or self.anchor
        span = (last - session.date_started).total_seconds()
        for offset in sorted(self.rng.random() for _ in range(count)):
            moment = session.date_started + timedelta(seconds=int(offset * span))
            session.date_last_interaction = moment
            self.store.add_interaction(self._interaction(session, people, moment))
        if session.status in ACTIVE and session.date_last_interaction is not None:
            session.date_updated = session.date_last_interaction

    def _interaction(self, session: Session, people: list[Participant], moment: datetime) -> Interaction:
        voice = session.mode == records.VOICE_ONLY or (
            session.mode != records.MESSAGE_ONLY and self._chance(0.4)
        )
        by_api = bool(people) and not voice and self._chance(0.25)
        caller = people[0].sid if people else None
        called = people[-1].sid if people else None
        if self._chance(0.5):
            caller, called = called, caller
        prefix, status = ("CA", "completed") if voice else ("SM", "delivered")
        interaction = Interaction(
            key=self.store.new_key(),
            sid=self.store.new_sid("KI"),
            session=session,
            type="voice" if voice else "message",
            data=f'{{"duration":"{self._below(600)}"}}' if voice else self._pick(self._bodies),
            date_created=moment,
            date_updated=moment,
            participant=people[-1 if called == people[-1].sid else 0] if by_api else None,
            outbound_participant_sid=called,
            outbound_resource_sid=self.store.new_sid(prefix),
            outbound_resource_status="sent" if by_api else status,
        )
        if not by_api:
            interaction.inbound_participant_sid = caller
            interaction.inbound_resource_sid = self.store.new_sid(prefix)
            interaction.inbound_resource_status = "completed" if voice else "received"
        return interaction

    def _remove_some(self, session: Session, people: list[Participant]) -> None:
        last = session.date_ended or self.anchor
        for participant in people:
            if self._chance(0.08):
                self.store.soft_delete_participant(participant, self._between(participant.date_created, last))

    def assistant_session(self, number: int, age: float, messages: int) -> None:
        """Add an Assistants session with its messages."""
        created = self._ago(age)
        name = samples.sample_name(self.rng, number)
        named = self._chance(0.5)
        session = AssistantSession(
            key=self.store.new_key(),
            id=f"aia_sess_{self._uuid()}" if named else name,
            name=name if named else None,
            assistant_id=f"aia_asst_{self._uuid()}",
            identity=samples.sample_identity(self.rng),
            verified=self._chance(0.5),
            date_created=created,
            date_updated=created,
        )
        self.store.add_assistant_session(session)
        for index in range(messages):
            self._message(session, index)

    def _message(self, session: AssistantSession, index: int) -> None:
        role = ("user", "assistant", "user", "tool", "assistant")[index % 5]
        # A message each second, and none of them after the anchor.
        moment = min(session.date_created + timedelta(seconds=index), self.anchor)
        session.date_updated = moment
        message = AssistantMessage(
            key=self.store.new_key(),
            id=f"aia_msg_{self._uuid()}",
            session=session,
            role=role,
            content=samples.sample_content(self.rng, role),
            meta=samples.sample_meta(self.rng),
            date_created=moment,
            date_updated=moment,
        )
        session.messages.add(message)

    def _chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    # random.choice and randrange take care of sizes beyond a double's precision, at three times the price.
    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self.rng.random() * len(items))]

    def _below(self, size: int) -> int:
        return int(self.rng.random() * size)

    def _uuid(self) -> str:
        digits = f"{self.rng.getrandbits(128):032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _ago(self, seconds: float) -> datetime:
        return self.anchor - timedelta(seconds=int(seconds))

    def _between(self, first: datetime, last: datetime) -> datetime:
        return first + timedelta(seconds=int(self.rng.random() * (last - first).total_seconds()))

    @staticmethod
    def _data(key: str, value: str) -> str | None:
        return json.dumps({key: value}, ensure_ascii=False, separators=(",", ":"))

"""Everything the emulated account owns, in memory, with the indexes that keep every look-up constant.

The store files and unfiles records; whether a change is allowed is decided by the rules before they call it.
"""

from __future__ import annotations

import heapq
import random
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from twilio_sessions.emulator._listing import Listing
from twilio_sessions.emulator._records import (
    ACTIVE,
    AssistantSession,
    Interaction,
    Participant,
    PhoneNumber,
    Service,
    Session,
)

if TYPE_CHECKING:
    from datetime import datetime

    from twilio_sessions.emulator._ledger import Changes

__all__ = ("Store",)

Key = TypeVar("Key")


def _let_go(index: dict[Key, set[str]], key: Key, sid: str) -> None:
    """Take one holder out of an index, and the entry with the last of them."""
    holders = index.get(key)
    if holders is not None:
        holders.discard(sid)
        if not holders:
            del index[key]


class Store:
    """The state of one account: pure data, no clock, no sockets.

    Example:
        emulator.store.counts()["sessions"]

    Attributes:
        services: Every service, in order of creation.
        assistants: Every Assistants session, in order of creation.
    """

    def __init__(self, random_seed: int = 0) -> None:
        self.services: Listing[Service] = Listing()
        self.assistants: Listing[AssistantSession] = Listing()
        self.service_by_sid: dict[str, Service] = {}
        self.service_by_name: dict[str, Service] = {}
        self.numbers: dict[str, PhoneNumber] = {}
        self.number_by_phone: dict[str, PhoneNumber] = {}
        self.sessions: dict[str, Session] = {}
        self.participants: dict[str, Participant] = {}
        self.interactions: dict[str, Interaction] = {}
        self.assistant_by_id: dict[str, AssistantSession] = {}
        self.assistant_by_name: dict[str, AssistantSession] = {}
        # Who holds which number: (identifier, proxy identifier) -> SIDs of the active sessions.
        self.pairs: dict[tuple[str, str], set[str]] = {}
        self.number_sessions: dict[str, set[str]] = {}
        # The number an identifier had last in a service: what "sticky" selection prefers.
        self.last_number: dict[tuple[str, str], str] = {}
        self.deadlines: list[tuple[datetime, int, Session]] = []
        # Where the steps of the operation at work are noted; nobody asks about planting and tests.
        self.changes: Changes | None = None
        self._keys = count(1)
        self._random = random.Random(f"sids:{random_seed}")  # noqa: S311 - reproducible, not secret

    def new_key(self) -> int:
        """Return the next place in time; later records have larger keys."""
        return next(self._keys)

    def new_sid(self, prefix: str) -> str:
        """Return a SID that was never used: a two-letter prefix and 32 hexadecimal digits."""
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def counts(self) -> dict[str, int]:
        """Return how many records of each kind there are.

        "interactions" counts all that `/Interactions` lists, message interactions included;
        "participants" includes removed ones, because they are still listed.
        """
        return {
            "services": len(self.services),
            "phone_numbers": len(self.numbers),
            "sessions": len(self.sessions),
            "participants": len(self.participants),
            "interactions": len(self.interactions),
            "message_interactions": sum(one.participant is not None for one in self.interactions.values()),
            "assistants_sessions": len(self.assistants),
            "assistants_messages": sum(len(session.messages) for session in self.assistants),
        }

    def note_change(self, sid: str) -> None:
        """Note that the operation at work changed a record in place."""
        if self.changes is not None:
            self.changes.changed.append(sid)

    def _created(self, sid: str) -> None:
        if self.changes is not None:
            self.changes.created.append(sid)

    def _deleted(self, sid: str) -> None:
        if self.changes is not None:
            self.changes.deleted.append(sid)

    def add_service(self, service: Service) -> None:
        """File a service."""
        self._created(service.sid)
        self.services.add(service)
        self.service_by_sid[service.sid] = service
        self.service_by_name[service.unique_name] = service

    def rename_service(self, service: Service, unique_name: str) -> None:
        """Give a service another name and release the old one."""
        del self.service_by_name[service.unique_name]
        service.unique_name = unique_name
        self.service_by_name[unique_name] = service

    def remove_service(self, service: Service) -> None:
        """Remove a service with everything in it."""
        for session in list(service.sessions):
            self.remove_session(session)
        for number in list(service.numbers):
            self.remove_number(number)
        self._deleted(service.sid)
        self.services.remove(service)
        del self.service_by_sid[service.sid], self.service_by_name[service.unique_name]

    def add_number(self, number: PhoneNumber) -> None:
        """File a number in its service's pool."""
        self._created(number.sid)
        number.service.numbers.add(number)
        self.numbers[number.sid] = number
        self.number_by_phone[number.phone_number] = number

    def remove_number(self, number: PhoneNumber) -> None:
        """Take a number out of its pool."""
        self._deleted(number.sid)
        number.service.numbers.remove(number)
        del self.numbers[number.sid], self.number_by_phone[number.phone_number]

    def in_use(self, number: PhoneNumber) -> int:
        """Return in how many active sessions a number serves."""
        return len(self.number_sessions.get(number.sid, ()))

    def add_session(self, session: Session, name: str | None) -> None:
        """File a session under the name a client gave it, if any."""
        self._created(session.sid)
        session.service.sessions.add(session)
        self.sessions[session.sid] = session
        if name is not None:
            session.service.session_names[name] = session

    def remove_session(self, session: Session) -> None:
        """Remove a session with its participants and interactions; frees its name and its numbers."""
        self.release(session)
        for participant in session.participants:
            self._deleted(participant.sid)
            del self.participants[participant.sid]
        for interaction in session.interactions:
            self._deleted(interaction.sid)
            del self.interactions[interaction.sid]
        self._deleted(session.sid)
        session.service.sessions.remove(session)
        del self.sessions[session.sid]
        names = session.service.session_names
        if session.unique_name is not None and names.get(session.unique_name) is session:
            del names[session.unique_name]

    def add_participant(self, participant: Participant) -> None:
        """File a participant; in an active session it takes hold of its number."""
        self._created(participant.sid)
        participant.session.participants.add(participant)
        self.participants[participant.sid] = participant
        if participant.session.status in ACTIVE:
            self._hold(participant)

    def soft_delete_participant(self, participant: Participant, now: datetime) -> None:
        """Mark a participant as removed and free its number; it stays in the session."""
        session = participant.session
        self.note_change(participant.sid)
        self.release(session)
        participant.date_deleted = participant.date_updated = now
        if session.status in ACTIVE:
            self.hold(session)

    def hold(self, session: Session) -> None:
        """Let every present participant of a session take hold of its number."""
        for participant in session.participants:
            self._hold(participant)

    def release(self, session: Session) -> None:
        """Let go of every number that a session holds."""
        for participant in session.participants:
            if participant.proxy_identifier is not None:
                pair = participant.identifier, participant.proxy_identifier
                _let_go(self.pairs, pair, session.sid)
            if participant.proxy_identifier_sid is not None:
                _let_go(self.number_sessions, participant.proxy_identifier_sid, session.sid)

    def add_interaction(self, interaction: Interaction) -> None:
        """File an interaction, and under its participant too when it is a message interaction."""
        self._created(interaction.sid)
        interaction.session.interactions.add(interaction)
        self.interactions[interaction.sid] = interaction
        if interaction.participant is not None:
            interaction.participant.messages.add(interaction)

    def remove_interaction(self, interaction: Interaction) -> None:
        """Remove an interaction from both of its listings."""
        self._deleted(interaction.sid)
        interaction.session.interactions.remove(interaction)
        del self.interactions[interaction.sid]
        if interaction.participant is not None:
            interaction.participant.messages.remove(interaction)

    def add_assistant_session(self, session: AssistantSession) -> None:
        """File an Assistants session."""
        self.assistants.add(session)
        self.assistant_by_id[session.id] = session
        if session.name is not None:
            self.assistant_by_name[session.name] = session

    def schedule(self, session: Session, due: datetime | None) -> None:
        """Note that a session must be looked at when `due` comes, unless an earlier look is noted."""
        if due is None or (session.scheduled is not None and session.scheduled <= due):
            return
        session.scheduled = due
        # The second member is never equal twice, so that sessions themselves are not compared.
        heapq.heappush(self.deadlines, (due, self.new_key(), session))

    def has_due(self, now: datetime) -> bool:
        """Say whether any noted moment has come."""
        return bool(self.deadlines) and self.deadlines[0][0] <= now

    def next_due(self, now: datetime) -> Session | None:
        """Take from the queue one session whose noted moment has come."""
        while self.has_due(now):
            _, _, session = heapq.heappop(self.deadlines)
            if self.sessions.get(session.sid) is session:
                session.scheduled = None
                return session
        return None

    def _hold(self, participant: Participant) -> None:
        if participant.date_deleted is not None or participant.proxy_identifier is None:
            return
        session = participant.session
        pair = participant.identifier, participant.proxy_identifier
        self.pairs.setdefault(pair, set()).add(session.sid)
        if participant.proxy_identifier_sid is not None:
            self.number_sessions.setdefault(participant.proxy_identifier_sid, set()).add(session.sid)
            self.last_number[session.service.sid, participant.identifier] = participant.proxy_identifier_sid

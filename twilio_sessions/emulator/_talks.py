"""What was said, by hand: interactions, and sessions of Assistants with their messages."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from twilio_sessions.emulator import _talk as talk
from twilio_sessions.emulator._arranging import Arranging, form_of
from twilio_sessions.emulator._interactions import create_message_interaction, touch
from twilio_sessions.emulator._records import ACTIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions.emulator._records import (
        AssistantMessage,
        AssistantSession,
        Interaction,
        Participant,
        Session,
    )
    from twilio_sessions.emulator._talk import Content, MessageLike

__all__ = ("Talks",)

_NOW = timedelta()


class Talks(Arranging):
    """Adds what was said in sessions of either product."""

    def add_interaction(
        self,
        session: Session,
        body: str = "hello",
        *,
        duration: timedelta | None = None,
        age: timedelta = _NOW,
    ) -> Interaction:
        """Add an Interaction: a message from the session's first participant to its last, or a call.

        In an active session it is a sign of life: the session is in progress, and its ttl begins anew.

        Args:
            session: The session.
            body: The text of the message.
            duration: How long a call took, in whole seconds; given, it is a call and not a message.
            age: How long ago it happened; never before its session was created.

        Example:
            message = emulator.add_interaction(session, "I am at the door")
            call = emulator.add_interaction(session, duration=timedelta(seconds=42))
        """
        with self._by_the_rules():
            moment = max(self._before(age), session.date_created)
            if session.status in ACTIVE:
                touch(session, moment)
            session.date_started = session.date_started or moment
            session.date_last_interaction = moment
            return talk.talk(self.store, session, body, duration, moment)

    def add_message_interaction(
        self, participant: Participant, body: str = "hello", *, age: timedelta = _NOW
    ) -> Interaction:
        """Add a MessageInteraction: a message that was sent to a participant through the API.

        Raises:
            ValueError: Its session is closed (80607), or the participant was removed (80404).

        Example:
            sent = emulator.add_message_interaction(driver, "The customer is waiting")
        """
        with self._by_the_rules():
            moment = max(self._before(age), participant.date_created)
            return create_message_interaction(self.store, participant, form_of(Body=body), moment)

    def add_assistant_session(
        self,
        messages: Iterable[MessageLike] = (),
        *,
        id: str | None = None,  # noqa: A002 - Twilio's name for it
        identity: str = "user",
        name: str | None = None,
        age: timedelta = _NOW,
    ) -> AssistantSession:
        """Add a Session of Assistants, which Twilio's API lets nobody create.

        Args:
            messages: Its messages, oldest first, a second apart: texts, said by "user" and "assistant" in
                turn, or pairs of a role and a text, or of a role and the whole content.
            id: Its id; by default a new one.
            identity: Who talks to the assistant.
            name: A second name under which its messages are found.
            age: How long ago it began.

        Raises:
            ValueError: The id or the name is taken.

        Example:
            chat = emulator.add_assistant_session(["Where is my order?", "On its way."], identity="user:zoë")
        """
        with self._by_the_rules():
            session = talk.begin_chat(self.store, id, name, identity, self._before(age))
            talk.say(self.store, session, messages)
            return session

    def add_assistant_message(
        self, session: AssistantSession, content: Content, *, role: str = "user"
    ) -> AssistantMessage:
        """Add a Message to a Session of Assistants, a second after its last one.

        Example:
            emulator.add_assistant_message(chat, "Thank you!")
        """
        with self._by_the_rules():
            return talk.say(self.store, session, [(role, content)])[0]

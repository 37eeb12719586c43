"""What was said, as records: interactions of Proxy sessions, and chats with assistants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from itertools import cycle
from typing import TYPE_CHECKING, TypeAlias

from twilio_sessions.emulator._records import AssistantMessage, AssistantSession, Interaction, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from twilio_sessions.emulator._store import Store

__all__ = ("Content", "MessageLike", "begin_chat", "say", "talk")

Content: TypeAlias = str | Mapping[str, object]
MessageLike: TypeAlias = str | tuple[str, Content]

_TICK = timedelta(seconds=1)


def talk(
    store: Store, session: Session, body: str, duration: timedelta | None, moment: datetime
) -> Interaction:
    """File a message, or a call, from the first participant of a session to its last."""
    people = [one for one in session.participants if one.date_deleted is None]
    prefix, got, sent = (
        ("SM", "received", "delivered") if duration is None else ("CA", "completed", "completed")
    )
    said = {"body": body} if duration is None else {"duration": str(int(duration.total_seconds()))}
    interaction = Interaction(
        key=store.new_key(),
        sid=store.new_sid("KI"),
        session=session,
        type="message" if duration is None else "voice",
        data=json.dumps(said, ensure_ascii=False, separators=(",", ":")),
        inbound_participant_sid=people[0].sid if people else None,
        inbound_resource_sid=store.new_sid(prefix),
        inbound_resource_status=got,
        outbound_participant_sid=people[-1].sid if people else None,
        outbound_resource_sid=store.new_sid(prefix),
        outbound_resource_status=sent,
        date_created=moment,
        date_updated=moment,
    )
    store.add_interaction(interaction)
    return interaction


def begin_chat(
    store: Store, session_id: str | None, name: str | None, identity: str, moment: datetime
) -> AssistantSession:
    """File a session with an assistant in which nothing was said yet."""
    for wanted in (session_id, name):
        if wanted in store.assistant_by_id or wanted in store.assistant_by_name:
            raise ValueError(f"there is an Assistants session called {wanted!r} already")
    session = AssistantSession(
        key=store.new_key(),
        id=session_id if session_id is not None else _new_id(store, "sess"),
        name=name,
        assistant_id=_new_id(store, "asst"),
        identity=identity,
        date_created=moment,
        date_updated=moment,
    )
    store.add_assistant_session(session)
    return session


def say(store: Store, session: AssistantSession, messages: Iterable[MessageLike]) -> list[AssistantMessage]:
    """File messages of a chat, a second apart."""
    return [_message(store, session, role, content) for role, content in _told_apart(messages)]


def _message(store: Store, session: AssistantSession, role: str, content: Content) -> AssistantMessage:
    first = not len(session.messages)
    session.date_updated = moment = session.date_created if first else session.date_updated + _TICK
    message = AssistantMessage(
        key=store.new_key(),
        id=_new_id(store, "msg"),
        session=session,
        role=role,
        content=dict(content) if isinstance(content, Mapping) else {"type": "text", "content": content},
        meta={},
        date_created=moment,
        date_updated=moment,
    )
    session.messages.add(message)
    return message


def _told_apart(messages: Iterable[MessageLike]) -> Iterator[tuple[str, Content]]:
    """Give every bare text a role: the user and the assistant speak in turn."""
    turns = cycle(("user", "assistant"))
    for message in messages:
        yield (next(turns), message) if isinstance(message, str) else message


def _new_id(store: Store, kind: str) -> str:
    """Return an id that was never used, in the form in which Twilio writes them."""
    digits = store.new_sid("")
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return f"aia_{kind}_{'-'.join(parts)}"

"""Assistants' resources as data, exactly the fields of the contract; frozen, without methods that do I/O."""

from __future__ import annotations

import attrs

from twilio_sessions._core.codec import Timestamp  # noqa: TC001 - msgspec resolves it when it runs

__all__ = ["Message", "Session"]


@attrs.frozen(kw_only=True)
class Session:
    """A conversation with an assistant.

    Attributes:
        id: The name that its creator chose, or one that Twilio gave.
        account_sid: The account that it belongs to.
        assistant_id: The assistant (`aia_asst_...`) that it is with.
        verified: Whether the identity was verified.
        identity: Who talks to the assistant, for example `phone:+14155550100`.
        date_created: UTC.
        date_updated: UTC.
    """

    id: str
    account_sid: str | None = None
    assistant_id: str | None = None
    verified: bool | None = None
    identity: str | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None


@attrs.frozen(kw_only=True)
class Message:
    """One message of a conversation with an assistant.

    Attributes:
        id: `aia_msg_...`.
        account_sid: The account that it belongs to.
        assistant_id: The assistant (`aia_asst_...`) of the conversation.
        session_id: The session that it belongs to.
        identity: Who talks to the assistant.
        role: Who speaks; no list of values is published.
        content: What is said, in a shape of its own.
        meta: What else was sent with it.
        date_created: UTC.
        date_updated: UTC.
    """

    id: str
    account_sid: str | None = None
    assistant_id: str | None = None
    session_id: str | None = None
    identity: str | None = None
    role: str | None = None
    content: dict[str, object] | None = attrs.field(default=None, hash=False)
    meta: dict[str, object] | None = attrs.field(default=None, hash=False)
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None

"""What Twilio keeps: one mutable record for each resource, with its children and its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.emulator._listing import Listing, no_rows

if TYPE_CHECKING:
    from datetime import datetime

__all__ = (
    "AssistantMessage",
    "AssistantSession",
    "Interaction",
    "Participant",
    "PhoneNumber",
    "Service",
    "Session",
)

OPEN = "open"
IN_PROGRESS = "in-progress"
CLOSED = "closed"
STATUSES = (OPEN, IN_PROGRESS, CLOSED, "failed", "unknown")
# Only these hold a proxy number, expire, and accept messages.
ACTIVE = frozenset({OPEN, IN_PROGRESS})

VOICE_AND_MESSAGE = "voice-and-message"
VOICE_ONLY = "voice-only"
MESSAGE_ONLY = "message-only"
MODES = (MESSAGE_ONLY, VOICE_ONLY, VOICE_AND_MESSAGE)


def _no_names() -> dict[str, Session]:
    return {}


# Records are compared by identity: two sessions with equal fields are two sessions.
@attrs.define(eq=False, kw_only=True)
class Service:
    """A Proxy Service, with its number pool, its sessions and their names."""

    key: int
    sid: str
    unique_name: str
    date_created: datetime
    date_updated: datetime
    default_ttl: int = 0
    callback_url: str | None = None
    intercept_callback_url: str | None = None
    out_of_session_callback_url: str | None = None
    geo_match_level: str = "country"
    number_selection_behavior: str = "prefer-sticky"
    chat_instance_sid: str | None = None
    numbers: Listing[PhoneNumber] = attrs.field(factory=no_rows, repr=False)
    sessions: Listing[Session] = attrs.field(factory=no_rows, repr=False)
    session_names: dict[str, Session] = attrs.field(factory=_no_names, repr=False)


@attrs.define(eq=False, kw_only=True)
class PhoneNumber:
    """A number in the pool of one service."""

    key: int
    sid: str
    service: Service = attrs.field(repr=False)
    phone_number: str
    date_created: datetime
    date_updated: datetime
    friendly_name: str | None = None
    iso_country: str | None = None
    voice: bool = True
    sms: bool = True
    is_reserved: bool = False


@attrs.define(eq=False, kw_only=True)
class Session:
    """A Proxy Session; `ttl_since` is the moment from which its ttl counts when nobody has spoken since."""

    key: int
    sid: str
    service: Service = attrs.field(repr=False)
    date_created: datetime
    date_updated: datetime
    ttl_since: datetime
    unique_name: str | None = None
    status: str = OPEN
    mode: str = VOICE_AND_MESSAGE
    ttl: int = 0
    date_started: datetime | None = None
    date_ended: datetime | None = None
    date_last_interaction: datetime | None = None
    date_expiry: datetime | None = None
    closed_reason: str | None = None
    # The earliest deadline that already stands in the store's queue.
    scheduled: datetime | None = attrs.field(default=None, repr=False)
    participants: Listing[Participant] = attrs.field(factory=no_rows, repr=False)
    interactions: Listing[Interaction] = attrs.field(factory=no_rows, repr=False)


@attrs.define(eq=False, kw_only=True)
class Participant:
    """A Participant of a session; a removed one stays, with `date_deleted`."""

    key: int
    sid: str
    session: Session = attrs.field(repr=False)
    identifier: str
    date_created: datetime
    date_updated: datetime
    friendly_name: str | None = None
    proxy_identifier: str | None = None
    proxy_identifier_sid: str | None = None
    date_deleted: datetime | None = None
    messages: Listing[Interaction] = attrs.field(factory=no_rows, repr=False)


@attrs.define(eq=False, kw_only=True)
class Interaction:
    """A call or message; `participant` is set when it was created as a MessageInteraction."""

    key: int
    sid: str
    session: Session = attrs.field(repr=False)
    type: str
    data: str | None
    date_created: datetime
    date_updated: datetime
    participant: Participant | None = attrs.field(default=None, repr=False)
    inbound_participant_sid: str | None = None
    inbound_resource_sid: str | None = None
    inbound_resource_status: str | None = None
    outbound_participant_sid: str | None = None
    outbound_resource_sid: str | None = None
    outbound_resource_status: str | None = None


@attrs.define(eq=False, kw_only=True)
class AssistantSession:
    """A conversation with an assistant; `name` is a second way to find its messages, where it has one."""

    key: int
    id: str
    assistant_id: str
    identity: str
    date_created: datetime
    date_updated: datetime
    verified: bool = False
    name: str | None = None
    messages: Listing[AssistantMessage] = attrs.field(factory=no_rows, repr=False)


@attrs.define(eq=False, kw_only=True)
class AssistantMessage:
    """One message of such a conversation; content and meta are free-form objects."""

    key: int
    id: str
    session: AssistantSession = attrs.field(repr=False)
    role: str
    content: dict[str, Any]
    meta: dict[str, Any]
    date_created: datetime
    date_updated: datetime

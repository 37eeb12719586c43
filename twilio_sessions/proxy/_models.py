"""Proxy's resources as data, exactly the fields of the contract; frozen, without methods that do I/O."""

from __future__ import annotations

from enum import StrEnum

import attrs

from twilio_sessions._core.codec import Timestamp  # noqa: TC001 - msgspec resolves it when it runs

__all__ = [
    "GeoMatchLevel",
    "Interaction",
    "InteractionType",
    "MessageInteraction",
    "NumberSelectionBehavior",
    "Participant",
    "PhoneNumber",
    "ResourceStatus",
    "Service",
    "Session",
    "SessionMode",
    "SessionStatus",
]


class SessionStatus(StrEnum):
    """Statuses of a session; `open` and `in-progress` are the active ones."""

    OPEN = "open"
    IN_PROGRESS = "in-progress"
    CLOSED = "closed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class SessionMode(StrEnum):
    """What a session carries; Proxy's default is `voice-and-message`."""

    MESSAGE_ONLY = "message-only"
    VOICE_ONLY = "voice-only"
    VOICE_AND_MESSAGE = "voice-and-message"


class GeoMatchLevel(StrEnum):
    """How near a proxy number must be to the participant's own; Proxy's default is `country`."""

    AREA_CODE = "area-code"
    OVERLAY = "overlay"
    RADIUS = "radius"
    COUNTRY = "country"


class NumberSelectionBehavior(StrEnum):
    """Whether a participant keeps the proxy number of earlier sessions; the default is `prefer-sticky`."""

    AVOID_STICKY = "avoid-sticky"
    PREFER_STICKY = "prefer-sticky"


class InteractionType(StrEnum):
    """What an interaction was."""

    MESSAGE = "message"
    VOICE = "voice"
    UNKNOWN = "unknown"


class ResourceStatus(StrEnum):
    """The status of the call or message behind one side of an interaction."""

    ACCEPTED = "accepted"
    ANSWERED = "answered"
    BUSY = "busy"
    CANCELED = "canceled"
    COMPLETED = "completed"
    DELETED = "deleted"
    DELIVERED = "delivered"
    DELIVERY_UNKNOWN = "delivery-unknown"
    FAILED = "failed"
    IN_PROGRESS = "in-progress"
    INITIATED = "initiated"
    NO_ANSWER = "no-answer"
    QUEUED = "queued"
    RECEIVED = "received"
    RECEIVING = "receiving"
    RINGING = "ringing"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"


@attrs.frozen(kw_only=True)
class Service:
    """A Proxy service: the pool of numbers and the settings that its sessions share.

    Attributes:
        sid: `KS` and 32 hexadecimal digits.
        unique_name: The name given by its owner; at most 191 characters.
        account_sid: The account that it belongs to.
        chat_instance_sid: The Chat service (`IS...`) behind it, if any.
        callback_url: Where Twilio reports interactions.
        default_ttl: Seconds that new sessions live after the last interaction; 0 is without end.
        number_selection_behavior: See `NumberSelectionBehavior`; other values are kept as they are.
        geo_match_level: See `GeoMatchLevel`; other values are kept as they are.
        intercept_callback_url: Where Twilio asks whether an interaction may pass.
        out_of_session_callback_url: Where Twilio asks about traffic that belongs to no session.
        date_created: UTC.
        date_updated: UTC.
        url: The absolute URL of this resource.
        links: The absolute URLs of `sessions` and `phone_numbers`.
    """

    sid: str
    unique_name: str | None = None
    account_sid: str | None = None
    chat_instance_sid: str | None = None
    callback_url: str | None = None
    default_ttl: int = 0
    number_selection_behavior: str | None = None
    geo_match_level: str | None = None
    intercept_callback_url: str | None = None
    out_of_session_callback_url: str | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None
    url: str | None = None
    links: dict[str, str] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class Session:
    """A Proxy session: a conversation of at most two participants behind proxy numbers.

    Participants are not part of a session's answer; ask `sessions(sid).participants.list()`.

    Attributes:
        sid: `KC` and 32 hexadecimal digits.
        service_sid: The service (`KS...`) that it belongs to.
        account_sid: The account that it belongs to.
        date_started: When the first interaction began; UTC.
        date_ended: When it was closed; UTC.
        date_last_interaction: When the last interaction began; UTC.
        date_expiry: When it will be closed; overrides `ttl`; UTC.
        unique_name: The name given by its owner; closing does not free it, deleting does.
        status: See `SessionStatus`; other values are kept as they are.
        closed_reason: Twilio's words for why it was closed; no list of them is published.
        ttl: Seconds that it lives after creation or the last interaction; 0 is without end.
        mode: See `SessionMode`; other values are kept as they are.
        date_created: UTC.
        date_updated: UTC.
        url: The absolute URL of this resource.
        links: The absolute URLs of `participants` and `interactions`.
    """

    sid: str
    service_sid: str | None = None
    account_sid: str | None = None
    date_started: Timestamp | None = None
    date_ended: Timestamp | None = None
    date_last_interaction: Timestamp | None = None
    date_expiry: Timestamp | None = None
    unique_name: str | None = None
    status: str = "unknown"
    closed_reason: str | None = None
    ttl: int = 0
    mode: str | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None
    url: str | None = None
    links: dict[str, str] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class Participant:
    """One of the two sides of a session.

    Attributes:
        sid: `KP` and 32 hexadecimal digits.
        session_sid: The session (`KC...`) that it belongs to.
        service_sid: The service (`KS...`) that it belongs to.
        account_sid: The account that it belongs to.
        friendly_name: A name for people; at most 255 characters.
        identifier: The participant's own number (E.164) or address; at most 191 characters.
        proxy_identifier: The number or address that this participant uses to reach the other one.
        proxy_identifier_sid: The SID of that number.
        date_deleted: When it was removed; removed participants stay listed; UTC.
        date_created: UTC.
        date_updated: UTC.
        url: The absolute URL of this resource.
        links: The absolute URL of `message_interactions`.
    """

    sid: str
    session_sid: str | None = None
    service_sid: str | None = None
    account_sid: str | None = None
    friendly_name: str | None = None
    identifier: str | None = None
    proxy_identifier: str | None = None
    proxy_identifier_sid: str | None = None
    date_deleted: Timestamp | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None
    url: str | None = None
    links: dict[str, str] | None = attrs.field(default=None, hash=False)


@attrs.frozen(kw_only=True)
class Interaction:
    """One message or call that passed through a session.

    Attributes:
        sid: `KI` and 32 hexadecimal digits.
        session_sid: The session (`KC...`) that it belongs to.
        service_sid: The service (`KS...`) that it belongs to.
        account_sid: The account that it belongs to.
        data: A JSON string, such as `{"body":"hello"}` or `{"duration":"5"}`; personal, may be purged.
        type: See `InteractionType`; other values are kept as they are.
        inbound_participant_sid: The participant (`KP...`) who wrote or called.
        inbound_resource_sid: The call or message on that side.
        inbound_resource_status: See `ResourceStatus`; other values are kept as they are.
        inbound_resource_type: `Call` or `Message`.
        inbound_resource_url: Where that call or message is.
        outbound_participant_sid: The participant (`KP...`) who was written to or called.
        outbound_resource_sid: The call or message on that side.
        outbound_resource_status: See `ResourceStatus`; other values are kept as they are.
        outbound_resource_type: `Call` or `Message`.
        outbound_resource_url: Where that call or message is.
        date_created: UTC.
        date_updated: UTC.
        url: The absolute URL of this resource.
    """

    sid: str
    session_sid: str | None = None
    service_sid: str | None = None
    account_sid: str | None = None
    data: str | None = None
    type: str | None = None
    inbound_participant_sid: str | None = None
    inbound_resource_sid: str | None = None
    inbound_resource_status: str | None = None
    inbound_resource_type: str | None = None
    inbound_resource_url: str | None = None
    outbound_participant_sid: str | None = None
    outbound_resource_sid: str | None = None
    outbound_resource_status: str | None = None
    outbound_resource_type: str | None = None
    outbound_resource_url: str | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None
    url: str | None = None


@attrs.frozen(kw_only=True)
class MessageInteraction(Interaction):
    """A message that was sent to one participant through the API; it is listed under interactions, too.

    Attributes:
        participant_sid: The participant (`KP...`) to whom the message was sent; the `inbound_` fields
            are always None.
    """

    participant_sid: str | None = None


@attrs.frozen(kw_only=True)
class PhoneNumber:
    """A number in a service's pool.

    Attributes:
        sid: `PN` and 32 hexadecimal digits.
        account_sid: The account that it belongs to.
        service_sid: The service (`KS...`) that it belongs to.
        date_created: UTC.
        date_updated: UTC.
        phone_number: E.164, such as `+14155550100`.
        friendly_name: A name for people.
        iso_country: ISO 3166 country code.
        capabilities: What the number can do; the names of the capabilities vary.
        url: The absolute URL of this resource.
        is_reserved: Whether it is used only when named explicitly.
        in_use: How many active sessions use it.
    """

    sid: str
    account_sid: str | None = None
    service_sid: str | None = None
    date_created: Timestamp | None = None
    date_updated: Timestamp | None = None
    phone_number: str | None = None
    friendly_name: str | None = None
    iso_country: str | None = None
    capabilities: dict[str, object] | None = attrs.field(default=None, hash=False)
    url: str | None = None
    is_reserved: bool | None = None
    in_use: int = 0

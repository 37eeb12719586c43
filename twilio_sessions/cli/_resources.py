"""The resources that have commands, as a table: where they are, what can be done, what a person sees."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

from twilio_sessions import assistants
from twilio_sessions.cli._given import (
    ChangedNumber,
    ChangedService,
    ChangedSession,
    Given,
    NewMessage,
    NewNumber,
    NewParticipant,
    NewService,
    NewSession,
)
from twilio_sessions.cli._places import (
    InAccount,
    InAssistants,
    InParticipant,
    InService,
    InSession,
    OfTalk,
    Place,
)
from twilio_sessions.proxy import (
    Interaction,
    MessageInteraction,
    Participant,
    PhoneNumber,
    Service,
    Session,
)

__all__ = ["RESOURCES", "Resource", "Verb"]

Verb: TypeAlias = Literal["list", "fetch", "create", "update", "delete"]


@attrs.frozen(kw_only=True)
class Resource:
    """A resource and its commands.

    Attributes:
        command: The words that name it after the name of the program.
        one: What one of them is called; the plural has an s.
        attribute: What its place calls the collection.
        place: The options that say where it is.
        model: What the rows are.
        columns: What a table shows, the most important first; what does not fit is left out from the end.
        named: What names one of them.
        prefix: What its SID begins with, if it has a unique name as well; else empty.
        verbs: What can be done, each with what its example says after the verb.
        new: The options of `create`.
        changed: The options of `update`.
        loss: What goes with one that is deleted, to be known before.
    """

    command: tuple[str, ...]
    one: str
    attribute: str
    place: type[Place]
    model: type[object]
    columns: tuple[str, ...]
    verbs: dict[Verb, str]
    named: str = ""
    prefix: str = ""
    new: type[Given] | None = None
    changed: type[Given] | None = None
    loss: str = ""

    @property
    def noun(self) -> str:
        """What several of them are called."""
        return f"{self.one}s"

    def example(self, verb: Verb) -> str:
        """Return a command that does something."""
        return " ".join(["twilio-sessions", *self.command, verb, self.verbs[verb]]).rstrip()


_SESSION: Final = '--service rides --session "Order #1234"'

RESOURCES: Final = (
    Resource(
        command=("services",),
        one="service",
        attribute="services",
        place=InAccount,
        model=Service,
        columns=("sid", "unique_name", "default_ttl", "date_created", "geo_match_level", "callback_url"),
        named="The service: its SID (KS...) or its unique name.",
        prefix="KS",
        new=NewService,
        changed=ChangedService,
        loss="Its sessions go with it, for good.",
        verbs={
            "list": "-o ndjson",
            "fetch": "rides",
            "create": "--unique-name rides --default-ttl 1h",
            "update": "rides --default-ttl 3600",
            "delete": "rides --dry-run",
        },
    ),
    Resource(
        command=("sessions",),
        one="session",
        attribute="sessions",
        place=InService,
        model=Session,
        columns=("sid", "unique_name", "status", "date_created", "date_last_interaction", "mode", "ttl"),
        named="The session: its SID (KC...) or its unique name.",
        prefix="KC",
        new=NewSession,
        changed=ChangedSession,
        loss="Its participants and interactions go with it, for good.",
        verbs={
            "list": "--service rides --limit 20 --fields sid,status -o csv",
            "fetch": '--service rides "Order #1234"',
            "create": '--service rides --unique-name "Order #1234" --ttl 1h --participant +14155550100',
            "update": '--service rides "Order #1234" --status closed',
            "delete": '--service rides "Order #1234" --yes',
        },
    ),
    Resource(
        command=("participants",),
        one="participant",
        attribute="participants",
        place=InSession,
        model=Participant,
        columns=("sid", "identifier", "proxy_identifier", "friendly_name", "date_created", "date_deleted"),
        named="The participant's SID (KP...).",
        new=NewParticipant,
        loss="It stays listed as deleted, and cannot be added to this session again.",
        verbs={
            "list": _SESSION,
            "fetch": f"{_SESSION} KP...",
            "create": f"{_SESSION} --identifier +14155550101 --friendly-name Ada",
            "delete": f"{_SESSION} KP... --yes",
        },
    ),
    Resource(
        command=("interactions",),
        one="interaction",
        attribute="interactions",
        place=InSession,
        model=Interaction,
        columns=(
            "sid",
            "type",
            "date_created",
            "data",
            "inbound_resource_status",
            "outbound_resource_status",
        ),
        named="The interaction's SID (KI...).",
        loss="Only the record of it is deleted, for good.",
        verbs={
            "list": f"{_SESSION} -o json",
            "fetch": f"{_SESSION} KI...",
            "delete": f"{_SESSION} KI... --yes",
        },
    ),
    Resource(
        command=("message-interactions",),
        one="message interaction",
        attribute="message_interactions",
        place=InParticipant,
        model=MessageInteraction,
        columns=("sid", "date_created", "data", "outbound_resource_status"),
        named="The message interaction's SID (KI...).",
        new=NewMessage,
        verbs={
            "list": f"{_SESSION} --participant KP...",
            "fetch": f"{_SESSION} --participant KP... KI...",
            "create": f'{_SESSION} --participant KP... --body "Your driver is here."',
        },
    ),
    Resource(
        command=("phone-numbers",),
        one="phone number",
        attribute="phone_numbers",
        place=InService,
        model=PhoneNumber,
        columns=(
            "sid",
            "phone_number",
            "iso_country",
            "in_use",
            "is_reserved",
            "friendly_name",
            "date_created",
        ),
        named="The number's SID (PN...).",
        new=NewNumber,
        changed=ChangedNumber,
        loss="It leaves the pool; the account keeps it.",
        verbs={
            "list": "--service rides",
            "fetch": "--service rides PN...",
            "create": "--service rides --phone-number +14155550123",
            "update": "--service rides PN... --is-reserved",
            "delete": "--service rides PN... --yes",
        },
    ),
    Resource(
        command=("assistants", "sessions"),
        one="session",
        attribute="sessions",
        place=InAssistants,
        model=assistants.Session,
        columns=("id", "identity", "verified", "date_created", "date_updated", "assistant_id"),
        named="The session's id.",
        verbs={"list": "--limit 20", "fetch": "your-session-id"},
    ),
    Resource(
        command=("assistants", "messages"),
        one="message",
        attribute="messages",
        place=OfTalk,
        model=assistants.Message,
        columns=("id", "role", "date_created", "content", "identity"),
        verbs={"list": "--session your-session-id -o ndjson"},
    ),
)
"""Every resource that has commands."""

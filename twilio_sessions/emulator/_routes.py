"""Which path and verb is which operation.

Every path alternates collections and identifiers, so its collection names, and whether it ends in an
identifier, are the key of one dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import attrs

from twilio_sessions.emulator import _handlers as handlers
from twilio_sessions.emulator._errors import ApiError, not_found
from twilio_sessions.emulator._wire import split_path

if TYPE_CHECKING:
    from twilio_sessions.emulator._exchange import Call, Context, Reply

__all__ = ("OPERATIONS", "Operation", "Target", "find")


@attrs.frozen
class Operation:
    """What can be asked of one path, and its name, such as `sessions.create`."""

    name: str
    handle: Callable[[Context, Call], Reply]


Verbs: TypeAlias = Mapping[str, Operation]


@attrs.define
class Target:
    """A request line understood: the path without its version, its identifiers, and its operation.

    Attributes:
        resource: The path as sent, without `/v1`.
        ids: The decoded identifiers in the path, outermost first.
        operation: What it asks for; `None` when there is no such path or verb.
        refusal: What it must be answered with in that case; a caller without credentials never sees it.
    """

    resource: str
    ids: tuple[str, ...] = ()
    operation: Operation | None = None
    refusal: ApiError | None = None

    @property
    def name(self) -> str | None:
        """The name of the operation, where there is one."""
        return None if self.operation is None else self.operation.name


_SESSIONS = ("Services", "Sessions")
_PARTICIPANTS = (*_SESSIONS, "Participants")
_MESSAGES = (*_PARTICIPANTS, "MessageInteractions")
_INTERACTIONS = (*_SESSIONS, "Interactions")

# (collection names, whether an identifier comes last) -> verb -> operation.
ROUTES: Mapping[tuple[tuple[str, ...], bool], Verbs] = {
    (("Services",), False): {
        "GET": Operation("services.list", handlers.list_services),
        "POST": Operation("services.create", handlers.create_service),
    },
    (("Services",), True): {
        "GET": Operation("services.fetch", handlers.fetch_service),
        "POST": Operation("services.update", handlers.update_service),
        "DELETE": Operation("services.delete", handlers.delete_service),
    },
    (("Services", "PhoneNumbers"), False): {
        "GET": Operation("phone_numbers.list", handlers.list_numbers),
        "POST": Operation("phone_numbers.create", handlers.create_number),
    },
    (("Services", "PhoneNumbers"), True): {
        "GET": Operation("phone_numbers.fetch", handlers.fetch_number),
        "POST": Operation("phone_numbers.update", handlers.update_number),
        "DELETE": Operation("phone_numbers.delete", handlers.delete_number),
    },
    (_SESSIONS, False): {
        "GET": Operation("sessions.list", handlers.list_sessions),
        "POST": Operation("sessions.create", handlers.create_session),
    },
    (_SESSIONS, True): {
        "GET": Operation("sessions.fetch", handlers.fetch_session),
        "POST": Operation("sessions.update", handlers.update_session),
        "DELETE": Operation("sessions.delete", handlers.delete_session),
    },
    (_PARTICIPANTS, False): {
        "GET": Operation("participants.list", handlers.list_participants),
        "POST": Operation("participants.create", handlers.create_participant),
    },
    (_PARTICIPANTS, True): {
        "GET": Operation("participants.fetch", handlers.fetch_participant),
        "DELETE": Operation("participants.delete", handlers.delete_participant),
    },
    (_MESSAGES, False): {
        "GET": Operation("message_interactions.list", handlers.list_message_interactions),
        "POST": Operation("message_interactions.create", handlers.create_message_interaction),
    },
    (_MESSAGES, True): {"GET": Operation("message_interactions.fetch", handlers.fetch_message_interaction)},
    (_INTERACTIONS, False): {"GET": Operation("interactions.list", handlers.list_interactions)},
    (_INTERACTIONS, True): {
        "GET": Operation("interactions.fetch", handlers.fetch_interaction),
        "DELETE": Operation("interactions.delete", handlers.delete_interaction),
    },
    (("Sessions",), False): {"GET": Operation("assistants.sessions.list", handlers.list_assistant_sessions)},
    (("Sessions",), True): {"GET": Operation("assistants.sessions.fetch", handlers.fetch_assistant_session)},
    (("Sessions", "Messages"), False): {
        "GET": Operation("assistants.messages.list", handlers.list_assistant_messages)
    },
}

OPERATIONS = frozenset(operation.name for verbs in ROUTES.values() for operation in verbs.values())


def find(method: str, raw_path: str) -> Target:
    """Understand a request line; what cannot be understood is a target with a refusal."""
    resource = raw_path.removeprefix("/v1") or "/"
    segments = split_path(raw_path)
    if segments is None or segments[0] != "v1":
        return Target(resource, refusal=not_found(raw_path))
    names, ids = segments[1::2], segments[2::2]
    verbs = ROUTES.get((names, len(names) == len(ids)))
    if verbs is None or "" in ids:
        return Target(resource, refusal=not_found(resource))
    operation = verbs.get(method)
    if operation is None:
        refusal = ApiError(20004, status=405, headers={"Allow": ", ".join(verbs)})
        return Target(resource, ids, refusal=refusal)
    return Target(resource, ids, operation)

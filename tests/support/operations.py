"""Every operation of the client as a value: how to prepare it, do it, and what sending it twice would do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions import AsyncClient

__all__ = ["OPERATIONS", "Operation", "Place", "prepare"]

ADA = "+14155550100"

Kind = Literal["read", "list", "update", "delete", "create", "create named"]


@attrs.frozen
class Place:
    """Where operations of a test happen: one of everything.

    Attributes:
        service: A service with four numbers.
        session: An open session in it.
        participant: A participant of that session.
        number: One of the numbers.
        message: A message to that participant.
        assistants_session: A session with an assistant.
    """

    service: str
    session: str
    participant: str
    number: str
    message: str
    assistants_session: str


@attrs.frozen
class Operation:
    """One operation.

    Attributes:
        name: As the emulator's ledger calls it.
        kind: What it does, and so what may be done about a fault.
        call: Makes the call.
    """

    name: str
    kind: Kind
    call: Callable[[AsyncClient, Place], Awaitable[object]]


async def prepare(client: AsyncClient) -> Place:
    """Make one of everything."""
    service = (await client.proxy.v1.services.create(unique_name="place")).sid
    context = client.proxy.v1.services(service)
    numbers = [await context.phone_numbers.create(phone_number=f"+1415555020{n}") for n in range(4)]
    session = (await context.sessions.create(unique_name="here")).sid
    participants = context.sessions(session).participants
    participant = (await participants.create(identifier=ADA)).sid
    message = (await participants(participant).message_interactions.create(body="hello")).sid
    found = await anext(client.assistants.v1.sessions.list())
    return Place(service, session, participant, numbers[3].sid, message, found.id)


async def _rows(listing: object) -> list[object]:
    return [row async for row in listing]  # type: ignore[attr-defined]


def _service(client: AsyncClient, place: Place):  # type: ignore[no-untyped-def]
    return client.proxy.v1.services(place.service)


def _session(client: AsyncClient, place: Place):  # type: ignore[no-untyped-def]
    return _service(client, place).sessions(place.session)


def _participant(client: AsyncClient, place: Place):  # type: ignore[no-untyped-def]
    return _session(client, place).participants(place.participant)


OPERATIONS = [
    Operation("services.create", "create named", lambda c, _: c.proxy.v1.services.create(unique_name="new")),
    Operation("services.fetch", "read", lambda c, p: _service(c, p).fetch()),
    Operation("services.list", "list", lambda c, _: _rows(c.proxy.v1.services.list())),
    Operation("services.update", "update", lambda c, p: _service(c, p).update(default_ttl=7)),
    Operation("services.delete", "delete", lambda c, p: _service(c, p).delete()),
    Operation(
        "phone_numbers.create",
        "create",
        lambda c, p: _service(c, p).phone_numbers.create(phone_number="+14155550299"),
    ),
    Operation("phone_numbers.fetch", "read", lambda c, p: _service(c, p).phone_numbers(p.number).fetch()),
    Operation("phone_numbers.list", "list", lambda c, p: _rows(_service(c, p).phone_numbers.list())),
    Operation(
        "phone_numbers.update",
        "update",
        lambda c, p: _service(c, p).phone_numbers(p.number).update(is_reserved=True),
    ),
    Operation("phone_numbers.delete", "delete", lambda c, p: _service(c, p).phone_numbers(p.number).delete()),
    Operation("sessions.create", "create", lambda c, p: _service(c, p).sessions.create(ttl=60)),
    Operation(
        "sessions.create",
        "create named",
        lambda c, p: _service(c, p).sessions.create(
            unique_name="Order #1", ttl=60, participants=[{"identifier": "+14155550111"}]
        ),
    ),
    Operation("sessions.fetch", "read", lambda c, p: _session(c, p).fetch()),
    Operation("sessions.list", "list", lambda c, p: _rows(_service(c, p).sessions.list())),
    Operation("sessions.update", "update", lambda c, p: _session(c, p).update(ttl=90)),
    Operation("sessions.update", "update", lambda c, p: _session(c, p).update(status="closed")),
    Operation("sessions.delete", "delete", lambda c, p: _session(c, p).delete()),
    Operation(
        "participants.create",
        "create",
        lambda c, p: _session(c, p).participants.create(identifier="+14155550112"),
    ),
    Operation("participants.fetch", "read", lambda c, p: _participant(c, p).fetch()),
    Operation("participants.list", "list", lambda c, p: _rows(_session(c, p).participants.list())),
    Operation("participants.delete", "delete", lambda c, p: _participant(c, p).delete()),
    Operation(
        "message_interactions.create",
        "create",
        lambda c, p: _participant(c, p).message_interactions.create(body="again"),
    ),
    Operation(
        "message_interactions.fetch",
        "read",
        lambda c, p: _participant(c, p).message_interactions(p.message).fetch(),
    ),
    Operation(
        "message_interactions.list",
        "list",
        lambda c, p: _rows(_participant(c, p).message_interactions.list()),
    ),
    Operation("interactions.fetch", "read", lambda c, p: _session(c, p).interactions(p.message).fetch()),
    Operation("interactions.list", "list", lambda c, p: _rows(_session(c, p).interactions.list())),
    Operation("interactions.delete", "delete", lambda c, p: _session(c, p).interactions(p.message).delete()),
    Operation(
        "assistants.sessions.fetch",
        "read",
        lambda c, p: c.assistants.v1.sessions(p.assistants_session).fetch(),
    ),
    Operation("assistants.sessions.list", "list", lambda c, _: _rows(c.assistants.v1.sessions.list())),
    Operation(
        "assistants.messages.list",
        "list",
        lambda c, p: _rows(c.assistants.v1.sessions(p.assistants_session).messages.list()),
    ),
]

"""One request as a value, what it is answered with, and how the record that its path names is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from twilio_sessions.emulator import _paging as paging
from twilio_sessions.emulator._errors import ApiError, not_found
from twilio_sessions.emulator._values import is_sid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from twilio_sessions.emulator._listing import Keyed, Listing
    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._records import Interaction, Participant, PhoneNumber, Service, Session
    from twilio_sessions.emulator._render import Renderer
    from twilio_sessions.emulator._store import Store
    from twilio_sessions.emulator._values import Form

__all__ = (
    "Call",
    "Context",
    "Reply",
    "check_sid",
    "find_interaction",
    "find_number",
    "find_participant",
    "find_service",
    "find_session",
    "send_page",
)


@attrs.frozen
class Context:
    """What every operation works on."""

    store: Store
    options: EmulatorOptions
    render: Renderer
    tokens: paging.Tokens


@attrs.frozen
class Call:
    """One request: its path as sent, the identifiers in it, its query and form, and its moment."""

    resource: str
    ids: tuple[str, ...]
    query: str
    form: Form
    now: datetime


@attrs.frozen
class Reply:
    """A status and a JSON value; `None` is an empty body."""

    status: int
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


Row = TypeVar("Row", bound="Keyed")

# Which error a malformed SID gets when the options ask for one.
_INVALID_SID = {"KS": 80408, "KC": 80409, "KP": 80405, "KI": 80403, "PN": 80407}


def check_sid(context: Context, call: Call, value: str, prefix: str) -> None:
    """Refuse an identifier of the wrong form."""
    if is_sid(value, prefix):
        return
    if context.options.malformed_sid == "invalid":
        raise ApiError(_INVALID_SID[prefix])
    raise not_found(call.resource)


def find_service(context: Context, call: Call) -> Service:
    """Return the service that a path names by its SID."""
    check_sid(context, call, call.ids[0], "KS")
    service = context.store.service_by_sid.get(call.ids[0])
    if service is None:
        raise not_found(call.resource)
    return service


def find_number(context: Context, call: Call) -> PhoneNumber:
    """Return the number that a path names."""
    service = find_service(context, call)
    check_sid(context, call, call.ids[1], "PN")
    number = context.store.numbers.get(call.ids[1])
    if number is None or number.service is not service:
        raise not_found(call.resource)
    return number


def find_session(context: Context, call: Call) -> Session:
    """Return the session that a path names by its SID."""
    service = find_service(context, call)
    check_sid(context, call, call.ids[1], "KC")
    session = context.store.sessions.get(call.ids[1])
    if session is None or session.service is not service:
        raise not_found(call.resource)
    return session


def find_participant(context: Context, call: Call) -> Participant:
    """Return the participant that a path names."""
    session = find_session(context, call)
    check_sid(context, call, call.ids[2], "KP")
    participant = context.store.participants.get(call.ids[2])
    if participant is None or participant.session is not session:
        raise not_found(call.resource)
    return participant


def find_interaction(context: Context, call: Call) -> Interaction:
    """Return the interaction that a path names."""
    session = find_session(context, call)
    check_sid(context, call, call.ids[2], "KI")
    interaction = context.store.interactions.get(call.ids[2])
    if interaction is None or interaction.session is not session:
        raise not_found(call.resource)
    return interaction


def send_page(
    context: Context,
    call: Call,
    rows: Listing[Row],
    key: str,
    render: Callable[[Row], dict[str, Any]],
) -> Reply:
    """Send one page of a Proxy or Assistants listing."""
    options, proxy = context.options, call.resource.startswith("/Services")
    cap = options.proxy_max_page_size if proxy else options.assistants_max_page_size
    request = paging.read_page_request(call.query, options, cap)
    origin = context.render.proxy_url if proxy else context.render.assistants_url
    # The decoded identifiers name the listing, so that any spelling of its path shares its tokens.
    name = "/".join((key, call.resource.rpartition("/")[2], *call.ids))
    page = paging.turn(context.tokens, name, rows, request, options)
    meta = paging.page_meta(request, f"{origin}/v1{call.resource}", key, page.next_token, page.previous_token)
    return Reply(200, {key: [render(row) for row in page.rows], "meta": meta})

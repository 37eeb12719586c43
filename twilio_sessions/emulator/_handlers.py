"""One function for each operation of the OpenAPI files; `_routes` says which path and verb is which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twilio_sessions.emulator import _interactions as interactions
from twilio_sessions.emulator import _participants as participants
from twilio_sessions.emulator import _pool as pool
from twilio_sessions.emulator import _rules as rules
from twilio_sessions.emulator import _service_rules as service_rules
from twilio_sessions.emulator._errors import not_found
from twilio_sessions.emulator._exchange import (
    Call,
    Context,
    Reply,
    check_sid,
    find_interaction,
    find_number,
    find_participant,
    find_service,
    find_session,
    send_page,
)
from twilio_sessions.emulator._values import is_sid

if TYPE_CHECKING:
    from twilio_sessions.emulator._records import AssistantSession, PhoneNumber

__all__ = (
    "create_message_interaction",
    "create_number",
    "create_participant",
    "create_service",
    "create_session",
    "delete_interaction",
    "delete_number",
    "delete_participant",
    "delete_service",
    "delete_session",
    "fetch_assistant_session",
    "fetch_interaction",
    "fetch_message_interaction",
    "fetch_number",
    "fetch_participant",
    "fetch_service",
    "fetch_session",
    "list_assistant_messages",
    "list_assistant_sessions",
    "list_interactions",
    "list_message_interactions",
    "list_numbers",
    "list_participants",
    "list_services",
    "list_sessions",
    "update_number",
    "update_service",
    "update_session",
)


def list_services(context: Context, call: Call) -> Reply:
    """GET /v1/Services."""
    return send_page(context, call, context.store.services, "services", context.render.service)


def create_service(context: Context, call: Call) -> Reply:
    """POST /v1/Services."""
    service = service_rules.create_service(context.store, context.options, call.form, call.now)
    return Reply(201, context.render.service(service))


def fetch_service(context: Context, call: Call) -> Reply:
    """GET /v1/Services/{Sid}, where a unique name may stand for the SID."""
    store, name = context.store, call.ids[0]
    service = store.service_by_sid.get(name) or store.service_by_name.get(name)
    if service is None:
        raise not_found(call.resource)
    return Reply(200, context.render.service(service))


def update_service(context: Context, call: Call) -> Reply:
    """POST /v1/Services/{Sid}."""
    service = find_service(context, call)
    service_rules.update_service(context.store, service, call.form, call.now)
    return Reply(200, context.render.service(service))


def delete_service(context: Context, call: Call) -> Reply:
    """DELETE /v1/Services/{Sid}."""
    service_rules.delete_service(context.store, context.options, find_service(context, call))
    return Reply(204)


def list_numbers(context: Context, call: Call) -> Reply:
    """GET /v1/Services/{ServiceSid}/PhoneNumbers."""
    rows = find_service(context, call).numbers
    return send_page(context, call, rows, "phone_numbers", lambda row: _number_json(context, row))


def create_number(context: Context, call: Call) -> Reply:
    """POST /v1/Services/{ServiceSid}/PhoneNumbers."""
    service = find_service(context, call)
    number = pool.add_phone_number(context.store, context.options, service, call.form, call.now)
    return Reply(201, _number_json(context, number))


def fetch_number(context: Context, call: Call) -> Reply:
    """GET /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}."""
    return Reply(200, _number_json(context, find_number(context, call)))


def update_number(context: Context, call: Call) -> Reply:
    """POST /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}."""
    number = find_number(context, call)
    pool.update_phone_number(context.store, number, call.form, call.now)
    return Reply(200, _number_json(context, number))


def delete_number(context: Context, call: Call) -> Reply:
    """DELETE /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}."""
    pool.delete_phone_number(context.store, find_number(context, call))
    return Reply(204)


def _number_json(context: Context, number: PhoneNumber) -> dict[str, Any]:
    return context.render.phone_number(number, context.store.in_use(number))


def list_sessions(context: Context, call: Call) -> Reply:
    """GET /v1/Services/{ServiceSid}/Sessions; there are no filters."""
    return send_page(context, call, find_service(context, call).sessions, "sessions", context.render.session)


def create_session(context: Context, call: Call) -> Reply:
    """POST /v1/Services/{ServiceSid}/Sessions."""
    service = find_service(context, call)
    session = rules.create_session(context.store, context.options, service, call.form, call.now)
    return Reply(201, context.render.session(session))


def fetch_session(context: Context, call: Call) -> Reply:
    """GET /v1/Services/{ServiceSid}/Sessions/{Sid}, where a unique name may stand for the SID."""
    service, name = find_service(context, call), call.ids[1]
    session = context.store.sessions.get(name)
    if session is None or session.service is not service:
        session = service.session_names.get(name)
    if session is not None:
        return Reply(200, context.render.session(session))
    if is_sid(name, "KC"):
        raise not_found(call.resource)
    raise not_found(call.resource, context.options.unknown_unique_name_code)


def update_session(context: Context, call: Call) -> Reply:
    """POST /v1/Services/{ServiceSid}/Sessions/{Sid}."""
    session = find_session(context, call)
    rules.update_session(context.store, context.options, session, call.form, call.now)
    return Reply(200, context.render.session(session))


def delete_session(context: Context, call: Call) -> Reply:
    """DELETE /v1/Services/{ServiceSid}/Sessions/{Sid}."""
    context.store.remove_session(find_session(context, call))
    return Reply(204)


def list_participants(context: Context, call: Call) -> Reply:
    """GET …/Sessions/{SessionSid}/Participants; removed ones are still there."""
    return send_page(
        context, call, find_session(context, call).participants, "participants", context.render.participant
    )


def create_participant(context: Context, call: Call) -> Reply:
    """POST …/Sessions/{SessionSid}/Participants."""
    session = find_session(context, call)
    wanted = participants.read_participant(call.form)
    participants.check_open(session)
    participant = participants.add_participant(context.store, context.options, session, wanted, call.now)
    return Reply(201, context.render.participant(participant))


def fetch_participant(context: Context, call: Call) -> Reply:
    """GET …/Participants/{Sid}."""
    return Reply(200, context.render.participant(find_participant(context, call)))


def delete_participant(context: Context, call: Call) -> Reply:
    """DELETE …/Participants/{Sid}."""
    participants.delete_participant(context.store, find_participant(context, call), call.now)
    return Reply(context.options.participant_delete_status)


def list_interactions(context: Context, call: Call) -> Reply:
    """GET …/Sessions/{SessionSid}/Interactions."""
    return send_page(
        context, call, find_session(context, call).interactions, "interactions", context.render.interaction
    )


def fetch_interaction(context: Context, call: Call) -> Reply:
    """GET …/Interactions/{Sid}."""
    return Reply(200, context.render.interaction(find_interaction(context, call)))


def delete_interaction(context: Context, call: Call) -> Reply:
    """DELETE …/Interactions/{Sid}."""
    context.store.remove_interaction(find_interaction(context, call))
    return Reply(204)


def list_message_interactions(context: Context, call: Call) -> Reply:
    """GET …/Participants/{ParticipantSid}/MessageInteractions; the list's key is `interactions`."""
    participant = find_participant(context, call)
    return send_page(
        context,
        call,
        participant.messages,
        "interactions",
        lambda row: context.render.message_interaction(row, participant),
    )


def create_message_interaction(context: Context, call: Call) -> Reply:
    """POST …/Participants/{ParticipantSid}/MessageInteractions."""
    participant = find_participant(context, call)
    message = interactions.create_message_interaction(context.store, participant, call.form, call.now)
    body = context.render.message_interaction(message, participant)
    return Reply(context.options.message_interaction_create_status, body)


def fetch_message_interaction(context: Context, call: Call) -> Reply:
    """GET …/MessageInteractions/{Sid}."""
    participant = find_participant(context, call)
    check_sid(context, call, call.ids[3], "KI")
    message = context.store.interactions.get(call.ids[3])
    if message is None or message.participant is not participant:
        raise not_found(call.resource)
    return Reply(200, context.render.message_interaction(message, participant))


def list_assistant_sessions(context: Context, call: Call) -> Reply:
    """GET /v1/Sessions of Assistants."""
    return send_page(context, call, context.store.assistants, "sessions", context.render.assistant_session)


def fetch_assistant_session(context: Context, call: Call) -> Reply:
    """GET /v1/Sessions/{id}."""
    session = context.store.assistant_by_id.get(call.ids[0])
    if session is None:
        raise not_found(call.resource)
    return Reply(200, context.render.assistant_session(session))


def list_assistant_messages(context: Context, call: Call) -> Reply:
    """GET /v1/Sessions/{sessionId}/Messages, by "Session id or name"."""
    store, name = context.store, call.ids[0]
    session: AssistantSession | None = store.assistant_by_id.get(name) or store.assistant_by_name.get(name)
    if session is None:
        raise not_found(call.resource)
    return send_page(context, call, session.messages, "messages", context.render.assistant_message)

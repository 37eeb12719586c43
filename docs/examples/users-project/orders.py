"""What a delivery service does with Twilio's sessions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from twilio_sessions import Client

if TYPE_CHECKING:
    from twilio_sessions import AsyncClient
    from twilio_sessions.proxy import Session


def open_order(client: Client, service_sid: str, number: int, customer: str, courier: str) -> Session:
    """Connect a customer with a courier for four hours; asked twice, it is the same session."""
    sessions = client.proxy.v1.services(service_sid).sessions
    return sessions.get_or_create(
        unique_name=f"Order #{number}",
        ttl=timedelta(hours=4),
        participants=[{"identifier": customer}, {"identifier": courier}],
    )


async def close_idle(client: AsyncClient, service_sid: str, idle: timedelta) -> list[str]:
    """Close the sessions in which nothing happened for a while; return their SIDs."""
    sessions = client.proxy.v1.services(service_sid).sessions
    closed: list[str] = []
    async for session in sessions.list():
        last = session.date_last_interaction or session.date_created
        if session.status != "closed" and last is not None and last < datetime.now(UTC) - idle:
            await sessions(session.sid).update(status="closed")
            closed.append(session.sid)
    return closed


def report() -> str:
    """Say how many chats with assistants there are; credentials come from the environment."""
    with Client() as client:
        chats = list(client.assistants.v1.sessions.list())
        messages = [one for chat in chats for one in client.assistants.v1.sessions(chat.id).messages.list()]
    return f"{len(chats)} chats, {len(messages)} messages"

"""Twilio AI Assistants v1: the models and the async resources behind `client.assistants`."""

from __future__ import annotations

from twilio_sessions.assistants._models import Message, Session
from twilio_sessions.assistants._resources import (
    AsyncAssistants,
    AsyncAssistantsSessionContext,
    AsyncAssistantsSessions,
    AsyncAssistantsV1,
    AsyncMessages,
)

__all__ = [
    "AsyncAssistants",
    "AsyncAssistantsSessionContext",
    "AsyncAssistantsSessions",
    "AsyncAssistantsV1",
    "AsyncMessages",
    "Message",
    "Session",
]

"""Twilio Proxy v1: the models, their enumerations, and the async resources behind `client.proxy`."""

from __future__ import annotations

from twilio_sessions.proxy._interactions import AsyncInteractionContext, AsyncInteractions
from twilio_sessions.proxy._models import (
    GeoMatchLevel,
    Interaction,
    InteractionType,
    MessageInteraction,
    NumberSelectionBehavior,
    Participant,
    PhoneNumber,
    ResourceStatus,
    Service,
    Session,
    SessionMode,
    SessionStatus,
)
from twilio_sessions.proxy._participants import (
    AsyncMessageInteractionContext,
    AsyncMessageInteractions,
    AsyncParticipantContext,
    AsyncParticipants,
)
from twilio_sessions.proxy._phone_numbers import AsyncPhoneNumberContext, AsyncPhoneNumbers
from twilio_sessions.proxy._product import AsyncProxy, AsyncProxyV1
from twilio_sessions.proxy._services import AsyncServiceContext, AsyncServices
from twilio_sessions.proxy._sessions import AsyncSessionContext, AsyncSessions
from twilio_sessions.proxy._spec import ParticipantSpec

__all__ = [
    "AsyncInteractionContext",
    "AsyncInteractions",
    "AsyncMessageInteractionContext",
    "AsyncMessageInteractions",
    "AsyncParticipantContext",
    "AsyncParticipants",
    "AsyncPhoneNumberContext",
    "AsyncPhoneNumbers",
    "AsyncProxy",
    "AsyncProxyV1",
    "AsyncServiceContext",
    "AsyncServices",
    "AsyncSessionContext",
    "AsyncSessions",
    "GeoMatchLevel",
    "Interaction",
    "InteractionType",
    "MessageInteraction",
    "NumberSelectionBehavior",
    "Participant",
    "ParticipantSpec",
    "PhoneNumber",
    "ResourceStatus",
    "Service",
    "Session",
    "SessionMode",
    "SessionStatus",
]

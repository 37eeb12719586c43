"""Records to JSON, field for field as the OpenAPI files of Proxy v1 and Assistants v1 name them.

Dates are left to the encoder, which writes an aware UTC `datetime` as `2015-07-30T20:00:00Z`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from twilio_sessions.emulator._records import (
        AssistantMessage,
        AssistantSession,
        Interaction,
        Participant,
        PhoneNumber,
        Service,
        Session,
    )

__all__ = ("Renderer",)

_RESOURCE_TYPES = {"CA": ("Call", "Calls"), "SM": ("Message", "Messages")}


@attrs.frozen
class Renderer:
    """Knows whose account it is and under which origins the two products are reached."""

    account_sid: str
    proxy_url: str
    assistants_url: str

    def service(self, service: Service) -> dict[str, Any]:
        """Render a Service."""
        url = f"{self.proxy_url}/v1/Services/{service.sid}"
        return {
            "sid": service.sid,
            "unique_name": service.unique_name,
            "account_sid": self.account_sid,
            "chat_instance_sid": service.chat_instance_sid,
            "callback_url": service.callback_url,
            "default_ttl": service.default_ttl,
            "number_selection_behavior": service.number_selection_behavior,
            "geo_match_level": service.geo_match_level,
            "intercept_callback_url": service.intercept_callback_url,
            "out_of_session_callback_url": service.out_of_session_callback_url,
            "date_created": service.date_created,
            "date_updated": service.date_updated,
            "url": url,
            "links": {"sessions": f"{url}/Sessions", "phone_numbers": f"{url}/PhoneNumbers"},
        }

    def phone_number(self, number: PhoneNumber, in_use: int) -> dict[str, Any]:
        """Render a PhoneNumber; `in_use` counts the active sessions that it serves."""
        return {
            "sid": number.sid,
            "account_sid": self.account_sid,
            "service_sid": number.service.sid,
            "date_created": number.date_created,
            "date_updated": number.date_updated,
            "phone_number": number.phone_number,
            "friendly_name": number.friendly_name,
            "iso_country": number.iso_country,
            "capabilities": {"fax": False, "mms": number.sms, "sms": number.sms, "voice": number.voice},
            "url": f"{self.proxy_url}/v1/Services/{number.service.sid}/PhoneNumbers/{number.sid}",
            "is_reserved": number.is_reserved,
            "in_use": in_use,
        }

    def session(self, session: Session) -> dict[str, Any]:
        """Render a Session; its participants are never part of it, only a link to them."""
        url = self._session_url(session)
        return {
            "sid": session.sid,
            "service_sid": session.service.sid,
            "account_sid": self.account_sid,
            "date_started": session.date_started,
            "date_ended": session.date_ended,
            "date_last_interaction": session.date_last_interaction,
            "date_expiry": session.date_expiry,
            "unique_name": session.unique_name,
            "status": session.status,
            "closed_reason": session.closed_reason,
            "ttl": session.ttl,
            "mode": session.mode,
            "date_created": session.date_created,
            "date_updated": session.date_updated,
            "url": url,
            "links": {"interactions": f"{url}/Interactions", "participants": f"{url}/Participants"},
        }

    def participant(self, participant: Participant) -> dict[str, Any]:
        """Render a Participant."""
        url = f"{self._session_url(participant.session)}/Participants/{participant.sid}"
        return {
            "sid": participant.sid,
            "session_sid": participant.session.sid,
            "service_sid": participant.session.service.sid,
            "account_sid": self.account_sid,
            "friendly_name": participant.friendly_name,
            "identifier": participant.identifier,
            "proxy_identifier": participant.proxy_identifier,
            "proxy_identifier_sid": participant.proxy_identifier_sid,
            "date_deleted": participant.date_deleted,
            "date_created": participant.date_created,
            "date_updated": participant.date_updated,
            "url": url,
            "links": {"message_interactions": f"{url}/MessageInteractions"},
        }

    def interaction(self, interaction: Interaction) -> dict[str, Any]:
        """Render an Interaction as the session's own listing shows it."""
        inbound, outbound = interaction.inbound_resource_sid, interaction.outbound_resource_sid
        return {
            "sid": interaction.sid,
            "session_sid": interaction.session.sid,
            "service_sid": interaction.session.service.sid,
            "account_sid": self.account_sid,
            "data": interaction.data,
            "type": interaction.type,
            "inbound_participant_sid": interaction.inbound_participant_sid,
            "inbound_resource_sid": inbound,
            "inbound_resource_status": interaction.inbound_resource_status,
            "inbound_resource_type": _resource_type(inbound),
            "inbound_resource_url": self._resource_url(inbound),
            "outbound_participant_sid": interaction.outbound_participant_sid,
            "outbound_resource_sid": outbound,
            "outbound_resource_status": interaction.outbound_resource_status,
            "outbound_resource_type": _resource_type(outbound),
            "outbound_resource_url": self._resource_url(outbound),
            "date_created": interaction.date_created,
            "date_updated": interaction.date_updated,
            "url": f"{self._session_url(interaction.session)}/Interactions/{interaction.sid}",
        }

    def message_interaction(self, interaction: Interaction, participant: Participant) -> dict[str, Any]:
        """Render the same record as its participant's listing shows it: one field more, another URL."""
        url = f"{self._session_url(interaction.session)}/Participants/{participant.sid}"
        return {
            **self.interaction(interaction),
            "participant_sid": participant.sid,
            "url": f"{url}/MessageInteractions/{interaction.sid}",
        }

    def assistant_session(self, session: AssistantSession) -> dict[str, Any]:
        """Render an Assistants Session."""
        return {
            "id": session.id,
            "account_sid": self.account_sid,
            "assistant_id": session.assistant_id,
            "verified": session.verified,
            "identity": session.identity,
            "date_created": session.date_created,
            "date_updated": session.date_updated,
        }

    def assistant_message(self, message: AssistantMessage) -> dict[str, Any]:
        """Render an Assistants Message."""
        return {
            "id": message.id,
            "account_sid": self.account_sid,
            "assistant_id": message.session.assistant_id,
            "session_id": message.session.id,
            "identity": message.session.identity,
            "role": message.role,
            "content": message.content,
            "meta": message.meta,
            "date_created": message.date_created,
            "date_updated": message.date_updated,
        }

    def _session_url(self, session: Session) -> str:
        return f"{self.proxy_url}/v1/Services/{session.service.sid}/Sessions/{session.sid}"

    def _resource_url(self, sid: str | None) -> str | None:
        if sid is None:
            return None
        collection = _RESOURCE_TYPES[sid[:2]][1]
        return f"https://api.twilio.com/2010-04-01/Accounts/{self.account_sid}/{collection}/{sid}.json"


def _resource_type(sid: str | None) -> str | None:
    return None if sid is None else _RESOURCE_TYPES[sid[:2]][0]

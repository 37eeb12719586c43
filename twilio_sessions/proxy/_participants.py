"""Participants, the two sides of a session, and the messages sent to one of them through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions.proxy._models import MessageInteraction, Participant

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "AsyncMessageInteractionContext",
    "AsyncMessageInteractions",
    "AsyncParticipantContext",
    "AsyncParticipants",
]


class AsyncMessageInteractionContext(AsyncContext):
    """One message that was sent to a participant, by its SID."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.message_interactions"
    _sid_prefix = "KI"
    _sid_argument = "message interaction sid"

    async def fetch(self) -> MessageInteraction:
        """Fetch this message interaction.

        Raises:
            NotFoundError: There is none of this SID for this participant.

        Example:
            >>> message = await participant.message_interactions("KI...").fetch()
        """
        return await self._fetch(self._path_by_sid(), MessageInteraction)


class AsyncMessageInteractions(AsyncCollection[MessageInteraction]):
    """The messages that were sent to one participant through the API."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.message_interactions"
    # Not `message_interactions`: the contract says so.
    _key = "interactions"
    _model = MessageInteraction
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncMessageInteractionContext:
        """Return one message interaction, without asking for it.

        Args:
            sid: `KI...`.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncMessageInteractionContext(
            self._pipeline, self._path, arguments.identifier("message interaction sid", sid)
        )

    async def create(
        self, *, body: str | None = None, media_url: Sequence[str] | None = None
    ) -> MessageInteraction:
        """Send a message to this participant from the proxy number.

        Args:
            body: The text.
            media_url: Absolute URLs of media; Twilio documents them as reserved and not supported yet.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: The session is closed (Twilio error 80607), or another refusal.

        Example:
            >>> message = await participant.message_interactions.create(body="Your driver is here.")
        """
        form = {
            "Body": arguments.body("body", body),
            "MediaUrl": arguments.urls("media_url", media_url),
        }
        return await self._create(form, MessageInteraction)


class AsyncParticipantContext(AsyncContext):
    """One participant, by its SID."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.participants"
    _sid_prefix = "KP"
    _sid_argument = "participant sid"

    @property
    def message_interactions(self) -> AsyncMessageInteractions:
        """The messages that were sent to this participant through the API."""
        return AsyncMessageInteractions(self._pipeline, f"{self._path_by_sid()}/MessageInteractions")

    async def fetch(self) -> Participant:
        """Fetch this participant; a removed one is found, with its `date_deleted`.

        Raises:
            NotFoundError: There is none of this SID in this session.

        Example:
            >>> participant = await session.participants("KP...").fetch()
        """
        return await self._fetch(self._path_by_sid(), Participant)

    async def delete(self) -> None:
        """Remove this participant. It stays listed with `date_deleted` and cannot be added again (80612).

        Raises:
            NotFoundError: There is none of this SID in this session.

        Example:
            >>> await session.participants("KP...").delete()
        """
        await self._delete()


class AsyncParticipants(AsyncCollection[Participant]):
    """The participants of a session: at most two (Twilio error 80609), removed ones listed as well."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.participants"
    _key = "participants"
    _model = Participant
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncParticipantContext:
        """Return one participant, without asking for it.

        Args:
            sid: `KP...`.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncParticipantContext(
            self._pipeline, self._path, arguments.identifier("participant sid", sid)
        )

    async def create(
        self,
        *,
        identifier: str,
        friendly_name: str | None = None,
        proxy_identifier: str | None = None,
        proxy_identifier_sid: str | None = None,
    ) -> Participant:
        """Add a participant to this session.

        Args:
            identifier: Its own number (E.164) or address; at most 191 characters.
            friendly_name: A name for people; at most 255 characters.
            proxy_identifier: The number or address to use towards it, from the service's pool; at most 255
                characters.
            proxy_identifier_sid: The SID (`PN...`) of that number.

        Raises:
            ArgumentError: An argument cannot be right.
            APIError: It is in this session already (Twilio error 80103), was in it (80612), would be the
                third (80609), or has the same proxy number in another active session (80604).

        Example:
            >>> participant = await session.participants.create(identifier="+14155550100")
        """
        form = {
            "Identifier": arguments.text("identifier", identifier, longest=191),
            "FriendlyName": arguments.text("friendly_name", friendly_name, longest=255),
            "ProxyIdentifier": arguments.text("proxy_identifier", proxy_identifier, longest=255),
            "ProxyIdentifierSid": arguments.optional_sid("proxy_identifier_sid", proxy_identifier_sid, "PN"),
        }
        return await self._create(form, Participant)

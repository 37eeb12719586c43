"""Where resources are: in an account, a service, a session or with a participant; names become SIDs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import attrs
from cyclopts import Parameter

from twilio_sessions._core import arguments

if TYPE_CHECKING:
    from twilio_sessions.assistants import AsyncAssistants
    from twilio_sessions.proxy import AsyncProxy, AsyncServiceContext, AsyncSessionContext

__all__ = [
    "InAccount",
    "InAssistants",
    "InParticipant",
    "InService",
    "InSession",
    "OfTalk",
    "Place",
    "Products",
]


class Products(Protocol):
    """A client, or what stands in for one."""

    @property
    def proxy(self) -> AsyncProxy:
        """Proxy."""
        ...

    @property
    def assistants(self) -> AsyncAssistants:
        """Assistants."""
        ...


class Place(Protocol):
    """Options that say where resources are."""

    async def parent(self, products: Products) -> object:
        """Return what has the resources as an attribute."""
        ...


class Named(Protocol):
    """What was found by its name."""

    @property
    def sid(self) -> str:
        """Its SID."""
        ...


class Fetchable(Protocol):
    """A service or a session, which can be fetched by its unique name, too."""

    async def fetch(self) -> Named:
        """Fetch it."""
        ...


async def sid_of(value: str, prefix: str, context: Fetchable) -> str:
    """Return a SID as it is; a unique name is looked up."""
    if arguments.is_sid(value, prefix):
        return value
    return (await context.fetch()).sid


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class InAccount:
    """The account that the credentials are for."""

    async def parent(self, products: Products) -> object:
        """Return what has services."""
        return products.proxy.v1


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class InService:
    """A service.

    Attributes:
        service: The service: its SID (KS...) or its unique name.
    """

    service: str

    async def open_service(self, products: Products) -> AsyncServiceContext:
        """Return the service."""
        services = products.proxy.v1.services
        return services(await sid_of(self.service, "KS", services(self.service)))

    async def parent(self, products: Products) -> object:
        """Return what has sessions and phone numbers."""
        return await self.open_service(products)


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class InSession(InService):
    """A session of a service.

    Attributes:
        service: The service: its SID (KS...) or its unique name.
        session: The session: its SID (KC...) or its unique name.
    """

    session: str

    async def open_session(self, products: Products) -> AsyncSessionContext:
        """Return the session."""
        sessions = (await self.open_service(products)).sessions
        return sessions(await sid_of(self.session, "KC", sessions(self.session)))

    async def parent(self, products: Products) -> object:
        """Return what has participants and interactions."""
        return await self.open_session(products)


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class InParticipant(InSession):
    """A participant of a session.

    Attributes:
        service: The service: its SID (KS...) or its unique name.
        session: The session: its SID (KC...) or its unique name.
        participant: The participant's SID (KP...).
    """

    participant: str

    async def parent(self, products: Products) -> object:
        """Return what has message interactions."""
        return (await self.open_session(products)).participants(self.participant)


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class InAssistants:
    """The account that the credentials are for, at Assistants."""

    async def parent(self, products: Products) -> object:
        """Return what has sessions with assistants."""
        return products.assistants.v1


@Parameter(name="*")
@attrs.frozen(kw_only=True)
class OfTalk:
    """A session with an assistant.

    Attributes:
        session: The session's id.
    """

    session: str

    async def parent(self, products: Products) -> object:
        """Return what has messages."""
        return products.assistants.v1.sessions(self.session)

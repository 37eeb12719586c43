"""Interactions, the messages and calls that passed through a session."""

from __future__ import annotations

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions.proxy._models import Interaction

__all__ = ["AsyncInteractionContext", "AsyncInteractions"]


class AsyncInteractionContext(AsyncContext):
    """One interaction, by its SID."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.interactions"
    _sid_prefix = "KI"
    _sid_argument = "interaction sid"

    async def fetch(self) -> Interaction:
        """Fetch this interaction.

        Raises:
            NotFoundError: There is none of this SID in this session.

        Example:
            >>> interaction = await session.interactions("KI...").fetch()
        """
        return await self._fetch(self._path_by_sid(), Interaction)

    async def delete(self) -> None:
        """Delete the record of this interaction for good.

        Raises:
            NotFoundError: There is none of this SID in this session.

        Example:
            >>> await session.interactions("KI...").delete()
        """
        await self._delete()


class AsyncInteractions(AsyncCollection[Interaction]):
    """The interactions of a session."""

    __slots__ = ()

    _product = "proxy"
    _resource = "proxy.interactions"
    _key = "interactions"
    _model = Interaction
    _page_cap = 100

    def __call__(self, sid: str) -> AsyncInteractionContext:
        """Return one interaction, without asking for it.

        Args:
            sid: `KI...`.

        Raises:
            ArgumentError: `sid` is empty or cannot stand in a path.
        """
        return AsyncInteractionContext(
            self._pipeline, self._path, arguments.identifier("interaction sid", sid)
        )

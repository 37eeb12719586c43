"""Assistants' sessions and their messages: they can be read, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twilio_sessions._core import arguments
from twilio_sessions._core.resource import AsyncCollection, AsyncContext
from twilio_sessions.assistants._models import Message, Session

if TYPE_CHECKING:
    from twilio_sessions._core.pipeline import Pipeline

__all__ = [
    "AsyncAssistants",
    "AsyncAssistantsSessionContext",
    "AsyncAssistantsSessions",
    "AsyncAssistantsV1",
    "AsyncMessages",
]

_RETIREMENT: Final = "Twilio announced the end of AI Assistants for July 2026; it may have been switched off"


class AsyncMessages(AsyncCollection[Message]):
    """The messages of one session."""

    __slots__ = ()

    _product = "assistants"
    _resource = "assistants.messages"
    _retirement = _RETIREMENT
    _key = "messages"
    _model = Message
    _page_cap = 1000


class AsyncAssistantsSessionContext(AsyncContext):
    """One session with an assistant, by its id."""

    __slots__ = ()

    _product = "assistants"
    _resource = "assistants.sessions"
    _retirement = _RETIREMENT

    @property
    def messages(self) -> AsyncMessages:
        """The messages of this session; the contract takes the session's id or name here."""
        return AsyncMessages(self._pipeline, f"{self._path}/Messages")

    async def fetch(self) -> Session:
        """Fetch this session.

        Raises:
            NotFoundError: There is none of this id, or Twilio has switched the product off.

        Example:
            >>> session = await client.assistants.v1.sessions("your-session-id").fetch()
        """
        return await self._fetch(self._path, Session)


class AsyncAssistantsSessions(AsyncCollection[Session]):
    """The sessions of an account with its assistants. Twilio announced the product's end for July 2026."""

    __slots__ = ()

    _product = "assistants"
    _resource = "assistants.sessions"
    _retirement = _RETIREMENT
    _is_entrance = True
    _key = "sessions"
    _model = Session
    _page_cap = 1000

    def __call__(self, id: str) -> AsyncAssistantsSessionContext:  # noqa: A002 - Twilio's name for it
        """Return one session, without asking for it.

        Args:
            id: The session's id; any text is allowed.

        Raises:
            ArgumentError: `id` is empty or cannot stand in a path.
        """
        return AsyncAssistantsSessionContext(
            self._pipeline, self._path, arguments.identifier("session id", id)
        )


class AsyncAssistantsV1:
    """Version 1 of Assistants, the only one there is."""

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def sessions(self) -> AsyncAssistantsSessions:
        """The sessions of the account."""
        return AsyncAssistantsSessions(self._pipeline, "/v1/Sessions")


class AsyncAssistants:
    """Twilio AI Assistants."""

    __slots__ = ("_pipeline",)

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @property
    def v1(self) -> AsyncAssistantsV1:
        """Version 1 of the API."""
        return AsyncAssistantsV1(self._pipeline)

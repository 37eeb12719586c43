"""The async client: options, one pool of connections, and the two products behind it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Self

from twilio_sessions._config import DEFAULT_TIMEOUT, resolve_options
from twilio_sessions._core.pipeline import Pipeline
from twilio_sessions._core.transport import Transport
from twilio_sessions.assistants._resources import AsyncAssistants
from twilio_sessions.proxy._product import AsyncProxy

if TYPE_CHECKING:
    import asyncio
    from types import TracebackType

__all__ = ["AsyncClient"]


class AsyncClient:
    """Twilio's Sessions, awaited.

    Making one does no I/O and needs no event loop; the first request opens the connections. One client
    serves any number of tasks of one loop. `async with` or `close()` closes the connections.

    Args:
        account_sid: `AC...`; by default `TWILIO_ACCOUNT_SID`.
        auth_token: The account's token; by default `TWILIO_AUTH_TOKEN`.
        api_key: `SK...`, instead of the token; by default `TWILIO_API_KEY`.
        api_secret: The secret of that key; by default `TWILIO_API_SECRET`.
        edge: Such as `sydney`; by default `TWILIO_EDGE`.
        region: Such as `au1`; by default `TWILIO_REGION`; an edge alone means `us1`.
        proxy_url: Where Proxy is, never rewritten by edge or region; by default
            `TWILIO_SESSIONS_PROXY_URL`, else Twilio itself.
        assistants_url: Where Assistants is; by default `TWILIO_SESSIONS_ASSISTANTS_URL`, else Twilio itself.
        timeout: Seconds that one call may take, to the last byte of its answer.

    Raises:
        ConfigurationError: Credentials are missing, or something is malformed.

    Example:
        >>> async with AsyncClient() as client:
        ...     async for service in client.proxy.v1.services.list():
        ...         print(service.sid, service.unique_name)
    """

    def __init__(
        self,
        account_sid: str | None = None,
        auth_token: str | None = None,
        *,
        api_key: str | None = None,
        api_secret: str | None = None,
        edge: str | None = None,
        region: str | None = None,
        proxy_url: str | None = None,
        assistants_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        self._options = resolve_options(
            environ=os.environ,
            account_sid=account_sid,
            auth_token=auth_token,
            api_key=api_key,
            api_secret=api_secret,
            edge=edge,
            region=region,
            proxy_url=proxy_url,
            assistants_url=assistants_url,
            timeout=timeout,
        )
        self._pipeline = Pipeline(self._options, Transport(self._options))

    @property
    def account_sid(self) -> str | None:
        """The account, where it is known: with an API key it is only what was configured."""
        return self._options.account_sid

    @property
    def proxy(self) -> AsyncProxy:
        """Twilio Proxy: services, sessions, participants, interactions, phone numbers."""
        return AsyncProxy(self._pipeline)

    @property
    def assistants(self) -> AsyncAssistants:
        """Twilio AI Assistants: sessions and messages, to be read."""
        return AsyncAssistants(self._pipeline)

    async def close(self) -> None:
        """Close the connections; calls after this raise ConfigurationError."""
        await self._pipeline.close()

    def _leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget, in the child of a fork, what the parent opened in `loop`; for the sync facade."""
        return self._pipeline.leave(loop)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        options = self._options
        return f"<AsyncClient {options.username} at {options.proxy_url} and {options.assistants_url}>"

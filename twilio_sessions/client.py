"""The async client: options, one pool of connections, and the two products behind it."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar

import attrs

from twilio_sessions._config import (
    DEFAULT_ATTEMPT_TIMEOUT,
    DEFAULT_CONNECT_TIMEOUT,
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_MAX_RESPONSE_BYTES,
    DEFAULT_READ_TIMEOUT,
    DEFAULT_TIMEOUT,
    resolve_options,
)
from twilio_sessions._core.attempt import Shared
from twilio_sessions._core.capture import answer_of, capture_responses
from twilio_sessions._core.gate import Gate
from twilio_sessions._core.pipeline import Pipeline
from twilio_sessions._core.pool import ConnectionOptions
from twilio_sessions._core.transport import Transport
from twilio_sessions.proxy._product import AsyncProxy

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from ssl import SSLContext
    from types import TracebackType

    from aiohttp import BaseConnector

    from twilio_sessions._config import ClientOptions
    from twilio_sessions._core.capture import Answer
    from twilio_sessions._core.events import Counters, Event
    from twilio_sessions.assistants._resources import AsyncAssistants

__all__ = ["AsyncClient"]

P = ParamSpec("P")
T = TypeVar("T")


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
        timeout: Seconds that one call may take, waits and repetitions included.
        attempt_timeout: Seconds that one attempt may take, to the last byte of its answer.
        connect_timeout: Seconds that a connection may take to be made.
        read_timeout: Seconds without a byte after which an attempt is given up, if so many are left.
        max_attempts: Attempts per call, the first one included; 1 never repeats anything.
        max_connections: Connections, and so requests, at a time.
        max_response_bytes: Bytes that an answer may have, unpacked; of a larger one no more is read.
        rate_limit: Whether to keep to Twilio's published limits (Proxy: 30 requests/s per endpoint and
            service over 5 s, Proxy limits page) by itself.
        connector: An aiohttp connector of your own; it is used and never closed.
        tls: A TLS context of your own; by default what the system trusts.
        http_proxy: The URL of an HTTP proxy.
        trust_env: Whether `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` are obeyed, as they are
            now; nothing on this machine itself is asked through a proxy.
        on_event: Called with each event (`twilio_sessions.events`), in the event loop; it must be quick.

    Raises:
        ConfigurationError: Credentials are missing, or something is malformed.

    Example:
        >>> async with AsyncClient() as client:
        ...     async for service in client.proxy.v1.services.list():
        ...         print(service.sid, service.unique_name)
    """

    def __init__(  # noqa: PLR0913 - each is an option of its own
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
        attempt_timeout: float = DEFAULT_ATTEMPT_TIMEOUT,
        connect_timeout: float = DEFAULT_CONNECT_TIMEOUT,
        read_timeout: float = DEFAULT_READ_TIMEOUT,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
        max_connections: int = DEFAULT_MAX_CONNECTIONS,
        max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES,
        rate_limit: bool = True,
        connector: BaseConnector | None = None,
        tls: SSLContext | None = None,
        http_proxy: str | None = None,
        trust_env: bool = False,
        on_event: Callable[[Event], None] | None = None,
    ) -> None:
        options = resolve_options(
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
            attempt_timeout=attempt_timeout,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            max_attempts=max_attempts,
            max_connections=max_connections,
            max_response_bytes=max_response_bytes,
            rate_limit=rate_limit,
        )
        connection = ConnectionOptions(
            connector=connector, tls=tls, http_proxy=http_proxy, trust_env=trust_env
        )
        gate = Gate(concurrency=max_connections) if rate_limit else None
        shared = Shared(Transport(options, connection), gate)
        self._set(options, shared, (on_event,) if on_event is not None else ())
        self._owns_pool = True

    def _set(
        self, options: ClientOptions, shared: Shared, hooks: tuple[Callable[[Event], None], ...]
    ) -> None:
        self._options = options
        self._hooks = hooks
        self._pipeline = Pipeline(options, shared, hooks)

    def with_options(
        self,
        *,
        timeout: float | None = None,
        attempt_timeout: float | None = None,
        max_attempts: int | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Self:
        """Return a client with other options that shares everything else: connections, limits, counters.

        It costs next to nothing and may be made for a single call. Closing it closes nothing.

        Args:
            timeout: Seconds that one call may take, waits and repetitions included.
            attempt_timeout: Seconds that one attempt may take.
            max_attempts: Attempts per call, the first one included.
            on_event: Called with each event of this client, after the hooks of the one it came from.

        Raises:
            ConfigurationError: A value cannot be right.

        Example:
            >>> await client.with_options(timeout=5, max_attempts=1).proxy.v1.services("KS...").fetch()
        """
        now = self._options
        options = attrs.evolve(
            now,
            timeout=now.timeout if timeout is None else timeout,
            attempt_timeout=now.attempt_timeout if attempt_timeout is None else attempt_timeout,
            max_attempts=now.max_attempts if max_attempts is None else max_attempts,
        )
        other = object.__new__(type(self))
        hooks = self._hooks if on_event is None else (*self._hooks, on_event)
        other._set(options, self._pipeline.shared, hooks)
        other._owns_pool = False
        return other

    async def with_response(
        self, call: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> Answer[T]:
        """Make a call and return its result together with the answer that it came in.

        Of several answers (one was an error, or told what had become of a lost one) it is the last;
        `capture_responses` gives all of them.

        Args:
            call: A method that makes a request, such as `service.sessions("KC...").fetch`.
            args: What to call it with.
            kwargs: The same, by name.

        Raises:
            ArgumentError: `call` makes no request.
            TwilioSessionsError: Whatever the call itself raises.

        Example:
            >>> answer = await client.with_response(service.sessions.create, unique_name="Order #1234")
            >>> print(answer.value.sid, answer.status, answer.request_id, answer.headers["date"])
        """
        with capture_responses() as responses:
            # Without a type checker listings are handed over, too.
            given: Any = call(*args, **kwargs)
            value: T = await given if inspect.isawaitable(given) else given
        return answer_of(value, responses)

    @property
    def counters(self) -> Counters:
        """What this client, and those that share its connections, have done so far."""
        return self._pipeline.shared.counters

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
        # Few need it any more, and everybody would wait for it when the client is imported.
        from twilio_sessions.assistants._resources import AsyncAssistants  # noqa: PLC0415

        return AsyncAssistants(self._pipeline)

    async def close(self) -> None:
        """Close the connections, unless another client lent them; calls after this are refused."""
        if self._owns_pool:
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

"""Owns aiohttp's session: opened by the first request, bound to its loop and process, closed once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import aiohttp
import attrs

from twilio_sessions._core.alarm import Alarms
from twilio_sessions._core.proxies import HttpProxies, http_url
from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from aiohttp.connector import Connection

__all__ = ["ConnectionOptions", "ConnectionPool", "Departure", "watch_departure"]

_log: Final = logging.getLogger("twilio_sessions")


@attrs.frozen(kw_only=True)
class ConnectionOptions:
    """How connections are made.

    Attributes:
        connector: A connector of the caller's own; it is used and never closed.
        tls: The TLS context; by default aiohttp's, which trusts what the system trusts.
        http_proxy: The URL of an HTTP proxy for every request.
        trust_env: Whether the proxies of the environment are used, as they were when the client was made.
    """

    connector: aiohttp.BaseConnector | None = attrs.field(default=None, repr=False)
    tls: ssl.SSLContext | None = attrs.field(default=None, repr=False)
    http_proxy: str | None = attrs.field(default=None, repr=False)
    trust_env: bool = False

    def __attrs_post_init__(self) -> None:
        if self.connector is not None and self.tls is not None:
            raise ConfigurationError("give either connector or tls: a connector has a TLS context of its own")
        if self.http_proxy is not None and http_url(self.http_proxy) != self.http_proxy:
            # Not repeated: it may hold a password.
            raise ConfigurationError("http_proxy must be an http or https URL, such as http://proxy:3128")


class ConnectionPool:
    """The connections of one client, and of those that share its pool.

    Attributes:
        alarms: Watch the time of what uses the session that `session()` returned last.
    """

    alarms: Alarms

    def __init__(
        self, options: ConnectionOptions, *, max_connections: int, headers: Mapping[str, str]
    ) -> None:
        self._options = options
        self._max_connections = max_connections
        self._headers = headers
        # Read once: aiohttp would read the environment (and netrc) again for each request, at three
        # times the price of the request itself.
        self._proxies = HttpProxies.of_environment() if options.trust_env else HttpProxies()
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._told = False
        self._closed = False

    def session(self) -> aiohttp.ClientSession:
        """Return the session of the running loop, opening one where there is none.

        Raises:
            ConfigurationError: The client is closed, or was used before a fork.
        """
        loop = asyncio.get_running_loop()
        if self._session is not None and self._loop is loop and self._process == os.getpid():
            return self._session
        return self._reopen(loop)

    def _reopen(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        if self._session is not None and self._process != os.getpid():
            raise ConfigurationError(
                "this client was used before os.fork() and its connections belong to the parent process; "
                "make a new client in the child"
            )
        if self._session is not None and self._loop is not None and self._loop.is_running():
            raise ConfigurationError(
                "this client is in use in another event loop; make one client per loop, "
                "or use the sync Client"
            )
        self._abandon()
        self._session, self._loop, self._process = self._open(), loop, os.getpid()
        self.alarms = Alarms(loop)
        return self._session

    def _abandon(self) -> None:
        """Leave the connections of another loop, which can be neither used nor awaited here."""
        if self._session is None or self._loop is None:
            return
        if not self._told:
            self._told = True
            _log.warning("the client is used from another event loop than before; it opens new connections")
        connector = self._session.connector
        self._session.detach()
        if connector is None or connector is self._options.connector:
            return
        if self._loop.is_closed():
            _close_without_loop(connector)
        else:
            self._loop.call_soon_threadsafe(_close_in, self._loop, connector)

    def _open(self) -> aiohttp.ClientSession:
        own = self._options.connector
        connector = own or aiohttp.TCPConnector(
            limit=self._max_connections, ssl=self._options.tls if self._options.tls is not None else True
        )
        session = aiohttp.ClientSession(
            connector=connector,
            connector_owner=own is None,
            request_class=_ObservedRequest,
            headers=self._headers,
            # Twilio sets none that matter, and a shared jar is state that nobody asked for.
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # aiohttp would send an idempotent request a second time after a disconnect, unseen by anybody;
        # it has no public switch for that (aiohttp issue 10790).
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return session

    def proxy_for(self, url: str) -> str | None:
        """Return the HTTP proxy through which a URL is reached, if any; see `HttpProxies.proxy_for`."""
        return self._options.http_proxy or self._proxies.proxy_for(url)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget the connections opened in `loop` without touching them: a fork's child shares the sockets.

        Returns:
            What the caller must keep from being finalised, for a finaliser would close it.
        """
        if self._loop is not loop:
            return None
        session, self._session, self._loop = self._session, None, None
        return session

    async def close(self) -> None:
        """Close every connection that was opened here; a closed pool stays closed."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None and self._process == os.getpid():
            await session.close()


class Departure:
    """Whether a request has left, or may have.

    Attributes:
        happened: False as long as it waits for a connection, be it for one of the pool or for a new one.
    """

    __slots__ = ("happened",)

    def __init__(self) -> None:
        self.happened = False


_departure: Final[ContextVar[Departure | None]] = ContextVar("twilio_sessions_departure", default=None)


def watch_departure() -> Departure:
    """Return what says whether the request that this task makes next has left.

    A `TraceConfig` of aiohttp knows it, too, but makes a fetch 7 % slower; this costs less than 1 %.
    """
    departure = Departure()
    _departure.set(departure)
    return departure


class _ObservedRequest(aiohttp.ClientRequest):
    """Notes that it has its connection, and writes to it now; a proxy's CONNECT is no such request."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        departure = _departure.get()
        if departure is not None:
            departure.happened = True
        return await super().send(conn)


def _close_without_loop(connector: aiohttp.BaseConnector) -> None:
    """Mark a connector closed whose loop is closed: nothing can be awaited, and nothing has to be.

    Its sockets are freed by the collector, which warns: the client should have been closed in its loop.
    """
    closing = connector.close().__await__()
    with contextlib.suppress(StopIteration):
        next(closing)


# A loop keeps only weak references to its tasks.
_closing: Final[set[asyncio.Task[None]]] = set()


def _close_in(loop: asyncio.AbstractEventLoop, connector: aiohttp.BaseConnector) -> None:
    """Close a connector from a callback of its own loop."""

    async def close() -> None:
        await connector.close()

    task = loop.create_task(close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)

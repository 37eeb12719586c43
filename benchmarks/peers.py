"""The contestants: this package and its peers, each at its best settings, behind the same few methods.

No client keeps to a rate limit. Each prepares what can be prepared: one pool, one Authorization header, forms
as bytes where it takes bytes; none reads the environment. All touch every row of a listing.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import urlencode

import aiohttp
import httpx
import orjson
import requests
import urllib3
import yarl
from fastserver import ACCOUNT, TOKEN, service_sid
from rendered import PAGE
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as OfficialClient

from twilio_sessions import AsyncClient, Client

if TYPE_CHECKING:
    from collections.abc import Awaitable

__all__ = [
    "AsyncPeer",
    "Bare",
    "BareTimed",
    "ByHttpx",
    "ByHttpxSync",
    "ByRequests",
    "ByUrllib3",
    "Official",
    "OfficialSync",
    "Ours",
    "OursSync",
    "SyncLister",
    "SyncPeer",
    "Writer",
    "first_page",
    "sessions_url",
]

_BASIC: Final = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
HEADERS: Final = {"Authorization": f"Basic {_BASIC}", "Accept": "application/json"}
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_MODE: Final = "voice-and-message"
_TTL: Final = 3600


class AsyncPeer(Protocol):
    """A client that is awaited; made inside the event loop."""

    name: str

    async def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""

    def fetch(self, sid: str) -> Awaitable[object]:
        """Fetch a session, parsed."""

    async def close(self) -> None:
        """Close the connections."""


class SyncPeer(Protocol):
    """A client that blocks."""

    name: str

    def fetch(self, sid: str) -> object:
        """Fetch a session, parsed."""

    def close(self) -> None:
        """Close the connections."""


class SyncLister(SyncPeer, Protocol):
    """A client that blocks, and lists."""

    def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""


class Writer(Protocol):
    """A client that is awaited, and makes a session, changes it, and deletes it."""

    name: str

    async def cycle(self, name: str) -> None:
        """Create a session, update it, and delete it."""

    async def close(self) -> None:
        """Close the connections."""


def sessions_url(base: str, service: str) -> str:
    """Return the address of the sessions of a service."""
    return f"{base}/v1/Services/{service}/Sessions"


def first_page(base: str, service: str) -> str:
    """Return the address of the first page of a listing."""
    return f"{sessions_url(base, service)}?PageSize={PAGE}"


class Ours:
    """This package, awaited."""

    name = "twilio-sessions"

    def __init__(self, base: str) -> None:
        self.client = AsyncClient(ACCOUNT, TOKEN, proxy_url=base, assistants_url=base, rate_limit=False)
        self.sessions = self.client.proxy.v1.services(service_sid(0)).sessions

    async def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        async for _ in self.client.proxy.v1.services(service).sessions.list():
            rows += 1
        return rows

    def fetch(self, sid: str) -> Awaitable[object]:
        """Fetch a session."""
        return self.sessions(sid).fetch()

    async def cycle(self, name: str) -> None:
        """Create a session, update it, and delete it."""
        session = await self.sessions.create(unique_name=name, ttl=_TTL, mode=_MODE)
        context = self.sessions(session.sid)
        await context.update(status="closed")
        await context.delete()

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


class OursSync:
    """This package, without await."""

    name = "twilio-sessions, sync"

    def __init__(self, base: str) -> None:
        self.client = Client(ACCOUNT, TOKEN, proxy_url=base, assistants_url=base, rate_limit=False)
        self.sessions = self.client.proxy.v1.services(service_sid(0)).sessions

    def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        for _ in self.client.proxy.v1.services(service).sessions.list():
            rows += 1
        return rows

    def fetch(self, sid: str) -> object:
        """Fetch a session."""
        return self.sessions(sid).fetch()

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class Bare:
    """The floor: aiohttp without limits, timeouts and cookies, and orjson to dicts."""

    name = "aiohttp + orjson"
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=None)

    def __init__(self, base: str) -> None:
        self._base = base
        self._sessions = sessions_url(base, service_sid(0))
        self._http = aiohttp.ClientSession(
            headers=HEADERS,
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self.timeout,
            trust_env=False,
        )

    async def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        url: str | None = first_page(self._base, service)
        while url:
            async with self._http.get(yarl.URL(url, encoded=True)) as response:
                page = orjson.loads(await response.read())
            for _ in page["sessions"]:
                rows += 1
            url = page["meta"]["next_page_url"]
        return rows

    async def fetch(self, sid: str) -> object:
        """Fetch a session."""
        async with self._http.get(yarl.URL(f"{self._sessions}/{sid}", encoded=True)) as response:
            return orjson.loads(await response.read())

    async def cycle(self, name: str) -> None:
        """Create a session, update it, and delete it."""
        session: Any = await self._post(self._sessions, {"UniqueName": name, "Ttl": _TTL, "Mode": _MODE})
        url = f"{self._sessions}/{session['sid']}"
        await self._post(url, {"Status": "closed"})
        async with self._http.delete(yarl.URL(url, encoded=True)) as response:
            await response.read()

    async def _post(self, url: str, form: dict[str, object]) -> object:
        body = urlencode(form).encode()
        async with self._http.post(yarl.URL(url, encoded=True), data=body, headers=_FORM) as response:
            return orjson.loads(await response.read())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


class BareTimed(Bare):
    """The floor with the three time limits that this package keeps to."""

    name = "aiohttp + orjson, timeouts"
    timeout = aiohttp.ClientTimeout(total=20, sock_connect=5, sock_read=15)


class Official:
    """The official package, awaited, with one pool of connections."""

    name = "twilio async"

    def __init__(self, base: str) -> None:
        self._http = AsyncTwilioHttpClient(pool_connections=True)
        client = OfficialClient(ACCOUNT, TOKEN, http_client=self._http)
        client.proxy.base_url = base
        self._services = client.proxy.v1.services
        self.sessions = self._services(service_sid(0)).sessions

    async def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        async for _ in await self._services(service).sessions.stream_async(page_size=PAGE):
            rows += 1
        return rows

    def fetch(self, sid: str) -> Awaitable[object]:
        """Fetch a session."""
        fetched: Awaitable[object] = self.sessions(sid).fetch_async()
        return fetched

    async def cycle(self, name: str) -> None:
        """Create a session, update it, and delete it."""
        session = await self.sessions.create_async(unique_name=name, ttl=_TTL, mode=_MODE)
        context = self.sessions(session.sid)
        await context.update_async(status="closed")
        await context.delete_async()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


class OfficialSync:
    """The official package, blocking, with one pool of connections."""

    name = "twilio sync"

    def __init__(self, base: str) -> None:
        self._http = TwilioHttpClient(pool_connections=True)
        client = OfficialClient(ACCOUNT, TOKEN, http_client=self._http)
        client.proxy.base_url = base
        self._services = client.proxy.v1.services
        self.sessions = self._services(service_sid(0)).sessions

    def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        return sum(1 for _ in self._services(service).sessions.stream(page_size=PAGE))

    def fetch(self, sid: str) -> object:
        """Fetch a session."""
        return self.sessions(sid).fetch()

    def close(self) -> None:
        """Close the connections."""
        self._http.session.close()


class ByHttpx:
    """httpx, awaited, and orjson to dicts."""

    name = "httpx async + orjson"

    def __init__(self, base: str) -> None:
        self._base = base
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        self._http = httpx.AsyncClient(headers=HEADERS, trust_env=False, limits=limits, timeout=None)

    async def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        url: str | None = first_page(self._base, service)
        while url:
            page = orjson.loads((await self._http.get(url)).content)
            rows += len(page["sessions"])
            url = page["meta"]["next_page_url"]
        return rows

    async def fetch(self, sid: str) -> object:
        """Fetch a session."""
        response = await self._http.get(f"{sessions_url(self._base, service_sid(0))}/{sid}")
        return orjson.loads(response.content)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class ByHttpxSync:
    """httpx, blocking, and orjson to dicts."""

    name = "httpx + orjson"

    def __init__(self, base: str) -> None:
        self._sessions = sessions_url(base, service_sid(0))
        self._http = httpx.Client(headers=HEADERS, trust_env=False, timeout=None)

    def fetch(self, sid: str) -> object:
        """Fetch a session."""
        return orjson.loads(self._http.get(f"{self._sessions}/{sid}").content)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class ByRequests:
    """requests, and orjson to dicts."""

    name = "requests + orjson"

    def __init__(self, base: str) -> None:
        self._base = base
        self._http = requests.Session()
        self._http.headers.update(HEADERS)
        self._http.trust_env = False

    def list(self, service: str) -> int:
        """List all sessions of a service, and return how many there are."""
        rows = 0
        url: str | None = first_page(self._base, service)
        while url:
            page = orjson.loads(self._http.get(url).content)
            rows += len(page["sessions"])
            url = page["meta"]["next_page_url"]
        return rows

    def fetch(self, sid: str) -> object:
        """Fetch a session."""
        return orjson.loads(self._http.get(f"{sessions_url(self._base, service_sid(0))}/{sid}").content)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


class ByUrllib3:
    """urllib3, and orjson to dicts."""

    name = "urllib3 + orjson"

    def __init__(self, base: str) -> None:
        self._sessions = sessions_url(base, service_sid(0))
        self._http = urllib3.PoolManager(headers=HEADERS)

    def fetch(self, sid: str) -> object:
        """Fetch a session."""
        return orjson.loads(self._http.request("GET", f"{self._sessions}/{sid}").data)

    def close(self) -> None:
        """Close the connections."""
        self._http.clear()

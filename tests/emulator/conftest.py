"""A Twilio without a socket, whose clock stands still until a test moves it; and a line to one with."""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64encode
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from twilio_sessions.emulator import DEFAULT_AUTH_TOKEN, Clock, Emulator, EmulatorOptions, Seed
from twilio_sessions.emulator._api import Api
from twilio_sessions.emulator._exchange import Context, Reply
from twilio_sessions.emulator._paging import Tokens
from twilio_sessions.emulator._render import Renderer
from twilio_sessions.emulator._seed import plant
from twilio_sessions.emulator._store import Store

if TYPE_CHECKING:
    from twilio_sessions.emulator import ReceivedRequest

ACCOUNT = "AC" + "1" * 32
NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Desk:
    """Calls the API as the HTTP front does, and takes replies apart."""

    def __init__(self, seed: Seed | None = None, **options: Any) -> None:
        self.options = EmulatorOptions(**options)
        self.store = Store()
        self.clock = Clock()
        self.clock.set(NOW)
        if seed is not None:
            plant(self.store, self.options, seed, NOW)
        renderer = Renderer(ACCOUNT, "http://proxy.test", "http://assistants.test")
        tokens = Tokens(b"secret", self.options.page_token_style)
        self.ticks = 0.0
        self.api = Api(Context(self.store, self.options, renderer, tokens), self.clock, lambda: self.ticks)

    def send(self, method: str, path: str, form: Any = (), query: str = "") -> Reply:
        pairs = list(form.items()) if isinstance(form, dict) else list(form)
        content_type = "application/x-www-form-urlencoded" if pairs else ""
        return self.api.handle(method, f"/v1{path}", query, urlencode(pairs).encode(), content_type)

    def ok(self, method: str, path: str, form: Any = (), query: str = "") -> dict[str, Any]:
        reply = self.send(method, path, form, query)
        assert reply.status < 300, reply.body
        return reply.body or {}

    def get(self, path: str, query: str = "") -> dict[str, Any]:
        return self.ok("GET", path, query=query)

    def post(self, path: str, form: Any = ()) -> dict[str, Any]:
        return self.ok("POST", path, form)

    def refused(self, method: str, path: str, form: Any = (), query: str = "") -> int:
        """Return the code of a refusal; any refusal must have the shape of one."""
        reply = self.send(method, path, form, query)
        assert reply.status >= 400, reply.body
        assert reply.body is not None
        assert set(reply.body) == {"code", "message", "more_info", "status"}
        assert reply.body["status"] == reply.status
        assert reply.body["more_info"] == f"https://www.twilio.com/docs/errors/{reply.body['code']}"
        return int(reply.body["code"])

    def service(self, name: str = "service", numbers: int = 2, **form: Any) -> str:
        """Create a service with some US numbers; return its path."""
        path = f"/Services/{self.post('/Services', {'UniqueName': name, **form})['sid']}"
        for _ in range(numbers):
            self.post(f"{path}/PhoneNumbers", {"PhoneNumber": f"+1415555{len(self.store.numbers):04d}"})
        return path

    def session(self, service: str, **form: Any) -> str:
        """Create a session; return its path."""
        return f"{service}/Sessions/{self.post(f'{service}/Sessions', form)['sid']}"

    def participant(self, session: str, identifier: str, **form: Any) -> str:
        """Add a participant; return its path."""
        body = self.post(f"{session}/Participants", {"Identifier": identifier, **form})
        return f"{session}/Participants/{body['sid']}"

    def advance(self, **delta: float) -> None:
        self.clock.advance(timedelta(**delta))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def make_desk() -> type[Desk]:
    return Desk


class Line:
    """Speaks HTTP by hand with a running emulator, so that every byte and every break is seen."""

    def __init__(self, emulator: Emulator, token: str = DEFAULT_AUTH_TOKEN) -> None:
        self.emulator = emulator
        url = urlsplit(emulator.base_url)
        self.address = url.hostname, url.port
        credentials = b64encode(f"{emulator.account_sid}:{token}".encode()).decode()
        self.head = f"Host: {url.netloc}\r\nAuthorization: Basic {credentials}\r\n"

    @property
    def service(self) -> str:
        """The path of the first service."""
        return f"/v1/Services/{next(iter(self.emulator.store.services)).sid}"

    @property
    def received(self) -> ReceivedRequest:
        """The last line of the ledger."""
        return self.emulator.requests[-1]

    @property
    def processed(self) -> list[str]:
        return [line.operation for line in self.emulator.processed]

    async def dial(self, method: str, target: str, body: bytes = b"", head: str = "") -> Any:
        """Send a request; return the two ends of the connection."""
        reader, writer = await asyncio.open_connection(*self.address)
        if body:
            head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{method} {target} HTTP/1.1\r\n{self.head}{head}\r\n".encode() + body)
        return reader, writer

    async def ask(self, method: str, target: str, body: bytes = b"") -> bytes:
        """Send a request; return all bytes until the connection ends, which the emulator must do."""
        reader, writer = await self.dial(method, target, body, "Connection: close\r\n")
        try:
            return bytes(await asyncio.wait_for(reader.read(), 5))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def call(self, method: str, target: str, body: bytes = b"") -> Any:
        """Send a request; return status, headers and the decoded JSON of a proper answer."""
        status, headers, content = self.split(await self.ask(method, target, body))
        return status, headers, json.loads(content) if content else None

    @staticmethod
    def split(answer: bytes) -> tuple[int, dict[str, str], bytes]:
        """Take an answer apart: its status, its headers, and its body as it came."""
        head, _, body = answer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body

    async def settled(self) -> ReceivedRequest:
        """Wait until the last request is over."""
        async with asyncio.timeout(2):
            while self.received.answer == "pending":  # noqa: ASYNC110 - the ledger tells nobody
                await asyncio.sleep(0.001)
        return self.received


@pytest.fixture
async def dial():
    """Start emulators, each with one service of some sessions, and return a line to each."""
    async with AsyncExitStack() as stack:

        async def start(*, sessions: int = 0, **options: Any) -> Line:
            seed = Seed(services=1, sessions=sessions)
            emulator = Emulator(seed=seed, options=EmulatorOptions(**options))
            return Line(await stack.enter_async_context(emulator))

        yield start


@pytest.fixture
async def line(dial):
    return await dial(sessions=7)

"""A Twilio without a socket, whose clock stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from twilio_sessions.emulator import Clock, EmulatorOptions, Seed
from twilio_sessions.emulator._api import Api
from twilio_sessions.emulator._exchange import Context, Reply
from twilio_sessions.emulator._paging import Tokens
from twilio_sessions.emulator._render import Renderer
from twilio_sessions.emulator._seed import plant
from twilio_sessions.emulator._store import Store

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

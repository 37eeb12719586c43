"""What an archive holds beside what Twilio had: the rows of both, as bytes."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

from canary import SECRET

from twilio_sessions import AsyncClient
from twilio_sessions.emulator import DEFAULT_ACCOUNT_SID, Emulator, EmulatorOptions
from twilio_sessions.emulator._render import Renderer
from twilio_sessions.emulator._wire import encode
from twilio_sessions.export import open_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Seed

__all__ = ["check_modes", "client_of", "emulator_of", "rows_held", "rows_in"]


def emulator_of(seed: Seed | None = None, **options: Any) -> Emulator:
    """Return an emulator that takes the credentials of the clients under test."""
    return Emulator(seed=seed, auth_token=SECRET, options=EmulatorOptions(**options))


def client_of(url: str, **options: Any) -> AsyncClient:
    """Return a client of such an emulator, or of any other server; what goes wrong is not tried again."""
    options = {"rate_limit": False, "max_attempts": 1, **options}
    return AsyncClient(DEFAULT_ACCOUNT_SID, SECRET, proxy_url=url, assistants_url=url, **options)


def rows_held(emulator: Emulator, url: str | None = None) -> dict[str, list[bytes]]:
    """Return every row of the account as the emulator sends it, sorted, under the names of a report."""
    url = url or emulator.base_url
    render = Renderer(account_sid=emulator.account_sid, proxy_url=url, assistants_url=url)
    return {name: sorted(map(encode, rows)) for name, rows in _records(emulator, render)}


def _records(emulator: Emulator, render: Renderer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    store = emulator.store
    yield "services", [render.service(each) for each in store.services]
    yield "phone-numbers", [render.phone_number(each, store.in_use(each)) for each in store.numbers.values()]
    yield "sessions", [render.session(each) for each in store.sessions.values()]
    yield "participants", [render.participant(each) for each in store.participants.values()]
    yield "interactions", [render.interaction(each) for each in store.interactions.values()]
    messages = [each for each in store.interactions.values() if each.participant is not None]
    yield (
        "message-interactions",
        [render.message_interaction(each, each.participant) for each in messages if each.participant],
    )
    yield "assistants-sessions", [render.assistant_session(each) for each in store.assistants]
    yield (
        "assistants-messages",
        [render.assistant_message(message) for each in store.assistants for message in each.messages],
    )


def rows_in(out: Path) -> dict[str, list[bytes]]:
    """Return every row of an archive, sorted, doubled ones twice, under the names of a report."""
    archive = open_archive(out)
    return {name: sorted(row for _, row in archive.rows(*_product(name))) for name in archive.manifest.rows}


def _product(name: str) -> tuple[Any, str]:
    product, _, resource = name.partition("-")
    return ("assistants", resource) if product == "assistants" else ("proxy", name)


def check_modes(out: Path) -> None:
    """Assert that everything is for its owner only."""
    for path in [out, *out.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path

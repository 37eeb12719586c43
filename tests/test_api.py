"""The public API is what tests/public_api.txt says: nobody changes it without seeing so."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from public_api import described, public_modules

import twilio_sessions

if TYPE_CHECKING:
    from twilio_sessions.proxy import Session

WRITTEN = Path(__file__).parent / "public_api.txt"
UPDATE = "python tests/support/public_api.py > tests/public_api.txt"


def test_the_public_api_is_as_written():
    written = WRITTEN.read_text(encoding="utf-8").splitlines()
    diff = list(
        difflib.unified_diff(written, described().splitlines(), "as written", "as it is", n=3, lineterm="")
    )
    if diff:
        pytest.fail(
            "the public API has changed; if that is meant, write it down and say so in CHANGELOG.md:\n"
            f"    {UPDATE}\n\n" + "\n".join(diff),
            pytrace=False,
        )


def test_it_holds_what_users_import():
    assert {"twilio_sessions", "twilio_sessions.export", "twilio_sessions.testing"} < set(public_modules())
    assert not [name for name in public_modules() if "._" in name]
    lines = set(described().splitlines())
    assert lines > {"class AsyncClient", "class Session", "NotFoundError is twilio_sessions.NotFoundError"}


def test_a_change_is_seen(monkeypatch: pytest.MonkeyPatch):
    before = described()

    async def fetch(self: object, sid: str, *, fresh: bool = True) -> Session:
        raise NotImplementedError

    monkeypatch.setattr("twilio_sessions.proxy.AsyncSessionContext.fetch", fetch)
    monkeypatch.setattr(twilio_sessions, "__all__", [*twilio_sessions.__all__, "errors"])
    monkeypatch.setattr("twilio_sessions.emulator.DEFAULT_AUTH_TOKEN", "another")
    after = set(described().splitlines()) - set(before.splitlines())
    assert after == {
        "    async def fetch(self: object, sid: str, *, fresh: bool = True) -> Session",
        "errors: module",
        "DEFAULT_AUTH_TOKEN = 'another'",
    }

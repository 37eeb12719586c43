"""docs/errors.md is complete: every exception that users may meet, every code that the code knows."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest
from pages import DOCS
from public_api import public_modules

import twilio_sessions
from twilio_sessions._core.retry import RetryPolicy
from twilio_sessions.cli._remedies import REMEDIES
from twilio_sessions.emulator._errors import MESSAGES

PAGE = (DOCS / "errors.md").read_text(encoding="utf-8")
PACKAGE = Path(twilio_sessions.__file__).parent
CODE = re.compile(r"\b(20[0-9]{3}|21481|70002|80[0-9]{3})\b")
# A number of bytes that looks like one.
NO_CODES = {20000}


def rows(part: str) -> list[str]:
    """Return the first cells of the table of a chapter."""
    chapter = PAGE.split(f"## {part}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `?(\w+)`? \|", chapter, re.MULTILINE)[1:]


def test_every_exception_is_on_the_page():
    modules = [importlib.import_module(name) for name in public_modules()]
    public = {
        value
        for module in modules
        for value in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    warnings = {one.__name__ for one in public if issubclass(one, Warning)}
    listed = rows("Classes")
    assert set(listed) == {one.__name__ for one in public} - warnings
    assert len(listed) == len(set(listed))
    assert all(f"`{name}` is a warning" in PAGE for name in warnings)


def test_every_code_is_on_the_page():
    sources = [path for path in PACKAGE.rglob("*.py") if "_tools" not in path.parts]
    known = {int(code) for path in sources for code in CODE.findall(path.read_text(encoding="utf-8"))}
    listed = [int(code) for code in rows("Twilio's codes")]
    assert listed == sorted(set(listed)), "each once, in order"
    assert set(listed) == known - NO_CODES
    assert set(listed) >= {*MESSAGES, *REMEDIES}


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("at most 5 attempts", RetryPolicy().max_attempts == 5),
        ("from 0.05 s after a\nfault", RetryPolicy().transient_scale == 0.05),
        ("from 1 s after a 429", RetryPolicy().throttle_scale == 1),
        ("to 20 s at most", RetryPolicy().max_delay == 20),
        ("more than 120 s", RetryPolicy().max_retry_after == 120),
    ],
)
def test_the_numbers_are_those_of_the_policy(said: str, value: bool):
    assert said in PAGE
    assert value

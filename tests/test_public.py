"""What users may import: all of it is there, nothing is loaded too early, and the version is one."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import twilio_sessions

PACKAGES = [
    "twilio_sessions",
    "twilio_sessions.assistants",
    "twilio_sessions.bulk",
    "twilio_sessions.emulator",
    "twilio_sessions.errors",
    "twilio_sessions.events",
    "twilio_sessions.export",
    "twilio_sessions.otel",
    "twilio_sessions.proxy",
    "twilio_sessions.sync",
    "twilio_sessions.testing",
]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_public_name_is_there_and_documented(name: str):
    package = importlib.import_module(name)
    assert len(package.__all__) == len(set(package.__all__))
    for public in package.__all__:
        value = getattr(package, public)
        if isinstance(value, type):
            assert value.__doc__, f"{name}.{public} has no docstring"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = twilio_sessions.Nothing
    assert dir(twilio_sessions) == sorted(twilio_sessions.__all__)


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    assert project["project"]["version"] == twilio_sessions.__version__


def modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import twilio_sessions", {"aiohttp", "anyio", "msgspec", "attrs", "asyncio"}),
        ("from twilio_sessions import NotFoundError", {"aiohttp", "anyio", "msgspec"}),
        ("from twilio_sessions.proxy import Session", {"aiohttp", "anyio", "cyclopts"}),
        ("from twilio_sessions import AsyncClient", {"cyclopts", "rich", "twilio_sessions.emulator"}),
    ],
)
def test_nothing_is_loaded_before_it_is_needed(statement: str, absent: set[str]):
    assert modules_after(statement) & absent == set()
    assert "aiohttp" in modules_after("from twilio_sessions import AsyncClient")

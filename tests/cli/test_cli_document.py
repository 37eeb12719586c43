"""docs/cli.md is true: its commands run, its screens are what is shown, its tables are complete."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from canary import SECRET
from once import documents
from pages import DOCS, blocks_of
from rides import Rides, masked, rides
from terminal import CLEAN, Terminal, call

from twilio_sessions.cli import _codes
from twilio_sessions.cli._app import app
from twilio_sessions.cli._connection import Connection
from twilio_sessions.cli._formats import Format
from twilio_sessions.cli._profiles import read_profiles
from twilio_sessions.cli._resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = (DOCS / "cli.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SCREENS = [
    (command.strip(), screen)
    for (kind, command), (following, screen) in itertools.pairwise(BLOCKS)
    if (kind, following) == ("console", "text") and "doctor" not in command
]


@pytest.fixture
def account() -> Iterator[Rides]:
    with rides() as running:
        yield running


@documents
def test_every_command_runs(account: Rides, tmp_path: Path):
    lines = [line for kind, text in BLOCKS if kind == "console" for line in text.splitlines()]
    assert len(lines) > 15
    for line in lines:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line],
            cwd=tmp_path,
            env=CLEAN | account.environ | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        # A pipe that ends early is none of the commands' faults.
        assert done.returncode in {0, _codes.BROKEN_PIPE if "| head" in line else 0}, (line, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stdout or ">" in line or "delete" in line or "mkdir" in line, line
    assert account.emulator.store.service_by_name.keys() == {"rides"}


@documents
def test_pages_can_be_followed_one_after_the_other(account: Rides, tmp_path: Path):
    """A number is in one pool of the account only: each page adds others."""
    told = CLEAN | account.environ | {"RIDES_SERVICE": account.sid("KS")}
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[:1]
    programs += [block.text for block in blocks_of("quickstart.md") if block.kind == "python"]
    commands = [line for _, text in BLOCKS for line in text.splitlines() if "deliveries" in line]
    for command in (
        *([sys.executable, "-c", program] for program in programs),
        *(shlex.split(line) for line in commands),
    ):
        done = subprocess.run(command, cwd=tmp_path, env=told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
    added = [one for one in account.emulator.processed if one.operation == "phone_numbers.create"]
    assert len(added) == 5


def test_a_mistake_is_what_is_shown(tmp_path: Path):
    done = call("export", cwd=tmp_path)
    assert ("text", done.stderr) in BLOCKS


@pytest.mark.parametrize(("command", "wanted"), SCREENS)
def test_every_screen_is_what_is_shown(account: Rides, tmp_path: Path, command: str, wanted: str):
    with Terminal(*shlex.split(command)[1:], cwd=tmp_path, environ=account.environ, columns=90) as terminal:
        assert terminal.finish() == 0
        assert masked(terminal.text) == masked(wanted.strip())


def test_there_are_screens():
    assert len(SCREENS) == 2


def test_the_table_of_verbs_is_complete():
    verbs = ("list", "fetch", "create", "update", "delete")
    for resource in RESOURCES:
        row = re.search(rf"^\| `{' '.join(resource.command)}` \|(.*)\|$", PAGE, re.MULTILINE)
        assert row is not None
        said = [bool(cell.strip()) for cell in row[1].split("|")]
        assert said == [verb in resource.verbs for verb in verbs]


def test_the_formats_and_the_options_are_all_there():
    outputs = PAGE.split("| `--output`")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", outputs, re.MULTILINE) == sorted(
        Format.__args__,  # type: ignore[attr-defined]
        key=["table", "ndjson", "json", "csv", "tsv"].index,
    )
    options = {f"--{name.replace('_', '-')}" for name in Connection.__annotations__}
    assert all(f"`{option}" in PAGE for option in options)


def test_the_profiles_are_as_they_should_be(tmp_path: Path):
    (text,) = [text for kind, text in BLOCKS if kind == "toml"]
    (tmp_path / "config.toml").write_text(text)
    found = read_profiles(tmp_path / "config.toml")
    environ = {"PRODUCTION_TOKEN": SECRET, "STAGING_SECRET": SECRET}
    assert [len(profile.variables(environ)) for profile in found.values()] == [2, 4]


def test_every_shell_is_there():
    shells = set(re.findall(r"completion (bash|zsh|fish|powershell)\b", PAGE))
    assert shells == {"bash", "zsh", "fish", "powershell"}
    assert "completion" in app

"""Mistakes in a command line: what is wrong, an example, and where all options are, in two lines."""

from __future__ import annotations

import itertools
import shlex
from typing import TYPE_CHECKING

import pytest
from terminal import call

if TYPE_CHECKING:
    from pathlib import Path


def said(folder: Path, line: str) -> list[str]:
    done = call(*shlex.split(line), cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("export", "export needs --out"),
        ("export --out", "--out needs a value"),
        ("sessions list", "sessions list needs --service"),
        ("sessions list --service", "--service needs a value"),
        ("sessions fetch --service rides", "sessions fetch needs SID"),
        ("assistants sessions fetch", "assistants sessions fetch needs ID"),
        ("cat ./archive", "cat needs RESOURCE"),
        ("sessions list --servce rides", "sessions list does not know --servce; did you mean --service?"),
        ("sessions list --service rides --limt 3", "unknown option: --limt. Did you mean --limit?"),
        ("services list -q", "unknown option: -q."),
        (
            "sessions fetch --service rides Order 77",
            "sessions fetch does not take '77'; text with blanks or # in it needs quotes",
        ),
        (
            "sessions list --service rides --limit ten",
            'invalid value for --limit: must be a whole number, not "ten"',
        ),
        ("emulator --latency slow", 'invalid value for --latency: must be a number, not "slow"'),
        (
            "sessions close --service rides --idle long",
            'invalid value for --idle: must be a duration such as 90m, 12h or 30d, not "long"',
        ),
        (
            "sessions update --service rides y --ttl x",
            "invalid value for --ttl: must be whole seconds, or a duration such as 90m, 12h or 30d; got 'x'",
        ),
        (
            "sessions list --service rides -o xml",
            'invalid value "xml" for -o. Choose from: "table", "json", "ndjson", "csv", "tsv".',
        ),
    ],
)
def test_what_is_wrong_and_an_example(tmp_path: Path, line: str, what: str):
    first, second = said(tmp_path, line)
    assert first == f"twilio-sessions: {what}"
    words = itertools.takewhile(lambda word: not word.startswith((".", "-")), shlex.split(line))
    command = f"twilio-sessions {' '.join(words)}"
    assert second.startswith(f"  such as: {command} ")
    assert second.endswith(f" (all options: {command} --help)")


@pytest.mark.parametrize(
    ("line", "what", "where"),
    [
        ("exprot", 'unknown command "exprot". Did you mean "export"?', "twilio-sessions --help"),
        ("sessions lst", 'unknown command "lst". Did you mean "list"?', "twilio-sessions sessions --help"),
        (
            "assistants xyz",
            'unknown command "xyz". There are: sessions, messages.',
            "twilio-sessions assistants --help",
        ),
        ("-x", "unknown option: -x; options come after the command", "twilio-sessions --help"),
    ],
)
def test_a_command_that_there_is_not(tmp_path: Path, line: str, what: str, where: str):
    assert said(tmp_path, line) == [f"twilio-sessions: {what}", f"  all commands: {where}"]

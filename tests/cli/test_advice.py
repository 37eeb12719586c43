"""What is said when something goes wrong: what happened, and what to do."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from twilio_sessions.cli._advice import advice, command_line, explain
from twilio_sessions.cli._console import errors
from twilio_sessions.errors import (
    APIConnectionError,
    ArchiveError,
    AuthenticationError,
    ExportIncompleteError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "the disk is full; free some space"),
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS)),
            "the disk is read-only; name a folder on another one",
        ),
        (OSError(errno.EACCES, os.strerror(errno.EACCES)), "you may not write there"),
        (OSError(errno.EFBIG, os.strerror(errno.EFBIG)), "raise that limit"),
        (OSError("who knows"), ""),
        (AuthenticationError("no", status=401), "Twilio does not accept the credentials, or not any more"),
        (PermissionDeniedError("no", status=403), "use an API key that may"),
        (RateLimitError("no", status=429), "try again later"),
        (ServerError("no", status=503), "try again later"),
        (APIConnectionError("no", method="GET", url="u", maybe_processed=False), "check the network"),
        (ArchiveError("says it itself"), ""),
        (ExportIncompleteError("says it itself"), ""),
    ],
)
def test_there_is_something_to_do(error: Exception, what: str):
    assert advice(error).startswith(what) or (what and what in advice(error))
    assert bool(advice(error)) is bool(what)


def test_what_is_incomplete_has_a_reason():
    error = ExportIncompleteError("3 of 5 partitions")
    error.__cause__ = ServerError("no", status=503)
    assert advice(error).startswith("Twilio cannot answer at the moment")


def test_the_credentials_that_were_refused_are_named():
    assert advice(AuthenticationError("no", status=401), "STAGING_SECRET").endswith("check STAGING_SECRET")


def test_an_error_with_its_place_and_its_notes(capsys: pytest.CaptureFixture[str]):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "archive/plan.json")
    error.add_note("while exporting [bold]")
    explain(errors(), error, "free some space")
    assert capsys.readouterr().err == (
        "twilio-sessions: archive/plan.json: No space left on device\n"
        "  while exporting [bold]\n"
        "  free some space\n"
    )


def test_a_command_is_as_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "bin" / "twilio-sessions"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert command_line("export", "--out", "a b") == f"{program} export --out 'a b'"
    monkeypatch.setenv("PATH", str(program.parent))
    assert command_line("verify", tmp_path) == f"twilio-sessions verify {tmp_path}"
    monkeypatch.setattr(sys, "argv", ["somewhere/else/twilio-sessions"])
    assert command_line("verify") == "somewhere/else/twilio-sessions verify"

"""What is said when something goes wrong: what happened, and what to do."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import AsyncClient
from twilio_sessions.cli._advice import advice, command_line, explain, message
from twilio_sessions.cli._console import errors
from twilio_sessions.errors import (
    APICertificateError,
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
            "the disk is read-only; use a folder on another one",
        ),
        (OSError(errno.EACCES, os.strerror(errno.EACCES)), "you have no permission there"),
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


@pytest.mark.parametrize(
    ("number", "options", "what"),
    [
        (errno.EROFS, [], "the disk is read-only; use a folder on another one"),
        (errno.EROFS, ["--out", "--to"], "the disk is read-only; use a folder on another one with --out"),
        (errno.EACCES, ["--output"], "you have no permission there; change the permissions"),
        (
            errno.EACCES,
            ["--journal", "--yes"],
            "you have no permission there; change the permissions, or name another folder with --journal",
        ),
        (errno.EMFILE, [], "too many files are open (ulimit -n); raise that limit"),
        (
            errno.EMFILE,
            ["--concurrency"],
            "too many files are open (ulimit -n); raise that limit, or lower --concurrency",
        ),
    ],
)
def test_only_options_that_the_command_has_are_named(number: int, options: list[str], what: str):
    assert advice(OSError(number, os.strerror(number)), options=options) == what


@pytest.mark.parametrize(
    ("method", "verb"), [("GET", "read"), ("DELETE", "delete"), ("POST", "create or change")]
)
def test_what_may_not_be_done_is_what_was_tried(method: str, verb: str):
    said = advice(PermissionDeniedError("no", status=403, method=method))
    assert said.startswith(f"these credentials may not {verb} this; ")


def test_a_certificate_is_no_matter_of_the_network():
    error = APICertificateError("expired", method="GET", url="https://x.example/", maybe_processed=False)
    assert advice(error) == "check this machine's clock and which certificates it trusts (SSL_CERT_FILE)"


def test_what_has_no_name_of_a_file_is_said_without_its_number(capsys: pytest.CaptureFixture[str]):
    explain(errors(), OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert capsys.readouterr().err == "twilio-sessions: No space left on device\n"


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


async def test_a_proxy_that_is_not_there_is_looked_for_where_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("http_proxy", "http://ada:secret@127.0.0.1:9")
    client = AsyncClient(
        "AC" + "0" * 32, "token", proxy_url="http://twilio.invalid", trust_env=True, max_attempts=1
    )
    async with client:
        with pytest.raises(APIConnectionError) as caught:
            await client.proxy.v1.services("KS" + "1" * 32).fetch()
    assert message(caught.value).startswith("cannot connect to the HTTP proxy 127.0.0.1:9: refused [GET ")
    assert advice(caught.value) == "check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY: those that are set"

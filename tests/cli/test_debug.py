"""`--debug`: where an error came from, without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from canary import SECRET
from rides import rides
from terminal import call, run

from twilio_sessions.cli._debug import without_secrets

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("sessions", "fetch", "--service", "rides", "Order #0")


def test_the_traceback_is_shown_when_it_is_asked_for(tmp_path: Path):
    with rides() as account:
        plain = call(*WORDS, cwd=tmp_path, **account.environ)
        option = call(*WORDS, "--debug", cwd=tmp_path, **account.environ)
        variable = call(*WORDS, cwd=tmp_path, **account.environ, TWILIO_SESSIONS_DEBUG="1")
    assert "Traceback" not in plain.stderr
    for done in (option, variable):
        assert done.returncode == plain.returncode == 1
        assert done.stderr.startswith("Traceback (most recent call last):")
        assert "in api_error" in done.stderr or "raise api_error" in done.stderr
        assert done.stderr.count(SECRET) == 0
        assert done.stderr.splitlines()[-1] == plain.stderr.splitlines()[-1]


def test_of_a_configuration_too(tmp_path: Path):
    done = run(
        "services", "list", "--profile", "nobody", "--debug", cwd=tmp_path, XDG_CONFIG_HOME=str(tmp_path)
    )
    assert done.returncode == 2
    assert "Traceback" in done.stderr
    assert "no profile 'nobody'" in done.stderr.splitlines()[-1]


def test_secrets_are_taken_out():
    environ = {"TWILIO_AUTH_TOKEN": "a token", "TWILIO_API_SECRET": "", "OTHER": "text"}
    assert without_secrets("some text with a token in it", environ) == "some text with *** in it"

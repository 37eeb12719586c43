"""A bulk change that fails: what is told, what there is to do, and whether it can be gone on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn
from unittest import mock

import pytest
from shown import bulk_emulated, service_of
from terminal import Terminal, call

from twilio_sessions import ArgumentError, ConfigurationError, JournalError, bulk
from twilio_sessions.bulk import ChangeProgress
from twilio_sessions.emulator import Emulator, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twilio_sessions import TwilioSessionsError


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_refused_credentials_say_how_to_go_on(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    emulator.faults.add(Fault("answer", status=401, code=20003, operation="sessions.fetch", times=None))
    done = call(*command, "-o", "json", cwd=tmp_path, **told)
    assert done.returncode == 1
    assert "Twilio does not accept the credentials" in done.stderr
    assert "0 of 5 seen to; the journal knows which" in done.stderr
    assert done.stderr.endswith("sessions close --yes -o json --journal j\n")
    assert json.loads(done.stdout)["complete"] is False


def test_what_twilio_says_moves_no_cursor(emulator: Emulator, tmp_path: Path):
    service, evil = service_of(emulator), "evil \x1b]0;title\x07"
    session = emulator.add_session(service, evil)
    body = json.dumps({"code": 80701, "message": f"no, {evil}", "status": 400})
    emulator.faults.add(
        Fault("answer", status=400, body=body, operation="sessions.update", target=session.sid)
    )
    command = ["sessions", "close", "--service", service.sid, "--name-prefix", "evil", "--yes"]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        assert terminal.finish() == 3
        assert f"  {session.sid} evil \\u001b]0;title\\u0007: no, evil" in terminal.text
        assert "\x1b]" not in terminal.written
    emulator.faults.add(Fault("answer", status=401, body=body, operation="sessions.fetch", times=None))
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        assert terminal.finish() == 1
        assert "no, evil \\u001b]0;title\\u0007" in "".join(terminal.lines)
        assert "\x1b]" not in terminal.written


def test_without_a_beginning_there_is_nothing_to_go_on_with(emulator: Emulator, tmp_path: Path):
    """The journal cannot be made: this is told with the option that names it, and no command to go on."""
    command = [
        "sessions",
        "close",
        "--service",
        service_of(emulator).sid,
        "--yes",
        "--journal",
        "/dev/null/j",
    ]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert "go on:" not in done.stderr + done.stdout
    told = emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    next((tmp_path / "archive").rglob("sessions-*")).write_bytes(b"")
    command = ["sessions", "delete", "--service", service_of(emulator).sid, "--yes", "--archive", "archive"]
    done = call(*command, cwd=tmp_path, **told)
    assert done.returncode == 1
    assert "archive is not a verified archive, so nothing is deleted" in done.stderr
    assert "go on:" not in done.stderr + done.stdout


def test_advice_fits_where_the_credentials_come_from(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    folder = tmp_path / "twilio-sessions"
    folder.mkdir()
    (folder / "config.toml").write_text(
        f'[staging]\naccount_sid = "{told["TWILIO_ACCOUNT_SID"]}"\nauth_token_env = "STAGING_TOKEN"\n'
        f'proxy_url = "{emulator.base_url}"\n'
    )
    emulator.faults.add(Fault("answer", status=401, code=20003, operation="sessions.fetch", times=None))
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "STAGING_TOKEN": told["TWILIO_AUTH_TOKEN"]}
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--profile", "staging"]
    done = call(*command, cwd=tmp_path, **environ)
    assert done.returncode == 1
    assert "check the profile 'staging' of " in done.stderr
    assert "STAGING_TOKEN" in done.stderr
    assert "TWILIO_AUTH_TOKEN" not in done.stderr
    assert "go on:  " in done.stderr


@pytest.mark.parametrize(
    "error",
    [
        ArgumentError("it cannot be right", argument="x"),
        ConfigurationError("it cannot be right"),
        JournalError("it cannot be right"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("is_begun", [True, False])
def test_what_is_refused_after_the_beginning_says_how_to_go_on(
    emulator: Emulator, tmp_path: Path, error: TwilioSessionsError, *, is_begun: bool
):
    async def fail(*_: object, on_progress: Callable[[ChangeProgress], None], **__: object) -> NoReturn:
        if is_begun:
            progress = ChangeProgress("close", 5)
            progress.counts["closed"] = 2
            on_progress(progress)
        raise error

    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    with mock.patch.object(bulk, "close", fail):
        done = call(*command, cwd=tmp_path, **emulator.environment())
    assert "twilio-sessions: it cannot be right\n" in done.stderr
    assert done.returncode == (1 if is_begun else 2)
    assert ("2 of 5 seen to; the journal knows which" in done.stderr) is is_begun
    assert ("go on:  " in done.stderr) is is_begun


def test_a_refused_change_is_not_called_reading(emulator: Emulator, tmp_path: Path):
    emulator.faults.add(Fault("answer", status=403, operation="sessions.update", times=None))
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert "may not create or change this" in done.stderr

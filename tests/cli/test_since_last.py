"""`export --since-last`: what is new or has changed is added to the archive that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terminal import run

from twilio_sessions import Client

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


def create_session(emulator: Emulator, name: str) -> None:
    told = emulator.environment()
    with Client(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
    ) as client:
        service = next(iter(client.proxy.v1.services.list()))
        client.proxy.v1.services(service.sid).sessions.create(unique_name=name)


def test_only_what_is_new_is_added_and_the_whole_verifies(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    assert run("export", "--out", "archive", cwd=tmp_path, **told).returncode == 0
    create_session(emulator, "new")
    done = run("export", "--out", "archive", "--since-last", cwd=tmp_path, **told)
    assert (done.returncode, done.stderr) == (0, "")
    assert "            sessions                         1\n" in done.stdout
    assert "check:  twilio-sessions verify archive\n" in done.stdout
    assert run("verify", "archive", cwd=tmp_path).returncode == 0


def test_what_is_exported_cannot_be_chosen_anew(emulator: Emulator, tmp_path: Path):
    options = ["--include", "participants", "--status", "open"]
    done = run("export", "--out", "archive", "--since-last", *options, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 2
    assert "leave out --include, --status" in done.stderr


def test_there_has_to_be_an_archive(emulator: Emulator, tmp_path: Path):
    done = run("export", "--out", "archive", "--since-last", cwd=tmp_path, **emulator.environment())
    assert done.returncode != 0
    assert "archive is no archive; export once without since-last" in done.stderr


def test_what_was_made_of_it_is_made_anew(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    command = ["export", "--out", "archive", "--to", "csv"]
    assert run(*command, cwd=tmp_path, **told).returncode == 0
    table = tmp_path / "archive" / "csv" / "sessions.csv"
    rows = table.read_text().count("\n")
    create_session(emulator, "new")
    done = run(*command, "--since-last", cwd=tmp_path, **told)
    assert (done.returncode, done.stderr) == (0, "")
    assert "made archive/csv of it: " in done.stdout
    assert table.read_text().count("\n") == rows + 1
    assert run("verify", "archive", cwd=tmp_path).returncode == 0


def test_what_somebody_worked_on_is_not(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    command = ["export", "--out", "archive", "--to", "csv"]
    assert run(*command, cwd=tmp_path, **told).returncode == 0
    table = tmp_path / "archive" / "csv" / "sessions.csv"
    table.write_text("mine")
    create_session(emulator, "new")
    done = run(*command, "--since-last", cwd=tmp_path, **told)
    assert done.returncode == 2
    assert "archive/csv exists, is not as a conversion of this archive left it, and nothing is" in done.stderr
    assert table.read_text() == "mine"

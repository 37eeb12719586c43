"""What is asked for by the options of bulk changes, and what cannot be right."""

from __future__ import annotations

import shlex
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from shown import bulk_emulated, lines_of, service_of
from terminal import CLEAN, PROGRAM, call

from twilio_sessions.bulk._folder import held
from twilio_sessions.cli._bulk_asked import next_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_without_a_terminal_somebody_has_to_say_yes(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "twilio-sessions: sessions close needs a yes: give --yes, for there is no terminal to ask at; "
        "--dry-run shows what would be done\n"
    )
    assert not emulator.requests


def test_every_filter_reaches_the_library(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    old = emulator.add_session(service, "old-1", age=timedelta(days=40))
    emulator.add_session(service, "old-2", age=timedelta(days=20))
    emulator.add_session(service, "other", age=timedelta(days=40))
    (tmp_path / "sids").write_text(
        "\n".join(each.sid for each in service.sessions if each.unique_name != "x")
    )
    options = ["--older-than", "30d", "--idle", "12h", "--name-prefix", "old-", "--status", "open,closed"]
    command = ["sessions", "close", "--service", str(service.unique_name), *options, "--sids-from", "sids"]
    done = call(*command, "--dry-run", "-o", "ndjson", cwd=tmp_path, **emulator.environment())
    assert [row["sid"] for row in lines_of(done.stdout)] == [old.sid]
    shown = call(*command, "--dry-run", cwd=tmp_path, **emulator.environment()).stdout
    assert shown.startswith(
        "close 1 of 9 sessions: closed or open, idle for 12 h, older than 30 d, named old-..., among 9 SIDs\n"
    )


def test_sids_from_standard_input(emulator: Emulator, tmp_path: Path):
    sessions = list(service_of(emulator).sessions)
    first = next(each for each in sessions if each.status == "closed")
    second = next(each for each in sessions if each.status == "open")
    nowhere = "KC" + "f" * 32
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--sids-from", "-", "--yes"]
    done = subprocess.run(
        [PROGRAM, *command, "-o", "ndjson", "--journal", "j"],
        input=f"{first.sid}\n{second.sid}\n{nowhere}\n",
        cwd=tmp_path,
        env=CLEAN | emulator.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 3
    assert {line["sid"]: line["outcome"] for line in lines_of(done.stdout)} == {
        first.sid: "already",
        second.sid: "closed",
        nowhere: "failed",
    }
    assert "1 SID of those given not found" in done.stderr
    assert done.stderr.endswith("sessions close --yes -o ndjson --journal j\n"), "the journal has the SIDs"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ([], "name a service with --service, or a journal to go on with --journal"),
        (
            ["--journal", "nowhere"],
            "nowhere is not the journal of a bulk change: it has no plan.ndjson; name",
        ),
        (
            ["--service", "rides", "--journal", "other"],
            "other is no journal of a bulk change, and it is not empty",
        ),
        (["--service", "rides", "--status", "shut"], "--status does not know 'shut'"),
        (["--service", "rides", "--status", ","], "--status names no status"),
        (["--service", "rides", "--name-prefix", ""], "--name-prefix must not be empty"),
        (
            ["--service", "rides", "--idle", "30"],
            "invalid value for --idle: must be a duration such as 90m, 12h or 30d",
        ),
        (
            ["--service", "rides", "--older-than", "5x"],
            "invalid value for --older-than: must be a duration such as",
        ),
        (["--service", "rides", "--older-than=-5d"], "--older-than must not be negative; got -5 days"),
        (["--service", "rides", "--concurrency", "0"], "--concurrency must be 1 or more; got 0"),
        (["--service", "rides", "--patience", "-1"], "--patience must be 0 seconds or more; got -1.0"),
        (
            ["--service", "rides", "--sids-from", "nowhere"],
            "nowhere, which --sids-from names, cannot be read: No such",
        ),
        (
            ["--service", "rides", "--sids-from", "latin"],
            "latin, which --sids-from names, is not text in UTF-8",
        ),
        (
            ["--service", "rides", "--sids-from", "sids"],
            "--sids-from must be KC and 32 hexadecimal digits; got 'KC1'",
        ),
    ],
)
def test_what_cannot_be_right_is_said_in_options_before_any_request(
    emulator: Emulator, tmp_path: Path, options: list[str], problem: str
):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter").touch()
    (tmp_path / "latin").write_bytes(b"\xff")
    (tmp_path / "sids").write_text("KC1\n")
    done = call("sessions", "close", "--yes", *options, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert "go on:" not in done.stderr
    assert not emulator.requests


def test_a_file_in_the_place_of_a_journal(emulator: Emulator, tmp_path: Path):
    (tmp_path / "j").write_text("a letter")
    (tmp_path / "rows.csv").write_text("unique_name\nnew\n")
    service = service_of(emulator).sid
    for command in (["close"], ["delete", "--without-archive"], ["create", "--from", "rows.csv"]):
        for way in ("--yes", "--dry-run"):
            options = ["--service", service, "--journal", "j", way]
            done = call("sessions", *command, *options, cwd=tmp_path, **emulator.environment())
            assert (done.returncode, done.stdout) == (2, "")
            assert done.stderr.startswith("twilio-sessions: j must be a folder, and it is a file; name a new")
    assert not emulator.requests
    assert (tmp_path / "j").read_text() == "a letter"


def test_standard_input_that_is_closed(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--sids-from", "-", "--yes"]
    done = subprocess.run(
        ["bash", "-c", 'exec "$@" <&-', "-", PROGRAM, *command],
        cwd=tmp_path,
        env=CLEAN | emulator.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "twilio-sessions: --sids-from is -, and standard input is closed; give it the SIDs, or name a file\n"
    )
    assert not emulator.requests


@pytest.mark.parametrize(
    ("given", "goes_on", "goes_on_by_journal"),
    [
        ("--older-than 1d --yes", "--older-than 1d --yes", "--yes"),
        ("--older_than 1d --sids_from -", "--older_than 1d --sids_from -", ""),
        ("--status= --yes --name_prefix=x", "--status= --yes --name_prefix=x", "--yes"),
        ("--status=open --no_rate_limit", "--status=open --no_rate_limit", "--no_rate_limit"),
        ("--from a_b=c --journal= --yes", "--from a_b=c --yes", "--from a_b=c --yes"),
        ("--journal k --yes", "--yes", "--yes"),
    ],
)
def test_the_command_that_goes_on(
    monkeypatch: pytest.MonkeyPatch, given: str, goes_on: str, goes_on_by_journal: str
):
    monkeypatch.setattr("sys.argv", ["program", *given.split()])
    for by_journal, expected in ((False, goes_on), (True, goes_on_by_journal)):
        found = next_command(Path("j"), is_chosen_by_journal=by_journal)
        assert shlex.split(found) == ["program", *expected.split(), "--journal", "j"]


def test_a_service_that_is_not_there(emulator: Emulator, tmp_path: Path):
    done = call("sessions", "close", "--yes", "--service", "nowhere", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert "Twilio error 20404" in done.stderr


def test_a_journal_of_something_else(emulator: Emulator, tmp_path: Path):
    told, service = emulator.environment(), ["--service", service_of(emulator).sid]
    (tmp_path / "rows.csv").write_text("unique_name\nnew\n")
    create = ["create", *service, "--from", "rows.csv", "--yes", "--journal", "created"]
    assert call("sessions", *create, cwd=tmp_path, **told).returncode == 0
    assert (
        call("sessions", "close", *service, "--yes", "--journal", "closed", cwd=tmp_path, **told).returncode
        == 0
    )
    (tmp_path / "rows.csv").write_text("unique_name\nnewer\n")
    changed = len(emulator.processed)
    alone = ["delete", "--without-archive", "--yes", "--journal"]
    for words, problem in [
        (
            [*alone, "closed"],
            "closed is the journal of a bulk close, and this is a bulk delete; go on with it by",
        ),
        (
            [*alone, "created"],
            "created is the journal of a bulk create, and does not say what to close or delete",
        ),
        (
            ["close", *service, "--yes", "--journal", "created"],
            "created is the journal of a bulk create, and this",
        ),
        (
            ["close", *service, "--idle", "1d", "--yes", "--journal", "closed"],
            "closed is the journal of another plan (the time without an interaction: not given when it was",
        ),
        (
            create,
            "created is the journal of other rows: they have changed since it was begun; go on with the rows",
        ),
    ]:
        done = call("sessions", *words, cwd=tmp_path, **told)
        assert done.returncode == 2, words
        assert problem in done.stderr
        assert "go on:" not in done.stderr
    assert len([one for one in list(emulator.processed)[changed:] if one.changed or one.created]) == 0


def test_a_journal_that_is_in_use_is_only_to_be_waited_for(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    with held(tmp_path / "j"):
        done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert "j is being written to by another process; wait until it has ended" in done.stderr


def test_help_has_examples_and_exit_codes():
    for command in ("close", "delete", "create"):
        done = subprocess.run(
            [PROGRAM, "sessions", command, "--help"], capture_output=True, text=True, check=True, env=CLEAN
        )
        assert f"Example: twilio-sessions sessions {command} --service rides" in done.stdout
        assert "3 some were skipped or failed; the same command tries them again" in done.stdout

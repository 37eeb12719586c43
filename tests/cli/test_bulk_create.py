"""`sessions create`, of one session and from a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from shown import bulk_emulated, lines_of, service_of
from terminal import CTRL_C, Terminal, call

from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_create_from_a_file(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    (tmp_path / "rows.csv").write_text("unique_name,ttl,participants\nride-1,,\nnew,3600,+14155550100\n")
    command = ["sessions", "create", "--service", str(service.unique_name), "--from", "rows.csv"]
    emulator.add_phone_number(service)
    told = emulator.environment()
    assert call(*command, cwd=tmp_path, **told).returncode == 2
    done = call(*command, "--dry-run", cwd=tmp_path, **told)
    assert done.stdout.startswith(
        f"create 2 sessions in {service.unique_name}\nfor example:\nunique_name  ttl   mode  participants\n"
    )
    done = call(*command, "--yes", "--journal", "j", "-o", "ndjson", cwd=tmp_path, **told)
    assert done.returncode == 0, done.stderr
    assert {line["unique_name"]: line["outcome"] for line in lines_of(done.stdout)} == {
        "ride-1": "already",
        "new": "created",
    }
    made = next(each for each in service.sessions if each.unique_name == "new")
    assert (made.ttl, len(list(made.participants))) == (3600, 1)
    (tmp_path / "rows.csv").write_text("unique_name,ttl\nride-1,soon\n")
    done = call(*command, "--yes", cwd=tmp_path, **told)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "twilio-sessions: rows.csv, line 2: ttl must be whole seconds, or a duration such"
    )


def test_create_of_one_session_is_as_before(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "create", "--service", service_of(emulator).sid, "--unique-name", "one"]
    done = call(*command, "-o", "json", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unique_name"] == "one"
    done = call(*command, "--from", "x.csv", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 2
    assert "with --from, the file says what each session is to be" in done.stderr


def test_months_are_not_taken_for_minutes(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator).sid
    for option, words in {
        "--ttl": ["sessions", "create", "--service", service],
        "--default-ttl": ["services", "update", service],
    }.items():
        done = call(*words, option, "90M", cwd=tmp_path, **emulator.environment())
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{option}: must not be in months (M) or years (y); say m for minutes, h for" in done.stderr
    assert not emulator.requests
    done = call(
        "services", "update", service, "--default-ttl", "1.1h", cwd=tmp_path, **emulator.environment()
    )
    assert done.returncode == 0, done.stderr
    assert service_of(emulator).default_ttl == 3960


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("nowhere.csv", None, "nowhere.csv, which --from names, cannot be read: No such file or directory"),
        (
            "empty.csv",
            "",
            "empty.csv has no rows; expected is a line that names the columns (unique_name, and any",
        ),
        ("head.csv", "unique_name,ttl\n", "head.csv has no rows; expected is a line that names the columns"),
        (
            "empty.ndjson",
            "",
            "empty.ndjson has no rows; expected is a line for each session, a JSON object with",
        ),
        (
            "a.csv",
            "unique_name,tll\na,\n",
            "a.csv, line 1: unknown columns: 'tll'; the first line names the columns",
        ),
        ("a.csv", "unique_name\na\na\n", "row 2: unique_name 'a' is there twice"),
    ],
)
def test_a_file_that_cannot_be_right(
    emulator: Emulator, tmp_path: Path, name: str, text: str | None, problem: str
):
    if text is not None:
        (tmp_path / name).write_text(text)
    command = ["sessions", "create", "--service", service_of(emulator).sid, "--from", name, "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert problem in done.stderr
    assert not emulator.requests


def test_a_dry_run_for_programs(emulator: Emulator, tmp_path: Path):
    (tmp_path / "rows.csv").write_text("unique_name,ttl\na,1h\nb,\n")
    command = ["sessions", "create", "--service", "rides", "--from", "rows.csv", "--dry-run", "-o"]
    rows = lines_of(call(*command, "ndjson", cwd=tmp_path, **emulator.environment()).stdout)
    assert [(row["unique_name"], row["ttl"]) for row in rows] == [("a", 3600), ("b", None)]
    assert json.loads(call(*command, "json", cwd=tmp_path, **emulator.environment()).stdout) == rows
    assert not emulator.requests


def test_a_dry_run_of_one_for_programs(tmp_path: Path):
    command = ["sessions", "create", "--service", "rides", "--unique-name", "one", "--dry-run", "-o"]
    requests = lines_of(call(*command, "ndjson", cwd=tmp_path).stdout)
    assert [one["method"] for one in requests] == ["GET", "POST"]
    assert json.loads(call(*command, "json", cwd=tmp_path).stdout) == requests


def test_ctrl_c_before_the_beginning(emulator: Emulator, tmp_path: Path):
    """The service is looked up by its name, and there is no journal yet: the file is named again."""
    (tmp_path / "rows.csv").write_text("unique_name\na\n")
    emulator.faults.add(Fault("stall", operation="services.fetch", times=None))
    name = str(service_of(emulator).unique_name)
    command = ["sessions", "create", "--service", name, "--from", "rows.csv", "--yes", "--journal", "j"]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment(), columns=200) as terminal:
        terminal.wait_for("beginning ...")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert "interrupted; nothing was changed by this run\ngo on:  " in terminal.text
        assert terminal.text.endswith("--from rows.csv --yes --journal j")

"""`--dry-run` of bulk changes: what is told, and that nothing is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from shown import PLAN, SERVICE, SIDS, bulk_emulated, lines_of, pinned, service_of, statuses
from terminal import CTRL_C, Terminal, call

from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


WAYS = ["close", "delete --without-archive", "delete --archive archive"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_dry_run_writes_nothing(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--dry-run"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    assert pinned(done.stdout, emulator) == f"{PLAN}nothing was changed: this was --dry-run"
    rows = lines_of(call(*command, "-o", "ndjson", cwd=tmp_path, **emulator.environment()).stdout)
    assert {row["unique_name"] for row in rows} == {f"ride-{number}" for number in range(5)}
    done = call(*command, "-o", "json", "--progress", "json", cwd=tmp_path, **emulator.environment())
    assert json.loads(done.stdout) == rows
    (plan,) = lines_of(done.stderr)
    assert (plan["action"], plan["sessions"], plan["listed"]) == ("close", 5, 6)
    assert statuses(emulator).count("closed") == 1
    assert not list(tmp_path.iterdir())


def test_nothing_to_do_is_an_empty_array(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--name-prefix", "no", "--dry-run"]
    assert json.loads(call(*command, "-o", "json", cwd=tmp_path, **emulator.environment()).stdout) == []
    assert call(*command, "-o", "ndjson", cwd=tmp_path, **emulator.environment()).stdout == ""


def test_a_delete_says_what_its_archive_lets_go(emulator: Emulator, tmp_path: Path):
    service, told = service_of(emulator), emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    emulator.add_session(service, "new")
    changed = next(each for each in service.sessions if each.unique_name == "ride-1")
    changed.ttl = 90
    command = ["sessions", "delete", "--service", service.sid, "--archive", "archive", "--dry-run"]
    before = len(emulator.requests)
    done = call(*command, cwd=tmp_path, **told)
    assert done.returncode == 0, done.stderr
    assert pinned(done.stdout, emulator).endswith(
        "by archive: 5 would be deleted, 2 would be left alone\n"
        "skipped:\n"
        f"  {SIDS[6]} new: it is not in the archive\n"
        f"  {SIDS[1]} ride-1: it has changed since it was archived: ttl was 0 and is 90\n"
        "nothing was changed: this was --dry-run"
    )
    rows = lines_of(call(*command, "-o", "ndjson", cwd=tmp_path, **told).stdout)
    assert {row["unique_name"]: row["why"] for row in rows if row["would_be"] == "skipped"} == {
        "new": "it is not in the archive",
        "ride-1": "it has changed since it was archived: ttl was 0 and is 90",
    }
    assert sum(row["would_be"] == "deleted" for row in rows) == 5
    assert json.loads(call(*command, "-o", "json", cwd=tmp_path, **told).stdout) == rows
    assert {one.method for one in list(emulator.requests)[before:]} == {"GET"}
    assert [each.name for each in tmp_path.iterdir()] == ["archive"], "no journal"


def test_a_dry_run_with_an_archive_that_does_not_hold(emulator: Emulator, tmp_path: Path):
    service, told = service_of(emulator), emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    next((tmp_path / "archive").rglob("sessions-*")).write_bytes(b"")
    command = ["sessions", "delete", "--service", service.sid, "--archive", "archive", "--dry-run"]
    done = call(*command, cwd=tmp_path, **told)
    assert (done.returncode, done.stdout) == (1, "")
    assert "archive is not a verified archive" in done.stderr


def test_what_cannot_be_looked_at_is_not_complete(emulator: Emulator, tmp_path: Path):
    service, told = service_of(emulator), emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    emulator.faults.add(Fault("answer", status=400, code=20001, operation="sessions.fetch", times=None))
    command = ["sessions", "delete", "--service", service.sid, "--archive", "archive"]
    looked = call(*command, "--dry-run", cwd=tmp_path, **told)
    assert looked.returncode == 3
    assert "by archive: 6 cannot be looked at\nfailed:\n" in looked.stdout
    assert call(*command, "--yes", cwd=tmp_path, **told).returncode == looked.returncode


@pytest.mark.parametrize("command", WAYS)
def test_sids_that_are_not_there_are_named(emulator: Emulator, tmp_path: Path, command: str):
    service, told = service_of(emulator), emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    there, nowhere = next(each.sid for each in service.sessions), "KC" + "f" * 32
    asked = ["sessions", *command.split(), "--service", service.sid, "--sids-from", "sids", "--dry-run"]
    for given in ([there, nowhere], [nowhere]):
        (tmp_path / "sids").write_text("\n".join(given))
        done = call(*asked, "-o", "json", cwd=tmp_path, **told)
        assert done.returncode == 3
        *others, missing = json.loads(done.stdout)
        assert [each["sid"] for each in others] == given[:-1]
        assert {name: value for name, value in missing.items() if value is not None} == {
            "sid": nowhere,
            "would_be": "failed",
            "why": "there is no such session in these services",
        }
        assert all(each.keys() == missing.keys() for each in others)
        assert lines_of(call(*asked, "-o", "ndjson", cwd=tmp_path, **told).stdout) == [*others, missing]
        done = call(*asked, cwd=tmp_path, **told)
        assert done.returncode == 3
        assert "1 SID of those given not found\n" in done.stdout
    assert call(*asked[:-1], "--yes", cwd=tmp_path, **told).returncode == 3, "as the change itself says"


def test_the_archive_is_verified_for_sids_that_are_not_there(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    (tmp_path / "archive").mkdir()
    (tmp_path / "sids").write_text("KC" + "f" * 32)
    command = ["sessions", "delete", "--service", service_of(emulator).sid, "--archive", "archive"]
    for way in ("--dry-run", "--yes"):
        done = call(*command, "--sids-from", "sids", way, cwd=tmp_path, **told)
        assert done.returncode == 1, done.stdout


@pytest.mark.parametrize("command", WAYS)
def test_the_journal_of_another_account(emulator: Emulator, tmp_path: Path, command: str):
    told, words = emulator.environment(), ["sessions", *command.split()]
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    begun = [*words, "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    assert call(*begun, cwd=tmp_path, **told).returncode == 0
    emulator.requests.clear()
    told["TWILIO_ACCOUNT_SID"] = "AC" + "9" * 32
    for way in ("--dry-run", "--yes"):
        done = call(*words, "--journal", "j", way, cwd=tmp_path, **told)
        assert (done.returncode, done.stdout) == (2, "")
        assert "use the credentials of the account that the plan was made with" in done.stderr
        assert "as they were listed" not in done.stderr, "it is not announced before that"
    assert not emulator.requests


def test_ctrl_c_while_sessions_are_looked_at(emulator: Emulator, tmp_path: Path):
    service, told = service_of(emulator), emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    emulator.faults.add(Fault("stall", operation="participants.list", times=None))
    command = ["sessions", "delete", "--service", service.sid, "--archive", "archive", "--dry-run"]
    with Terminal(*command, cwd=tmp_path, environ=told) as terminal:
        terminal.wait_for(lambda text: "checking the archive" in text or "looking at sessions" in text)
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.text.endswith("interrupted; nothing was changed")


def screen(emulator: Emulator, tmp_path: Path, columns: int) -> str:
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--dry-run"]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment(), columns=columns) as terminal:
        assert terminal.finish() == 0
        return pinned(terminal.text, emulator)


NAME = "a name that goes on and on"
SCREENS = {
    60: f"""\
for example:
sid                                 unique_name  status
{SIDS[7]}  evil \\u001…  open
{SIDS[6]}  a name tha…  in-progress
{SIDS[4]}  ride-4       open
{SIDS[3]}  ride-3       open
{SIDS[2]}  ride-2       open
""",
    80: f"""\
for example:
sid                                 unique_name   status       last_sign_of_life
{SIDS[7]}  evil \\u001b…  open         2026-11-22 12:00Z
{SIDS[6]}  a name that…  in-progress  2026-11-22 12:00Z
{SIDS[4]}  ride-4        open         2026-11-22 12:00Z
{SIDS[3]}  ride-3        open         2026-11-22 12:00Z
{SIDS[2]}  ride-2        open         2026-11-22 12:00Z
""",
    120: f"""\
for example:
sid                                 unique_name                 status       last_sign_of_life
{SIDS[7]}  evil \\u001b]0;title\\u0007   open         2026-11-22 12:00Z
{SIDS[6]}  {NAME}  in-progress  2026-11-22 12:00Z
{SIDS[4]}  ride-4                      open         2026-11-22 12:00Z
{SIDS[3]}  ride-3                      open         2026-11-22 12:00Z
{SIDS[2]}  ride-2                      open         2026-11-22 12:00Z
""",
}


@pytest.mark.parametrize("columns", SCREENS)
def test_a_sid_is_whole_at_any_width_and_no_name_moves_the_cursor(
    emulator: Emulator, tmp_path: Path, columns: int
):
    emulator.add_session(service_of(emulator), NAME, status="in-progress")
    emulator.add_session(service_of(emulator), "evil \x1b]0;title\x07")
    assert screen(emulator, tmp_path, columns) == (
        "close 7 of 8 sessions: in-progress or open\n"
        "service                             status       sessions\n"
        f"{SERVICE}  in-progress         1\n"
        f"{SERVICE}  open                6\n"
        f"{SCREENS[columns]}nothing was changed: this was --dry-run"
    )

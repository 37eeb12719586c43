"""`sessions close`, `delete` and `create` in bulk: what is shown, asked and printed, and the exit codes."""

from __future__ import annotations

import json
import re
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from served import emulated
from terminal import CLEAN, CTRL_C, PROGRAM, Terminal, call, run

from twilio_sessions.emulator import Emulator, EmulatorOptions, Fault, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Service

SERVICE = "KS" + "a" * 32
SIDS = [f"KC{number:032}" for number in range(8)]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """Return a local Twilio with sessions that look the same whenever and wherever they are looked at."""
    with emulated(Seed(services=1, sessions=0, random_seed=1), EmulatorOptions()) as running:
        (service,) = running.store.services
        for number in range(6):
            running.add_session(service, f"ride-{number}", status="closed" if number == 5 else "open")
        yield running


def service_of(emulator: Emulator) -> Service:
    (service,) = emulator.store.services
    return service


def statuses(emulator: Emulator) -> list[str]:
    return [each.status for each in service_of(emulator).sessions]


def pinned(text: str, emulator: Emulator) -> str:
    """Put what differs from run to run into a form that does not, as wide as it was."""
    for number, session in enumerate(service_of(emulator).sessions):
        text = text.replace(session.sid, SIDS[number])
    text = text.replace(service_of(emulator).sid, SERVICE)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-11-22 12:00:00", text)
    text = re.sub(r"(close|delete|create)-\d{8}T\d{6}Z", r"\1-20261122T120000Z", text)
    text = re.sub(r"in \d+\.\d s", "in 0.1 s", text)
    return "\n".join(line.rstrip() for line in text.splitlines())


PLAN = f"""\
close 5 of 6 sessions: in-progress or open
service                             status  sessions
{SERVICE}  open           5
for example                         unique name  status  last sign of life
{SIDS[4]}  ride-4       open    2026-11-22 12:00:00
{SIDS[3]}  ride-3       open    2026-11-22 12:00:00
{SIDS[2]}  ride-2       open    2026-11-22 12:00:00
{SIDS[1]}  ride-1       open    2026-11-22 12:00:00
{SIDS[0]}  ride-0       open    2026-11-22 12:00:00
"""


def test_on_a_terminal_it_shows_the_plan_and_asks(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        shown = terminal.wait_for("[y/N]")
        assert pinned(shown, emulator) == (f"{PLAN}journal: close-20261122T120000Z\nClose 5 sessions? [y/N]")
        assert statuses(emulator).count("closed") == 1
        assert not list(tmp_path.iterdir()), "nothing is written before the answer"
        terminal.press("y\n")
        assert terminal.finish() == 0
        done = pinned(terminal.text, emulator).removeprefix(
            f"{PLAN}journal: close-20261122T120000Z\nClose 5 sessions? [y/N] y\n"
        )
    assert done == (
        "close: complete\n"
        "closed             5\n"
        "5 sessions; 10 requests in 0.1 s; journal in close-20261122T120000Z"
    )
    assert set(statuses(emulator)) == {"closed"}


@pytest.mark.parametrize("answer", ["n\n", "\n", "yes please\n"])
def test_whatever_is_no_yes_is_a_no(emulator: Emulator, tmp_path: Path, answer: str):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press(answer)
        assert terminal.finish() == 1
        assert terminal.text.endswith("nothing was changed")
    assert statuses(emulator).count("closed") == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_at_the_question(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.text.endswith("interrupted")
    assert statuses(emulator).count("closed") == 1


def test_progress_on_a_terminal_and_ctrl_c(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    for number in range(40):
        emulator.add_session(service, f"more-{number}")
    emulator.faults.add(Fault("delay", delay=0.1, operation="sessions.update", times=None))
    command = ["sessions", "close", "--service", service.sid, "--yes", "--concurrency", "2"]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        shown = terminal.wait_for(lambda text: re.search(r"\d+ left, \d+ sessions/s: ", text) is not None)
        assert re.search(
            r"\nclosing 45 sessions  0:00:\d\d\n\d+ closed\n\d+ left, \d+ sessions/s: .*s$", shown
        )
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        last = "".join(terminal.lines[-4:])
    assert "closing 45" not in terminal.text, "what was drawn is gone"
    go_on = re.search(r"go on:  (twilio-sessions sessions close --yes .*)$", last)
    assert go_on is not None
    emulator.faults.clear()
    words = go_on[1].split()[1:]
    assert "--service" not in words, "the journal says which sessions"
    done = run(*words, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0, done.stderr
    assert re.search(r"^45 sessions, \d+ of them by earlier runs; ", done.stdout, re.MULTILINE)
    assert set(statuses(emulator)) == {"closed"}


def test_without_a_terminal_somebody_has_to_say_yes(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "twilio-sessions: sessions close needs a yes: give --yes, for there is no terminal to ask at; "
        "--dry-run shows what would be done\n"
    )
    assert not emulator.requests


def test_in_a_pipe_the_result_is_on_stdout(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    assert pinned(done.stderr, emulator) == f"{PLAN}journal: j"
    assert pinned(done.stdout, emulator) == (
        "close: complete\nclosed             5\n5 sessions; 10 requests in 0.1 s; journal in j"
    )
    again = call(*command, cwd=tmp_path, **emulator.environment())
    assert again.returncode == 0
    assert "5 sessions, 5 of them by earlier runs; 0 requests in " in again.stdout
    assert "close 5 of 6 sessions: in-progress or open, as they were listed at 20" in again.stderr


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_line_for_each_session(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    refused, skipped = [each for each in service.sessions if each.status == "open"][:2]
    emulator.faults.add(
        Fault("answer", status=400, code=80701, target=refused.sid, operation="sessions.update")
    )
    emulator.faults.add(Fault("answer", status=404, code=20404, target=skipped.sid, times=None))
    command = ["sessions", "close", "--service", service.sid, "--yes", "--journal", "j", "-o", "ndjson"]
    done = call(*command, "--progress", "none", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 3
    lines = {line["sid"]: line for line in lines_of(done.stdout)}
    assert len(lines) == 5
    failed = lines[refused.sid]
    assert failed.pop("request_id").startswith("RQ")
    assert failed == {
        "outcome": "failed",
        "sid": refused.sid,
        "service_sid": service.sid,
        "unique_name": refused.unique_name,
        "why": failed["why"],
        "status": 400,
        "code": 80701,
    }
    assert lines[skipped.sid]["outcome"] == "already"
    assert (
        "close: incomplete\nclosed             3\nalready            1\nfailed             1\n" in done.stderr
    )
    assert f"failed:\n  {refused.sid} {refused.unique_name}: " in done.stderr
    assert "(HTTP 400, Twilio error 80701, request id RQ" in done.stderr
    assert done.stderr.endswith("sessions close --yes -o ndjson --progress none --journal j\n")
    again = call(
        "sessions", "close", "--journal", "j", "--yes", "-o", "ndjson", cwd=tmp_path, **emulator.environment()
    )
    assert again.returncode == 0
    assert [line["outcome"] for line in lines_of(again.stdout)].count("closed") == 4


def test_json(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    done = call(*command, "-o", "json", "--progress", "json", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    result = json.loads(done.stdout)
    del result["seconds"]
    assert result == {
        "event": "result",
        "action": "close",
        "complete": True,
        "journal": "j",
        "total": 5,
        "counts": {"closed": 5},
        "done_before": 0,
        "requests": 10,
        "undone": [],
        "resume": None,
    }
    plan, *progress = lines_of(done.stderr)
    assert (plan["event"], plan["sessions"], plan["listed"], plan["journal"]) == ("plan", 5, 6, "j")
    assert progress[-1]["event"] == "progress"
    assert (progress[-1]["seen"], progress[-1]["counts"]) == (5, {"closed": 5})


def test_dry_run_writes_nothing(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--dry-run"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    assert pinned(done.stdout, emulator) == f"{PLAN}nothing was changed: this was --dry-run"
    rows = lines_of(call(*command, "-o", "ndjson", cwd=tmp_path, **emulator.environment()).stdout)
    assert {row["unique_name"] for row in rows} == {f"ride-{number}" for number in range(5)}
    plan = json.loads(call(*command, "-o", "json", cwd=tmp_path, **emulator.environment()).stdout)
    assert (plan["action"], plan["sessions"]) == ("close", 5)
    assert statuses(emulator).count("closed") == 1
    assert not list(tmp_path.iterdir())


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
        "close 1 of 9 sessions: closed or open, idle for 12 h 0 min, older than 30 d 0 h, named old-..., "
        "among 9 SIDs\n"
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


def test_delete_wants_an_archive_or_to_be_told_that_none_is_wanted(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    command = ["sessions", "delete", "--service", service.sid, "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 2
    assert "name the archive that has the sessions with --archive, or say --without-archive" in done.stderr
    assert not emulator.requests
    told = emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    new = emulator.add_session(service, "new")
    done = call(*command, "--archive", "archive", "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 3
    assert "delete: incomplete\ndeleted            6\nskipped            1\n" in done.stdout
    assert f"skipped:\n  {new.sid} new: it is not in the archive\n" in done.stdout
    assert "sessions delete --yes --archive archive --journal j\n" in done.stdout
    done = call(*command, "--without-archive", "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 0
    assert not list(service.sessions)


def test_an_archive_that_does_not_hold(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    next((tmp_path / "archive").rglob("sessions-*")).write_bytes(b"")
    command = ["sessions", "delete", "--service", service_of(emulator).sid, "--yes", "--archive", "archive"]
    done = call(*command, "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 1
    assert (
        "twilio-sessions: archive is not a verified archive, so nothing is deleted: proxy/KS" in done.stderr
    )
    assert len(list(service_of(emulator).sessions)) == 6


def test_delete_of_one_session_is_as_before(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    told = emulator.environment()
    one = ["sessions", "delete", "ride-1", "--service", str(service.unique_name)]
    assert call(*one, cwd=tmp_path, **told).returncode == 2
    done = call(*one, "--yes", cwd=tmp_path, **told)
    assert (done.returncode, done.stderr) == (0, "deleted session ride-1\n")
    done = call(*one, "--yes", "--status", "closed", cwd=tmp_path, **told)
    assert done.returncode == 2
    assert "name one session and its --service, or say with options which sessions; not both" in done.stderr
    assert len(list(service.sessions)) == 5


def test_create_from_a_file(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    (tmp_path / "rows.csv").write_text("unique_name,ttl,participants\nride-1,,\nnew,3600,+14155550100\n")
    command = ["sessions", "create", "--service", str(service.unique_name), "--from", "rows.csv"]
    emulator.add_phone_number(service)
    told = emulator.environment()
    assert call(*command, cwd=tmp_path, **told).returncode == 2
    done = call(*command, "--dry-run", cwd=tmp_path, **told)
    assert done.stdout.startswith(f"create 2 sessions in {service.unique_name}\nfor example  participants ")
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
    assert done.stderr.startswith("twilio-sessions: rows.csv, line 2: Expected `int | null`, got `str`")


def test_create_of_one_session_is_as_before(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "create", "--service", service_of(emulator).sid, "--unique-name", "one"]
    done = call(*command, "-o", "json", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["unique_name"] == "one"
    done = call(*command, "--from", "x.csv", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 2
    assert "with --from, the file says what each session is to be" in done.stderr


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (["close", "--yes"], 2, "name a service with --service, or a journal to go on with --journal"),
        (["close", "--yes", "--journal", "nowhere"], 1, "nowhere is not the journal of a bulk change"),
        (["close", "--yes", "--service", "x", "--status", "shut"], 2, "statuses does not know 'shut'"),
        (["close", "--yes", "--service", "nowhere"], 1, "Twilio error 20404"),
        (["close", "--yes", "--service", "x", "--sids-from", "nowhere"], 1, "nowhere: No such file"),
    ],
)
def test_what_cannot_be_right(
    emulator: Emulator, tmp_path: Path, options: list[str], code: int, problem: str
):
    done = call("sessions", *options, cwd=tmp_path, **emulator.environment())
    assert done.returncode == code
    assert problem in done.stderr


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


def test_nothing_to_do(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--name-prefix", "no", "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("there is nothing to close\n")
    assert not list(tmp_path.iterdir())


def test_help_has_examples_and_exit_codes():
    for command in ("close", "delete", "create"):
        done = subprocess.run(
            [PROGRAM, "sessions", command, "--help"], capture_output=True, text=True, check=True, env=CLEAN
        )
        assert f"Example: twilio-sessions sessions {command} --service rides" in done.stdout
        assert "3 some were skipped or failed; the same command tries them again" in done.stdout

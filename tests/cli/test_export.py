"""The command `export` in pipes: what it prints, what it leaves, and with which code it ends."""

from __future__ import annotations

import itertools
import json
import os
import re
import resource
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from served import emulated
from terminal import CLEAN, PROGRAM, call, run

from twilio_sessions.emulator import EmulatorOptions, Fault, Seed
from twilio_sessions.export import RowCount, count_rows

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


def expected(emulator: Emulator) -> dict[str, RowCount]:
    counts = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    del counts["message-interactions"]
    return {name: RowCount(count, count) for name, count in counts.items()}


def test_everything_in_one_command(emulator: Emulator, tmp_path: Path):
    done = run("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout, "no colour in a pipe"
    rows = {name: count.rows for name, count in expected(emulator).items()}
    total = sum(rows.values())
    printed = re.sub(r"in [\d.]+ s \([\d,]+ rows/s\)", "in 1 s", done.stdout)
    assert printed == (
        "export to archive: complete\n"
        "account AC00000000000000000000000000000001\n"
        "                                          rows\n"
        f"proxy       services                         3\n"
        f"            phone-numbers              {rows['phone-numbers']:>7}\n"
        f"            sessions                       120\n"
        f"            participants               {rows['participants']:>7}\n"
        f"            interactions               {rows['interactions']:>7}\n"
        f"assistants  sessions                        24\n"
        f"            messages                   {rows['assistants-messages']:>7}\n"
        f"{total:,} rows in 1 s\n"
        f"{len(emulator.requests)} requests, 0 of them answered 429\n"
        "check:  twilio-sessions verify archive\n"
    )
    assert count_rows(tmp_path / "archive") == expected(emulator)


def test_the_same_command_again_asks_for_nothing(emulator: Emulator, tmp_path: Path):
    call("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    emulator.requests.clear()
    done = call("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    assert "rows, all of them read by earlier runs\n0 requests, " in done.stdout
    assert len(emulator.requests) == 0


def test_every_option_reaches_the_library(emulator: Emulator, tmp_path: Path):
    service = max(emulator.store.services, key=lambda service: len(service.sessions))
    created = sorted(session.date_created for session in service.sessions)
    after, before = created[10].isoformat(), created[-10].isoformat()
    done = call(
        *("export", "--out", "archive", "--service", service.sid, "--include", "participants"),
        *("--status", "open,closed", "--created-after", after, "--created-before", before),
        *("--compress", "none", "--concurrency", "3", "--patience", "1", "--no-rate-limit", "--to", "csv"),
        *("--part-rows", "40000"),
        cwd=tmp_path,
        **emulator.environment(),
    )
    assert done.returncode == 0, done.stderr
    wanted = {
        session.sid
        for session in service.sessions
        if session.status in {"open", "closed"} and created[10] <= session.date_created < created[-10]
    }
    lines = (tmp_path / "archive" / "proxy" / service.sid / "sessions-00000.ndjson").read_text().splitlines()
    assert {json.loads(line)["sid"] for line in lines} == wanted
    assert 0 < len(wanted) < len(created) - 20
    assert not (tmp_path / "archive" / "assistants").exists()
    assert {one.operation for one in emulator.processed} == {
        "services.list",
        "sessions.list",
        "participants.list",
    }
    assert '"part_rows":40000' in (tmp_path / "archive" / "plan.json").read_text()
    assert (tmp_path / "archive" / "csv" / "sessions.csv").read_text().count("\n") == len(wanted) + 1
    assert re.search(r"^made archive/csv of it: \d+ rows$", done.stdout, re.MULTILINE)


def test_what_was_made_of_it_is_not_made_again(emulator: Emulator, tmp_path: Path):
    command = ["export", "--out", "archive", "--to", "csv"]
    assert call(*command, cwd=tmp_path, **emulator.environment()).returncode == 0
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("archive/csv is there already, and nothing is new\n")


def test_quiet_says_nothing(emulator: Emulator, tmp_path: Path):
    done = call(
        "export", "--out", "archive", "--quiet", "--to", "ndjson", cwd=tmp_path, **emulator.environment()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_for_programs_there_is_json(emulator: Emulator, tmp_path: Path):
    done = call(
        *("export", "--out", "archive", "--progress", "json", "--to", "ndjson"),
        cwd=tmp_path,
        **emulator.environment(),
    )
    assert done.returncode == 0
    progress = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["event"] for line in progress} == {"progress"}
    assert progress[-1]["total_rows"] == sum(count.rows for count in expected(emulator).values())
    result, converted = (json.loads(line) for line in done.stdout.splitlines())
    assert (result["event"], result["complete"], result["resume"]) == ("result", True, None)
    assert result["rows"] == {name: count.rows for name, count in expected(emulator).items()}
    assert converted["event"] == "converted"
    assert converted["out"] == "archive/ndjson"


def test_lines_of_json_come_every_few_seconds(tmp_path: Path):
    options = EmulatorOptions(latency=0.2)
    with emulated(Seed(services=1, sessions=40, random_seed=5), options) as emulator:
        done = run(
            *("export", "--out", "archive", "--progress", "json", "--concurrency", "5"),
            cwd=tmp_path,
            **emulator.environment(),
        )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    times = [line["seconds"] for line in lines]
    assert len(lines) >= 3
    assert all(1.5 < after - before < 4 for before, after in itertools.pairwise(times[:-1]))
    assert any(line["listings_left"] > 0 and line["eta_seconds"] > 0 for line in lines)


def test_something_could_not_be_read_and_the_same_command_goes_on(emulator: Emulator, tmp_path: Path):
    emulator.faults.add(Fault("answer", status=400, operation="participants.list", nth=9))
    done = call("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 3
    assert done.stdout.startswith("export to archive: incomplete\n")
    named = re.search(
        r"not read to the end:\n  AC\w+/proxy/KS\w+: HTTP 400.*\(request id (RQ\w+)\)\n", done.stdout
    )
    assert named is not None
    failures = json.loads((tmp_path / "archive" / "manifest.json").read_text())["failures"]
    assert [failure["request_id"] for failure in failures] == [named[1]]
    command = re.search(r"^go on:  (.*)$", done.stdout, re.MULTILINE)
    assert command is not None
    again = subprocess.run(
        command[1],
        shell=True,
        cwd=tmp_path,
        env=CLEAN | emulator.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert count_rows(tmp_path / "archive") == expected(emulator)


def test_what_cannot_be_reached_makes_it_incomplete_and_is_not_converted(emulator: Emulator, tmp_path: Path):
    told = emulator.environment() | {"TWILIO_SESSIONS_ASSISTANTS_URL": "http://127.0.0.1:1"}
    done = call("export", "--out", "archive", "--to", "csv", cwd=tmp_path, **told)
    assert done.returncode == 3
    assert "not reached:\n  assistants: it cannot be reached: " in done.stdout
    assert not (tmp_path / "archive" / "csv").exists()
    quiet = call("export", "--out", "archive", "--to", "csv", "--quiet", cwd=tmp_path, **told)
    assert (quiet.returncode, quiet.stdout) == (3, "")
    assert quiet.stderr == "go on:  twilio-sessions export --out archive --to csv --quiet\n"


def test_credentials_that_are_refused_midway(emulator: Emulator, tmp_path: Path):
    emulator.faults.add(Fault("answer", status=401, nth=60, times=None))
    done = call("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert (
        "  Twilio does not accept the credentials, or not any more; check TWILIO_ACCOUNT_SID and"
        in done.stderr
    )
    assert done.stdout.startswith("export to archive: incomplete\n")
    assert "go on:  twilio-sessions export --out archive\n" in done.stdout
    emulator.faults.clear()
    assert call("export", "--out", "archive", cwd=tmp_path, **emulator.environment()).returncode == 0
    assert count_rows(tmp_path / "archive") == expected(emulator)


def test_credentials_that_are_refused_at_once(emulator: Emulator, tmp_path: Path):
    told = emulator.environment() | {"TWILIO_AUTH_TOKEN": "canary-9d1"}
    done = call("export", "--out", "archive", cwd=tmp_path, **told)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("twilio-sessions: HTTP 401, Twilio error 20003: ")
    assert "  Twilio does not accept the credentials" in done.stderr
    assert "canary-9d1" not in done.stderr


def test_a_folder_of_another_export_is_refused_with_the_difference(emulator: Emulator, tmp_path: Path):
    call("export", "--out", "archive", "--include", "messages", cwd=tmp_path, **emulator.environment())
    done = call("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (1, "")
    assert "archive belongs to another export: include was (" in done.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "holiday.jpg").touch()
    done = call("export", "--out", "mine", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 1
    assert "mine holds holiday.jpg and is no archive; name a new or an empty folder" in done.stderr


def test_two_at_once_are_one_too_many(tmp_path: Path):
    options = EmulatorOptions(latency=0.5)
    with emulated(Seed(services=1, sessions=60, random_seed=5), options) as emulator:
        environ = CLEAN | emulator.environment()
        command = [PROGRAM, "export", "--out", "archive", "--concurrency", "1"]
        with subprocess.Popen(command, cwd=tmp_path, env=environ, stderr=subprocess.PIPE) as first:
            while not (tmp_path / "archive" / ".lock").exists():
                time.sleep(0.01)
            second = run(*command[1:], cwd=tmp_path, **emulator.environment())
            first.terminate()
        assert first.returncode == 143
    assert second.returncode == 1
    assert second.stderr == (
        "twilio-sessions: archive is being written to by another process; "
        "wait until it has ended, or export to another folder\n"
    )


def test_a_full_disk_is_said_and_the_same_command_goes_on(emulator: Emulator, tmp_path: Path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))

    done = subprocess.run(
        [PROGRAM, "export", "--out", "archive"],
        cwd=tmp_path,
        # Nothing else is to be written by it, such as what it covered.
        env={"PATH": CLEAN["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | emulator.environment(),
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert "a file may not grow that large here (ulimit -f); raise that limit" in done.stderr
    assert "go on:  twilio-sessions export --out archive\n" in done.stdout
    assert "Traceback" not in done.stderr
    assert run("export", "--out", "archive", cwd=tmp_path, **emulator.environment()).returncode == 0
    assert count_rows(tmp_path / "archive") == expected(emulator)


@pytest.mark.skipif(sys.platform != "linux", reason="there is a folder here that not even root may write to")
def test_a_folder_that_cannot_be_written_to(emulator: Emulator, tmp_path: Path):
    out = tmp_path / "locked"
    out.mkdir(mode=0o500)
    where = "/sys/kernel" if os.geteuid() == 0 else str(out)
    done = call("export", "--out", f"{where}/archive", cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"twilio-sessions: {where}/archive: ")
    assert "name " in done.stderr.splitlines()[1]
    assert len(done.stderr.splitlines()) == 2


def test_429s_are_counted_and_not_logged(emulator: Emulator, tmp_path: Path):
    emulator.faults.add(Fault("answer", status=429, nth=20, times=3))
    done = run("export", "--out", "archive", cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert " requests, 3 of them answered 429\n" in done.stdout


def test_an_unreachable_twilio_is_three_lines(tmp_path: Path):
    environ = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "canary-9d1",
        "TWILIO_SESSIONS_PROXY_URL": "http://127.0.0.1:1",
    }
    done = call("export", "--out", "x", cwd=tmp_path, **environ)
    assert (done.returncode, done.stdout) == (1, "")
    first, second, third = done.stderr.splitlines()
    assert first == (
        "twilio-sessions: cannot connect to 127.0.0.1:1: refused "
        "[GET http://127.0.0.1:1/v1/Services?PageSize=100; the request was not processed]"
    )
    assert second.startswith("  after 5 attempts in ")
    assert third == "  check TWILIO_SESSIONS_PROXY_URL and the network"
    assert "canary-9d1" not in done.stderr


@pytest.mark.parametrize("redirected", [["stdout"], ["stdout", "stderr"]])
def test_nobody_reads_what_it_prints(emulator: Emulator, tmp_path: Path, redirected: list[str]):
    program = subprocess.Popen(
        [PROGRAM, "export", "--out", "archive", "--progress", "json"],
        cwd=tmp_path,
        env=CLEAN | emulator.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        assert program.stdout is not None
        assert program.stderr is not None
        for name in redirected:
            getattr(program, name).close()
        said = "" if "stderr" in redirected else program.stderr.read()
        assert program.wait(30) == 141
    assert [line for line in said.splitlines() if not line.startswith("{")] == []
    assert count_rows(tmp_path / "archive") == expected(emulator), "and it is there all the same"

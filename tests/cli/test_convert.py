"""The commands `convert` and `cat`, run as a person or a script runs them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from measuring import unmeasured
from specimens import ROWS, SESSIONS, row
from written import written

from twilio_sessions.cli._app import run as run_here
from twilio_sessions.export import Skipped

# It reads its arguments where programs find them.
pytestmark = pytest.mark.filterwarnings("ignore:Cyclopts application invoked without tokens")

PROGRAM = shutil.which("twilio-sessions", path=str(Path(sys.executable).parent)) or "twilio-sessions"
KEPT = ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")
CLEAN = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONWARNINGS": "error"}


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, *map(str, arguments)]
    return subprocess.run(command, env=CLEAN, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("cli") / "archive", ROWS).path


def test_convert_says_what_it_made(archive: Path, tmp_path: Path):
    done = run("convert", archive, "--to", "csv", "--out", tmp_path / "made")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[2].split() == ["sessions", "9", "5", "with", "something", "in", "the", "column", "extra"]
    assert lines[-1].startswith(f"made {tmp_path / 'made'}: 45 rows, 0.")
    assert (tmp_path / "made" / "sessions.csv").exists()
    again = run("convert", archive, "--to", "csv", "--out", tmp_path / "made")
    assert (again.returncode, again.stdout) == (2, "")
    assert "made exists, and nothing is written over; move it away, or name another place" in again.stderr


def test_convert_leaves_cells_alone_on_request(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made = str(tmp_path / "made")
    arguments = ["twilio-sessions", "convert", str(archive), "--to", "csv", "--csv-raw", "--out", made]
    monkeypatch.setattr(sys, "argv", arguments)
    assert run_here() == 0
    assert '"=1+1"' in (tmp_path / "made" / "participants.csv").read_text(encoding="utf-8")


def test_convert_says_that_the_archive_is_not_complete(tmp_path: Path):
    left_out = [Skipped("assistants", "it cannot be reached", is_gone=False)]
    written(tmp_path / "a", {("proxy", "sessions"): [b'{"sid": "KC1"}']}, skipped=left_out)
    done = run("convert", tmp_path / "a", "--to", "ndjson")
    assert done.returncode == 3
    assert "is not complete: what its export has not read yet is missing here, too" in done.stderr
    assert (tmp_path / "a" / "ndjson" / "sessions.ndjson").exists()


def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path):
    lines = [row(sid=f"KC{number}", unique_name="x" * 200) for number in range(200_000)]
    path = written(tmp_path / "a", {("proxy", "sessions"): lines}, frame=10_000).path
    before = set(path.rglob("*"))
    with subprocess.Popen(
        [PROGRAM, "convert", str(path), "--to", "csv"],
        env=unmeasured(CLEAN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        begun = time.monotonic() + 30
        while not list(path.glob(".csv.tmp/content/*")) and time.monotonic() < begun:
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        _, complaint = program.communicate(timeout=30)
    assert program.returncode == 130
    assert complaint == f"interrupted; nothing was made of {path}\n"
    assert set(path.rglob("*")) == before


def test_cat_prints_rows(archive: Path):
    done = run("cat", archive, "sessions")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.encode() == b"".join(line + b"\n" for line in SESSIONS)
    done = run("cat", archive, "sessions", "--product", "assistants")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["mine"]


def test_cat_is_silent_when_nobody_reads(tmp_path: Path):
    lines = [row(sid=f"KC{number}", unique_name="x" * 100) for number in range(100_000)]
    written(tmp_path / "a", {("proxy", "sessions"): lines}, frame=10_000)
    command = [PROGRAM, "cat", str(tmp_path / "a"), "sessions"]
    with subprocess.Popen(command, env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert json.loads(program.stdout.readline())["sid"] == "KC0"
        program.stdout.close()
        assert program.stderr.read() == b""
        assert program.wait(timeout=30) == 141


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["cat", "{}", "sesions"], 2, "there is no resource 'sesions'; known are services"),
        (["cat", "{}", "message-interactions"], 2, "was exported without message-interactions of proxy"),
        (["cat", "{}/proxy", "sessions"], 1, "this is no archive"),
        (["convert", "{}/proxy", "--to", "csv"], 1, "this is no archive"),
        (["convert", "{}", "--to", "ndjson", "--csv-raw"], 2, "--csv-raw is for csv"),
        (["convert", "{}", "--to", "xlsx"], 2, "parquet"),
    ],
)
def test_mistakes_are_explained(
    archive: Path,
    arguments: list[str],
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr(sys, "argv", ["twilio-sessions", *(each.format(archive) for each in arguments)])
    assert run_here() == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in " ".join(printed.err.split())


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
from twilio_sessions.cli import main
main()
"""


@pytest.mark.parametrize("to", ["csv", "ndjson", "parquet", "duckdb"])
def test_where_there_is_no_room_nothing_is_left(tmp_path: Path, to: str):
    if to in ("parquet", "duckdb"):
        package = "pyarrow" if to == "parquet" else "duckdb"
        pytest.importorskip(package, reason=f"{package} is not there: NOT TESTED is {to}")
    lines = [row(sid=f"KC{number}", unique_name=secrets.token_hex(200)) for number in range(2000)]
    path = written(tmp_path / "a", {("proxy", "sessions"): lines}).path
    before = set(tmp_path.rglob("*"))
    command = [
        sys.executable,
        "-c",
        LIMITED,
        "convert",
        str(path),
        "--to",
        to,
        "--out",
        str(tmp_path / "made"),
    ]
    # Coverage could not write either, and would say so.
    bare = {name: value for name, value in CLEAN.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        f"twilio-sessions: {tmp_path / 'made'}: File too large",
        "  a file may not grow that large here (ulimit -f); raise that limit",
    ]
    assert set(tmp_path.rglob("*")) == before

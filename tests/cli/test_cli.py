"""The installed program, run as a person or a script runs it: in a pipe, in a terminal, with mistakes."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO
from urllib.request import Request, urlopen

import pytest

PROGRAM = shutil.which("twilio-sessions", path=str(Path(sys.executable).parent))
KEPT = ("PATH", "HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")
CLEAN = {name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONWARNINGS": "error"}


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    assert PROGRAM is not None, "the package is not installed beside this Python"
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=CLEAN | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_demo_does_the_whole_job(tmp_path: Path):
    done = run("demo", "--services", "5", "--sessions", "300", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "every row arrived exactly once" in done.stderr
    assert re.search(r"^sessions +300 +300 +ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^[\d,]+ rows in [\d.]+ s \([\d,]+ rows/s\)$", done.stdout, re.MULTILINE)
    folder = tmp_path / re.search(r"^files are in (.+)$", done.stdout, re.MULTILINE)[1]  # type: ignore[index]
    lines = [
        line for path in folder.glob("proxy/*/sessions.ndjson") for line in path.read_text().splitlines()
    ]
    assert len({json.loads(line)["sid"] for line in lines}) == 300


def test_the_demo_as_a_person_sees_it(tmp_path: Path):
    assert PROGRAM is not None
    controller, terminal = pty.openpty()
    program = subprocess.Popen(
        [PROGRAM, "demo", "--sessions", "400"],
        cwd=tmp_path,
        env=CLEAN | {"TERM": "xterm-256color", "COLUMNS": "100"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while chunk := _read(controller):
        seen += chunk
    os.close(controller)
    assert program.wait(timeout=30) == 0
    text = seen.decode()
    assert "\x1b[" in text, "a terminal gets colour and a moving bar"
    assert "exporting rows" in text
    assert "every row arrived exactly once" in text


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


def _variables(lines: IO[str]) -> dict[str, str]:
    return dict(line.rstrip("\n").split("=", 1) for line in (next(lines) for _ in range(4)))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_emulator_in_one_shell_and_an_export_in_another(tmp_path: Path, ending: signal.Signals):
    assert PROGRAM is not None
    with subprocess.Popen(
        [PROGRAM, "emulator", "--port", "0", "--services", "3", "--sessions", "40", "--random-seed", "5"],
        env=CLEAN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        assert emulator.stderr is not None
        try:
            told = _variables(emulator.stdout)
            done = run("export", "--out", "archive", "--include", "participants", cwd=tmp_path, **told)
            with pytest.raises(OSError, match="401"):
                urlopen(Request(told["TWILIO_SESSIONS_PROXY_URL"] + "/v1/Services"))
        finally:
            emulator.send_signal(ending)
        assert emulator.wait(timeout=10) == 0
        assert emulator.stderr.read() == "a local Twilio with 3 services and 40 sessions; Ctrl-C ends it\n"
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no bar where there is no terminal"
    assert re.search(r"^sessions +40$", done.stdout, re.MULTILINE)
    assert len(list((tmp_path / "archive").rglob("participants.ndjson"))) == 3
    assert not list((tmp_path / "archive").rglob("interactions.ndjson"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["export", "--out", "x"], 2, "twilio-sessions: no credentials: set TWILIO_ACCOUNT_SID and"),
        (["export"], 2, "--out requires an argument"),
        (["exprot"], 2, "exprot"),
        (["emulator", "--port", "http"], 2, "Invalid value for --port"),
        (["emulator", "--port", "0", "--account-sid", "AC1"], 2, "twilio-sessions: not an account SID"),
        (["demo", "--sessions", "-1"], 2, "twilio-sessions: "),
    ],
)
def test_a_mistake_is_explained_in_a_few_lines(tmp_path: Path, arguments: list[str], code: int, message: str):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout == ""
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 5


def test_an_unreachable_twilio_is_two_lines(tmp_path: Path):
    environ = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "canary-9d1",
        "TWILIO_SESSIONS_PROXY_URL": "http://127.0.0.1:1",
    }
    done = run("export", "--out", "x", cwd=tmp_path, **environ)
    assert done.returncode == 1
    assert "GET http://127.0.0.1:1/v1/Services?PageSize=100; the request was not processed]" in done.stderr
    assert done.stderr.splitlines()[1].startswith("  after 5 attempts in ")
    assert len(done.stderr.splitlines()) == 2
    assert "canary-9d1" not in done.stderr + done.stdout


def test_a_port_in_use_is_said(tmp_path: Path):
    import socket  # noqa: PLC0415 - for this test alone

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("emulator", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 1
    assert str(taken) not in done.stderr
    assert "in use" in done.stderr


def test_help_has_an_example_for_each_command(tmp_path: Path):
    assert run("--version", cwd=tmp_path).stdout.strip() == "0.1.0"
    for command in ("demo", "export", "emulator"):
        text = " ".join(run(command, "--help", cwd=tmp_path).stdout.split())
        assert f"Example: twilio-sessions {command}" in text


def test_without_its_libraries_the_command_says_what_to_install(tmp_path: Path):
    script = (
        "import sys; sys.modules['cyclopts'] = None; sys.modules['rich'] = None\n"
        "import importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name in ('cyclopts', 'rich') else found(name, *a)\n"
        "from twilio_sessions.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 1
    assert done.stderr == (
        "twilio-sessions: the command line needs cyclopts and rich; "
        "install them with: pip install 'twilio-sessions[cli]'\n"
    )

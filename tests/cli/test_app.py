"""The program as a whole: help, mistakes, codes, and ends that nobody wants to see."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from terminal import CLEAN, PROGRAM, call, run

from twilio_sessions.cli import _codes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "--out", "x"], "twilio-sessions: no credentials: set TWILIO_ACCOUNT_SID and"),
        (["export"], "--out requires an argument"),
        (["exprot"], "exprot"),
        (["export", "--out", "x", "--compress", "gzip"], 'Invalid value "gzip" for --compress'),
        (
            ["export", "--out", "x", "--product", "video"],
            "products does not know 'video'",
        ),
        (["export", "--out", "x", "--status", "ajar"], "statuses does not know 'ajar'"),
        (
            ["export", "--out", "x", "--created-after", "soon"],
            "--created-after must be a date such as 2026-01-31",
        ),
        (
            ["export", "--out", "x", "--created-after", "2026-02-01", "--created-before", "2026-01-01"],
            "created_after must be before created_before",
        ),
        (["emulator", "--port", "http"], "Invalid value for --port"),
        (["emulator", "--port", "0", "--account-sid", "AC1"], "twilio-sessions: not an account SID"),
        (["demo", "--sessions", "-1"], "twilio-sessions: "),
    ],
)
def test_a_mistake_is_explained_in_a_few_lines(tmp_path: Path, arguments: list[str], message: str):
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 5
    assert list(tmp_path.iterdir()) == []


def test_a_port_in_use_is_said(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = call("emulator", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_help_has_an_example_for_each_command_and_says_what_codes_mean(tmp_path: Path):
    assert call("--version", cwd=tmp_path).stdout.strip() == "0.1.0"
    for command in ("demo", "export", "emulator"):
        text = " ".join(call(command, "--help", cwd=tmp_path).stdout.split())
        assert f"Example: twilio-sessions {command}" in text
        if command == "export":
            codes = _codes.OK, _codes.FAILED, _codes.USAGE, _codes.INCOMPLETE, _codes.INTERRUPTED
            assert all(re.search(rf"Exit codes: .*• {code} ", text) for code in codes)
            assert f"{_codes.TERMINATED} by SIGTERM" in text


def test_help_fits_into_eighty_columns_also_in_a_pipe(tmp_path: Path):
    assert max(map(len, run("export", "--help", cwd=tmp_path).stdout.splitlines())) <= 80


def test_nobody_reads_the_help(tmp_path: Path):
    command = ["sh", "-c", "twilio-sessions export --help | true; twilio-sessions --help | head -1"]
    done = subprocess.run(command, cwd=tmp_path, env=CLEAN, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    with subprocess.Popen(
        [PROGRAM, "--help"], env=CLEAN, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == _codes.BROKEN_PIPE


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

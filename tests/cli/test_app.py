"""The program as a whole: help, mistakes, codes, and ends that nobody wants to see."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from terminal import CLEAN, PROGRAM, call, run

from twilio_sessions.cli import _codes
from twilio_sessions.cli._app import app

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import cyclopts

    from twilio_sessions.emulator import Emulator


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["export", "--out", "x"], "twilio-sessions: no credentials: set TWILIO_ACCOUNT_SID and"),
        (["export", "--out", "x", "--compress", "gzip"], 'invalid value "gzip" for --compress'),
        (
            ["export", "--out", "x", "--product", "video"],
            "--product does not know 'video'",
        ),
        (["export", "--out", "x", "--status", "ajar"], "--status does not know 'ajar'"),
        (
            ["export", "--out", "x", "--created-after", "soon"],
            "--created-after must be a date such as 2026-01-31",
        ),
        (
            ["export", "--out", "x", "--created-after", "2026-02-01", "--created-before", "2026-01-01"],
            "--created-after must be before ",
        ),
        (["emulator", "--port", "http"], "invalid value for --port"),
        (["emulator", "--port", "0", "--host", "x" * 70], "twilio-sessions: --host is no name of a host: "),
        (["emulator", "--port", "0", "--host", "192.0.2.1"], "that is no address of this machine"),
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
        port = taken.getsockname()[1]
        done = call("emulator", "--port", str(port), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"twilio-sessions: cannot listen on 127.0.0.1:{port}: the port is taken; choose another one, or 0 "
        "for any that is free (--host, --port)\n"
    )


def shell(line: str, folder: Path, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=CLEAN | dict(environ or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_closed_output_is_said_before_anything_is_done(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    code, _, errors = shell("twilio-sessions services create --unique-name x >&-", tmp_path, told)
    assert code == 2
    assert errors.startswith("twilio-sessions: standard output is closed, ")
    assert len(errors.splitlines()) == 1
    assert len(emulator.requests) == 0
    assert shell("twilio-sessions services list >&- 2>&-", tmp_path, told) == (2, "", "")


def test_closed_remarks_and_a_closed_input_are_no_matter(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    line = "twilio-sessions services create --unique-name x --dry-run -o table 2>&-"
    assert shell(line, tmp_path, told) == (0, "POST /v1/Services\n  UniqueName: x\n", "")
    code, _, errors = shell("twilio-sessions services delete x <&-", tmp_path, told)
    assert code == 2
    assert "there is no terminal to ask at" in errors


@pytest.mark.parametrize("line", ["services list", "services list -o table", "--help", "completion bash"])
def test_a_full_disk_is_said_in_two_lines(emulator: Emulator, tmp_path: Path, line: str):
    if not Path("/dev/full").exists():
        pytest.skip("NO /dev/full HERE")
    code, _, errors = shell(f"twilio-sessions {line} > /dev/full", tmp_path, emulator.environment())
    assert code == _codes.FAILED
    first, second = errors.splitlines()
    assert first in {
        "twilio-sessions: No space left on device",
        "twilio-sessions: standard output: No space left on device",
    }
    assert second == "  the disk is full; free some space"


def test_a_table_in_a_pipe_has_no_blanks_at_the_ends_of_lines(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    for line in ("services list -o table", "doctor -o table", "export --out x --estimate", "export --help"):
        code, printed, _ = shell(f"twilio-sessions {line}", tmp_path, told)
        assert code == 0
        assert len(printed.splitlines()) > 3
        assert not re.search(r" $", printed, re.MULTILINE), line


def commands(group: cyclopts.App = app, *words: str) -> Iterator[tuple[str, ...]]:
    """Return the words of every command, those of groups included."""
    for name in group:
        if not name.startswith("-"):
            yield (*words, name)
            yield from commands(group[name], *words, name)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_the_help_of_each_command_has_an_example_and_fits_into_eighty_columns(
    words: tuple[str, ...], tmp_path: Path
):
    printed = call(*words, "--help", cwd=tmp_path).stdout
    assert max(map(len, printed.splitlines())) <= 80
    text = " ".join(printed.split())
    assert f"Example: twilio-sessions {' '.join(words)}" in text
    # What Python calls a type or a default says nothing to a person.
    assert not re.search("TIMEDELTA|None|False", text)


def test_help_says_what_codes_mean(tmp_path: Path):
    assert call("--version", cwd=tmp_path).stdout.strip() == "0.1.0"
    text = " ".join(call("export", "--help", cwd=tmp_path).stdout.split())
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

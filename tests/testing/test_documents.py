"""docs/emulator.md is true: its commands run as written, its tables are complete; so is README's test."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import attrs
import pytest
from once import once

from twilio_sessions.emulator import Fault
from twilio_sessions.emulator import __main__ as program
from twilio_sessions.emulator import _control as control
from twilio_sessions.emulator._fault import Do

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
CURL_PART, NODE_PART = PAGE.split("## From twilio-node")
# A fence's language, and what is in it.
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

MARK = "== the next block =="


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What the commands of the page find: this Python, and a curl that fails where there is an error."""
    (tmp_path / ".curlrc").write_text("silent\nshow-error\nfail\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "CURL_HOME": str(tmp_path), "PYTHONWARNINGS": "error"}


@pytest.fixture
def started(tmp_path: Path, environ: dict[str, str], port: int) -> Iterator[None]:
    """The first command of the page, at another port."""
    command = BLOCK.findall(PAGE)[0][1].strip().replace("8080", str(port))
    process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=tmp_path, env=environ)
    deadline = time.monotonic() + 20
    while (tmp_path / "variables").read_text().count("\n") < 4 if (tmp_path / "variables").exists() else True:
        assert process.poll() is None, "it ended"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield
    process.terminate()
    assert process.wait(timeout=10) == 0


def run(part: str, port: int, folder: Path, environ: dict[str, str]) -> list[tuple[str, str, str]]:
    """Run the shell commands of a part in one shell; return what each block printed, and should have."""
    blocks = [(kind, text.replace("8080", str(port))) for kind, text in BLOCK.findall(part)]
    commands = [
        (text, *_expected(blocks, index)) for index, (kind, text) in enumerate(blocks) if kind == "console"
    ]
    script = f"echo '{MARK}'\n".join(f"{text}\n" for text, _, _ in commands)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.split(f"{MARK}\n")
    return [(said, kind, wanted) for said, (_, kind, wanted) in zip(printed, commands, strict=True)]


def _expected(blocks: list[tuple[str, str]], index: int) -> tuple[str, str]:
    following = blocks[index + 1] if index + 1 < len(blocks) else ("", "")
    return following if following[0] in {"json", "text"} else ("", "")


def check(answers: list[tuple[str, str, str]]) -> None:
    for said, kind, wanted in answers:
        if kind == "text":
            assert said == wanted
        elif kind == "json":
            assert_like(json.loads(said.splitlines()[-1]), json.loads(wanted))


def assert_like(said: Any, wanted: Any) -> None:
    """Compare, except where the page has dots: as a value for anything, as a key for further keys."""
    if isinstance(wanted, dict):
        shown = {key: value for key, value in wanted.items() if key != "..."}
        assert set(said) >= set(shown) if "..." in wanted else set(said) == set(shown)
        for key, value in shown.items():
            assert_like(said[key], value)
    elif isinstance(wanted, list):
        assert len(said) == len(wanted)
        for one, other in zip(said, wanted, strict=True):
            assert_like(one, other)
    elif wanted != "...":
        assert said == wanted


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="NO BASH OR NO CURL HERE")
@pytest.mark.usefixtures("started")
def test_every_command_runs_as_written(tmp_path: Path, environ: dict[str, str], port: int):
    variables = BLOCK.findall(PAGE)[1][1].replace("8080", str(port))
    assert (tmp_path / "variables").read_text() == variables
    # The first command is running.
    after_start = CURL_PART.split("## Speak to it")[1]
    answers = run(after_start, port, tmp_path, environ)
    assert sum(bool(kind) for _, kind, _ in answers) == 8
    check(answers)


def install_twilio_node(folder: Path, environ: dict[str, str]) -> None:
    """Install the library that the page names; where that cannot be done, skip, and say so."""
    command = BLOCK.findall(NODE_PART)[0][1].split()
    try:
        done = subprocess.run(
            [*command, "--ignore-scripts"],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
    except subprocess.TimeoutExpired:
        pytest.skip("TWILIO-NODE IS NOT TESTED: npm takes longer than 90 seconds to install it")
    if done.returncode:
        pytest.skip(f"TWILIO-NODE IS NOT TESTED: npm cannot install it: {done.stderr.strip()[-300:]}")


@once
@pytest.mark.timeout(180)
@pytest.mark.skipif(
    not (shutil.which("node") and shutil.which("npm")),
    reason="TWILIO-NODE IS NOT TESTED: NO NODE OR NO NPM HERE",
)
@pytest.mark.usefixtures("started")
def test_twilio_node_is_at_home(tmp_path: Path, environ: dict[str, str], port: int):
    (tmp_path / "package.json").write_text('{"private": true}')
    install_twilio_node(tmp_path, environ)
    install, script, *_ = BLOCK.findall(NODE_PART)
    (tmp_path / script[1].split()[1]).write_text(script[1])
    load = "```console\nset -a; . ./variables; set +a\n```\n"
    answers = run(load + NODE_PART.replace(f"```console\n{install[1]}```", ""), port, tmp_path, environ)
    assert [kind for _, kind, _ in answers] == ["", "text"]
    check(answers)


def test_the_flags_are_all_there():
    flags = {flag for action in program._parser()._actions for flag in action.option_strings}  # noqa: SLF001
    start = PAGE.split("## Speak to it")[0]
    shown = {
        flag
        for line in start.splitlines()
        if line.startswith("| `--")
        for flag in re.findall(r"`(--\S+)`", line)
    }
    assert shown == flags - {"-h", "--help"}


def test_the_endpoints_are_all_there():
    shown = re.findall(r"^\| `(\w+) (/__emulator__/\w*)` \|", PAGE, re.MULTILINE)
    assert shown == [tuple(line.split()[:2]) for line in control._HELP]  # noqa: SLF001 - what it says of itself


def test_the_faults_are_all_there():
    faults = PAGE.split("## Faults")[1].split("## From")[0]
    rows = [line.split("|") for line in faults.splitlines() if line.startswith("| `")]
    known = {
        name for row in rows for cell in (row[1], row[3] if len(row) > 4 else "") for name in named(cell)
    }
    assert known >= {field.name for field in attrs.fields(Fault) if field.name != "do"}
    assert {name for row in rows if len(row) > 4 for name in named(row[1])} - {"do"} == set(get_args(Do))


def named(cell: str) -> list[str]:
    return re.findall(r"`([\w-]+)`", cell)

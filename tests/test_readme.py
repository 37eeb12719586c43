"""README.md is true: its Python runs as written, its two commands are what CI runs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from complaints import complaints_in

from twilio_sessions.emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("python"))))
async def test_an_example_runs_as_written(number: int, tmp_path: Path):
    def example(environ: dict[str, str]) -> Callable[[], subprocess.CompletedProcess[str]]:
        command = [sys.executable, "-W", "error", "-c", blocks("python")[number]]
        return lambda: subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=30
        )

    async with Emulator() as emulator:
        done = await anyio.to_thread.run_sync(example(dict(os.environ) | dict(emulator.environment())))
    assert done.returncode == 0, done.stderr
    assert complaints_in(done.stderr) == ""


def test_ci_runs_the_two_commands():
    demo, tests = blocks("console")[0].splitlines()
    ran = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert tests in ran
    assert any(line.startswith(demo) for line in ran)


def test_the_commands_shown_exist():
    lines = [line for block in blocks("console")[1:] for line in block.splitlines()]
    shown = {line.split()[1] for line in lines if line.startswith("twilio-sessions ")}
    listed = subprocess.run(
        [Path(sys.executable).parent / "twilio-sessions", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == {"emulator", "export"}
    assert all(command in listed for command in shown)

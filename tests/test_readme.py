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
from once import documents
from served import served
from terminal import CLEAN, run

from twilio_sessions.emulator import Emulator, Seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@documents
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


def shown(lines: Iterable[str]) -> list[str]:
    return [line for line in lines if line.startswith("twilio-sessions ")]


COMMANDS = shown(line for block in blocks("console")[1:] for line in block.splitlines())


def test_the_commands_shown_exist(tmp_path: Path):
    listed = run("--help", cwd=tmp_path).stdout
    of_archives = {"cat", "convert", "export", "verify"}
    of_resources = {"doctor", "services", "sessions"}
    assert {line.split()[1] for line in COMMANDS} == of_archives | of_resources | {"emulator"}
    assert all(line.split()[1] in listed for line in COMMANDS)


@documents
def test_the_commands_run_one_after_the_other(tmp_path: Path):
    (tmp_path / "accounts.toml").write_text(blocks("toml")[0])
    key = "SK" + "0" * 31 + "2"
    emulator = Emulator(seed=Seed(services=3, sessions=30), api_keys={key: "a secret"})
    with served(emulator):
        told = emulator.environment()
        environ = CLEAN | told | {"PRODUCTION_TOKEN": told["TWILIO_AUTH_TOKEN"], "STAGING_SECRET": "a secret"}
        for line in COMMANDS:
            if line.split()[1] == "emulator":
                continue  # It runs until it is interrupted; its own tests run it.
            done = subprocess.run(
                ["sh", "-c", line], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), line
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == re.findall(
        r'account_sid = "(.*)"', blocks("toml")[0]
    )
    layout = next(block for block in blocks("text") if "archive/manifest.json" in block)
    for line in layout.splitlines():
        assert list(tmp_path.glob(line.split()[0])), line


def test_exit_codes_are_those_of_the_help(tmp_path: Path):
    listed = run("export", "--help", cwd=tmp_path).stdout
    table = re.findall(r"^\| ([\d, ]+) \| (.*?)[:;] |^\| (0) \| (complete)", README, re.MULTILINE)
    codes = {code for row in table for code in (row[0] or row[2]).split(", ")}
    assert codes == {"0", "1", "2", "3", "130", "143"}
    assert all(re.search(rf"• {code} |, {code} by", listed) for code in codes)

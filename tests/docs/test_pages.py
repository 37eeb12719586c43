"""The pages of docs/ are true: what they show runs as written, and prints what they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest
from complaints import complaints_in
from once import documents
from pages import DOCS, PAGES, TESTED_ELSEWHERE, Block, blocks_of
from served import served
from terminal import CLEAN

from twilio_sessions.emulator import Emulator, Seed

if TYPE_CHECKING:
    from pathlib import Path

ROOT = DOCS.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# What is only looked up: it installs something, serves until it is interrupted, or belongs to another shell.
LOOKED_UP = ("pip", "nox", "git", "set", "python3", "celery", "flask", "pre-commit")
NEEDED = ("django", "flask", "celery")


def fails(block: Block, page: str, done: subprocess.CompletedProcess[str]) -> str:
    return f"docs/{page}, line {block.line}:\n{done.stdout}{done.stderr}"


def run_block(block: Block, page: str, folder: Path, environ: dict[str, str]) -> None:
    if block.title:
        path = folder / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        return
    if block.kind == "python":
        command = [sys.executable, "-W", "error", "-c", block.text]
    elif block.kind == "console":
        lines = [line for line in block.text.splitlines() if not looked_up(line)]
        command = ["bash", "-euo", "pipefail", "-c", "\n".join(lines)]
    else:
        return
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, fails(block, page, done)
    # unittest reports where complaints go.
    assert "unittest" in block.text or complaints_in(done.stderr) == "", fails(block, page, done)
    if block.printed:
        assert done.stdout == block.printed, fails(block, page, done)


def looked_up(line: str) -> bool:
    """Look up what a line names, if it is not to be run; a line that is neither is run."""
    words = line.split()
    if not words or words[0].startswith("#") or words[0] not in LOOKED_UP:
        return words[:2] == ["twilio-sessions", "emulator"]
    for extras in re.findall(r"twilio-sessions\[([\w,]+)\]", line):
        assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"]), line
    if words[0] == "nox":
        source = (ROOT / "noxfile.py").read_text(encoding="utf-8")
        names = re.findall(r"^def (\w+)\(session", source, re.MULTILINE)
        assert {word for word in words[2:] if word != "--" and not word.startswith("-")} <= set(names), line
    return True


@documents
@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_as_written(page: str, tmp_path: Path):
    blocks = blocks_of(page)
    for name in NEEDED:
        if any(f"import {name}" in one.text or f"from {name}" in one.text for one in blocks):
            pytest.importorskip(name, reason=f"{name} is not there: docs/{page} IS NOT TESTED")
    emulator = Emulator(seed=Seed(services=2, sessions=30, random_seed=1))
    with served(emulator):
        rides = emulator.add_service("rides", phone_numbers=6)
        environ = CLEAN | emulator.environment() | {"RIDES_SERVICE": rides.sid, "LANG": "C.UTF-8"}
        environ["PYTEST_ADDOPTS"] = "-p no:asyncio -p no:cacheprovider"  # whatever else is installed here
        for block in blocks:
            run_block(block, page, tmp_path, environ)


def test_other_pages_have_tests_of_their_own():
    for page, test in TESTED_ELSEWHERE.items():
        if (DOCS / page).exists():
            path = ROOT / test
            files = path.rglob("test_*.py") if path.is_dir() else [path]
            assert any(page in one.read_text(encoding="utf-8") for one in files), page


def test_every_page_can_be_found():
    navigation = (DOCS / "zensical.toml").read_text(encoding="utf-8")
    made = {"changelog.md", "contributing.md"}
    listed = set(re.findall(r'"([\w/-]+\.md)"', navigation))
    there = {str(one.relative_to(DOCS)) for one in DOCS.rglob("*.md") if "examples" not in one.parts}
    assert listed - made == there
    assert shutil.which("bash", path=os.environ["PATH"]), "the commands of the pages need bash"

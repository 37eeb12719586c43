"""What is published is whole: the sdist makes the wheel that this tree makes, and it works by itself."""

from __future__ import annotations

import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from installing import ROOT, clean_run, environment, wheel_of
from once import once

import twilio_sessions

if TYPE_CHECKING:
    from pathlib import Path


def contents(wheel: Path) -> set[str]:
    """Name the files of a wheel."""
    with zipfile.ZipFile(wheel) as files:
        return set(files.namelist())


@once
@pytest.mark.timeout(250)
def test_the_sdist_is_all_it_takes(tmp_path: Path):
    for name in ("tree", "sdist", "elsewhere"):
        (tmp_path / name).mkdir()
    build = (sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path / "sdist")
    clean_run(*build, ROOT, folder=tmp_path)
    (sdist,) = (tmp_path / "sdist").glob("*.tar.gz")
    wheel = wheel_of(sdist, tmp_path / "sdist")
    inside = contents(wheel)
    assert inside == contents(wheel_of(ROOT, tmp_path / "tree"))
    assert "twilio_sessions/py.typed" in inside
    assert not [name for name in inside if "_tools" in name or name.startswith(("tests", "docs"))]

    programs = environment(tmp_path / "env", f"{wheel}[cli]")
    there = tmp_path / "elsewhere"
    assert clean_run(programs / "twilio-sessions", "--version", folder=there).strip() == (
        twilio_sessions.__version__
    )
    demo = (programs / "twilio-sessions", "demo", "--services", "2", "--sessions", "40", "--out", "archive")
    assert "complete" in clean_run(*demo, folder=there)
    clean_run(programs / "twilio-sessions", "verify", "archive", folder=there)
    clean_run(programs / "python", "-m", "twilio_sessions.emulator", "--help", folder=there)

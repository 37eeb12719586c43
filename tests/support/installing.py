"""Builds this package and installs it into an empty environment, as a user's pip would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["ROOT", "clean_run", "environment", "wheel_of"]

ROOT = Path(__file__).parent.parent.parent
_KEPT = ("PATH", "HOME", "TMPDIR", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT")
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def clean_run(*command: str | Path, folder: Path) -> str:
    """Run a command in a clean environment; it must succeed. Return what it printed."""
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wheel_of(source: Path, folder: Path) -> Path:
    """Build a wheel of a source tree or an sdist into a folder that has none."""
    clean_run(*_PIP, "wheel", "--no-deps", "--wheel-dir", folder, source, folder=folder)
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path, *requirements: str) -> Path:
    """Make an environment that has these and what they need, not even pip; return where its programs are."""
    clean_run(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder.parent)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    clean_run(*_PIP, "--python", programs / "python", "install", *requirements, folder=folder)
    return programs

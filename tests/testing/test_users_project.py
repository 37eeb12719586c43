"""The example project of a user, in an environment that has the wheel and what it says it needs, no more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from once import once

ROOT = Path(__file__).parent.parent.parent
KEPT = ("PATH", "HOME", "TMPDIR", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "PIP_CERT")

# What a project that does not use the fixtures sees of them, even one that is started in an unusual way.
UNUSED = """
import sys

def test_that_it_costs_nothing(request):
    assert request.config.pluginmanager.has_plugin("twilio_sessions.testing.plugin")
    assert not {"aiohttp", "msgspec", "twilio_sessions.emulator"} & set(sys.modules)
"""
PYTEST_AFTER_THE_PACKAGE = (
    "import sys, twilio_sessions, pytest\nsys.exit(pytest.main(['-q', 'test_unused.py']))"
)


def run(*command: str | Path, folder: Path) -> str:
    """Run a command in a clean environment; it must succeed."""
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=150
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(folder: Path, *requirements: str) -> Path:
    """Make an environment with the wheel of this tree; return its Python."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "env", folder=folder)
    python = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    run(*pip, "--python", python, "install", wheel, *requirements, folder=folder)
    return python


@once
@pytest.mark.timeout(200)
def test_it_passes_with_nothing_but_the_wheel(tmp_path: Path):
    python = installed(tmp_path, "pytest", "pytest-asyncio")
    project = tmp_path / "project"
    shutil.copytree(ROOT / "docs" / "examples" / "users-project", project)
    assert "9 passed" in run(python, "-m", "pytest", "-q", folder=project)
    (project / "test_unused.py").write_text(UNUSED)
    assert "1 passed" in run(python, "-c", PYTEST_AFTER_THE_PACKAGE, folder=project)
    # The program needs no extra either.
    assert "--control" in run(python, "-m", "twilio_sessions.emulator", "--help", folder=tmp_path)

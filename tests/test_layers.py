"""The arrows between the rooms point downwards, and the check that says so can see one that does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    return subprocess.run(
        [*command, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_arrows_point_downwards():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("_core/request.py", "from twilio_sessions.proxy import Session", "Arrows point downwards"),
        ("_core/window.py", "import twilio_sessions._core.pipeline", "Inside the core"),
        ("proxy/_sessions.py", "import twilio_sessions.assistants", "Arrows point downwards"),
        ("export/_plan.py", "import twilio_sessions.bulk", "Arrows point downwards"),
        ("bulk/_run.py", "import twilio_sessions.cli", "Arrows point downwards"),
        ("export/_run.py", "from twilio_sessions import AsyncClient", "public front door"),
        ("emulator/_rules.py", "from twilio_sessions.errors import APIError", "knows nothing of the client"),
        ("export/__init__.py", "import twilio_sessions.emulator", "client side knows nothing"),
        ("_core/pipeline.py", "import aiohttp", "Two modules know aiohttp"),
        ("testing/plugin.py", "import twilio_sessions.export", "The test kit stands on the emulator"),
    ],
)
def test_an_arrow_that_points_upwards_is_seen(tmp_path: Path, module: str, line: str, contract: str):
    shutil.copytree(ROOT / "twilio_sessions", tmp_path / "twilio_sessions")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    path = tmp_path / "twilio_sessions" / module
    path.write_text(f"{path.read_text()}\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode != 0
    broken = " ".join(done.stdout.split("Broken contracts")[1].split())
    assert contract in broken

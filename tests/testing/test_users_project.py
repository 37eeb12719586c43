"""The example project of a user, in an environment that has the wheel and what it says it needs, no more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from installing import ROOT, clean_run, environment, wheel_of
from once import once

if TYPE_CHECKING:
    from pathlib import Path

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


@once
@pytest.mark.timeout(200)
def test_it_passes_with_nothing_but_the_wheel(tmp_path: Path):
    wheel = wheel_of(ROOT, tmp_path)
    python = environment(tmp_path / "env", str(wheel), "pytest", "pytest-asyncio") / "python"
    project = tmp_path / "project"
    shutil.copytree(ROOT / "docs" / "examples" / "users-project", project)
    assert "9 passed" in clean_run(python, "-m", "pytest", "-q", folder=project)
    (project / "test_unused.py").write_text(UNUSED)
    assert "1 passed" in clean_run(python, "-c", PYTEST_AFTER_THE_PACKAGE, folder=project)
    # The program needs no extra either.
    assert "--control" in clean_run(python, "-m", "twilio_sessions.emulator", "--help", folder=tmp_path)

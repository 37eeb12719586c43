"""For tests that install packages from a registry: of all interpreters that nox runs, one is enough."""

from __future__ import annotations

import os

import pytest

__all__ = ["once"]

PYTHON = "3.13"

_session = os.environ.get("NOX_CURRENT_SESSION", "")

once = pytest.mark.skipif(
    _session.startswith("tests-") and not _session.endswith(PYTHON),
    reason=f"of the interpreters that nox runs, {PYTHON} does this",
)

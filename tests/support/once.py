"""For tests that take long and are the same everywhere: of all interpreters that nox runs, one is enough."""

from __future__ import annotations

import os

import pytest

__all__ = ["once"]

once = pytest.mark.skipif(
    os.environ.get("TWILIO_SESSIONS_TEST_LONG", "yes") == "no",
    reason="of the interpreters that nox runs, another one does this",
)

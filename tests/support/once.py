"""For tests that take long and are the same everywhere: of all interpreters that nox runs, one is enough.

nox names the parts that an interpreter is to do in an environment variable; without it all are done.
"""

from __future__ import annotations

import os

import pytest

__all__ = ["documents", "once"]

_parts = os.environ.get("TWILIO_SESSIONS_TEST_PARTS")


def _part(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        _parts is not None and name not in _parts.split(),
        reason="of the interpreters that nox runs, another one does this",
    )


once = _part("toil")
"""Installs from a registry, kills, measures."""

documents = _part("documents")
"""Runs a document's programs and commands, one after the other."""

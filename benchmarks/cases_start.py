"""Cases of starting: what imports load and take in a new interpreter, and what an installation weighs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from findings import Findings
from goals import Goal
from installed import closure, size_of
from turns import Contestant, Turn, compare, take_turns

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["imports", "installation"]

_OURS: Final = "from twilio_sessions import AsyncClient"
_AIOHTTP: Final = "import aiohttp"
_STATEMENTS: Final = (
    _OURS,
    _AIOHTTP,
    "import twilio_sessions",
    "from twilio_sessions import Client",
    "from twilio.rest import Client",
)
_HEAVY: Final = ("aiohttp", "anyio", "msgspec")
_CLOCKS: Final = """
import json, time
wall, cpu = time.perf_counter(), time.process_time()
{statement}
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall]))
"""
_LOADED: Final = """
import json, sys
import twilio_sessions
print(json.dumps(sorted(sys.modules)))
"""


def imports(settings: Settings) -> Findings:
    """Import in new interpreters, in turns; only the statement is measured."""
    contestants = [Contestant(statement, lambda s=statement: _import(s), 1) for statement in _STATEMENTS]  # type: ignore[misc]
    measured = take_turns("Import in a new interpreter", "import", contestants, settings.starts)
    loaded = [name for name in json.loads(_python(_LOADED)) if name in _HEAVY]
    return Findings(
        [
            Goal(
                f"`import twilio_sessions` loads of {', '.join(_HEAVY)}",
                len(loaded),
                0,
                "",
                ours=", ".join(loaded) or "none",
            ),
            compare(measured, _OURS, _AIOHTTP, 1.15, what=f"`{_OURS}`, CPU"),
        ],
        [measured],
    )


def _import(statement: str) -> Turn:
    cpu, wall = json.loads(_python(_CLOCKS.format(statement=statement)))
    return Turn(cpu, wall)


def _python(script: str) -> str:
    command = [sys.executable, "-c", script]
    # Bytecode is kept, as for users: the first start writes what a checkout does not have yet.
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout


def installation(_: Settings) -> Findings:
    """Weigh this package and the official one, each with all that it needs."""
    names = ("twilio-sessions", "twilio")
    needs = {name: closure(name) for name in names}
    sizes = {one: size_of(one) / 1e6 for one in sorted(set().union(*needs.values()))}
    ours, theirs = (sum(sizes[one] for one in needs[name]) for name in names)
    goal = Goal(
        "installed size, dependencies and bytecode included",
        ours / theirs,
        round(1 / 3, 4),
        ours=f"{ours:.1f} MB",
        peer=f"twilio {theirs:.1f} MB",
    )
    figures = {
        f"installed, {one}, MB ({' and '.join(name for name in names if one in needs[name])})": size
        for one, size in sizes.items()
    }
    return Findings([goal], figures=figures)

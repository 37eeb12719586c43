"""What is checked and how: `nox` runs the linters and all tests on every supported Python that is found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.sessions = ["lint", "tests", "coverage"]
# A missing interpreter is named and skipped by the session itself, on a CI machine, too.
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]
PROJECT = nox.project.load_toml("pyproject.toml")


def _runs(python: str) -> bool:
    """Tell whether a command is an interpreter that works; a version manager's shim may be neither."""
    try:
        return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _find_pythons() -> None:
    """Put interpreters that a version manager keeps to itself on the PATH of the sessions."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in PYTHONS:
        command = f"python{version}"
        if shutil.which(command) and _runs(command):
            continue
        for folder in sorted(root.glob(f"versions/{version}.*/bin"), reverse=True):
            if _runs(str(folder / command)):
                os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
                break


_find_pythons()
FOUND = [version for version in PYTHONS if _runs(f"python{version}")] or PYTHONS
# What takes long is done by one interpreter for all: asyncio watches for what was forgotten; packages are
# installed from a registry and exports are killed; lines are counted.
WATCHED, TOILING, MEASURED = FOUND[0], FOUND[len(FOUND) // 2], FOUND[-1]


def _install(session: nox.Session, *groups: str) -> None:
    session.install("-q", "-e", ".[cli]", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run all tests; warnings are errors; on one Python asyncio watches, on another one lines are counted."""
    # The generator formats with ruff, and what type checkers say of the clients is tested, too.
    _install(session, "test", "lint")
    measured = ("coverage", "run", "-m") if session.python == MEASURED else ()
    session.run(
        # More at a time than there are processors: most of them wait for sockets and processes.
        *(*measured, "pytest", "-n", "4", *session.posargs),
        env={
            "PYTHONASYNCIODEBUG": "1" if session.python == WATCHED else "",
            "TWILIO_SESSIONS_TEST_LONG": "yes" if session.python == TOILING else "no",
        },
    )


@nox.session
def coverage(session: nox.Session) -> None:
    """Report the lines and branches that tests ran, and which interpreters were not found."""
    session.install("-q", "coverage>=7.10")
    # There is nothing to combine when this is run again; the report says whether there is anything at all.
    session.run("coverage", "combine", "--quiet", success_codes=[0, 1])
    session.run("coverage", "report", "--ignore-errors")
    missing = [version for version in PYTHONS if version not in FOUND]
    session.log(f"tests ran on Python {', '.join(FOUND)}; not found: {', '.join(missing) or 'none'}")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure beside peers: the suite (`-- --quick`: only that it runs), or `-- ratelimit export`."""
    _install(session, "test", "bench")
    # What each exits with when all went well, and when a goal was missed.
    programs = {"suite": [0, 3], "ratelimit": [0, 1], "export": [0, 1]}
    options = [argument for argument in session.posargs if argument not in programs]
    for name in [name for name in programs if name in session.posargs] or ["suite"]:
        session.run("python", f"benchmarks/{name}.py", *options, success_codes=programs[name])


@nox.session
def soak(session: nox.Session) -> None:
    """Kill, cancel and cut the power of exports at full size: `-- kill` for one of them; takes an hour."""
    _install(session, "test")
    names = session.posargs or ["kill", "cancellation", "powerloss"]
    files = [f"tests/export/test_{name}.py" for name in names]
    session.run("pytest", "-v", *files, env={"TWILIO_SESSIONS_SOAK": "20000"})


@nox.session
def generate(session: nox.Session) -> None:
    """Write the sync client from the async source; `-- --check` only says whether it is up to date."""
    _install(session, "lint")
    session.run("python", "-m", "twilio_sessions._tools.generate_sync", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and layers."""
    _install(session, "dev")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("pyright")
    # What users' type checkers see: every public name with a type that needs no guess.
    session.run("pyright", "--verifytypes", "twilio_sessions", "--ignoreexternal")
    session.run("lint-imports")
    session.run("python", "-m", "twilio_sessions._tools.generate_sync", "--check")

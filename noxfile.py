"""What is checked and how: `nox` runs the linters and all tests on every supported Python that is found."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.sessions = ["lint", "tests", "coverage"]
# A missing interpreter is named and skipped by the session itself, on a CI machine, too.
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]
# Not supported yet, but to be tried wherever they are; the last one is free-threaded.
NEXT_PYTHONS = ["3.14", "3.14t"]
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
# What takes long is done by one interpreter for all: asyncio watches for what was forgotten, and what
# documents show is run; packages are installed from a registry and exports are killed; lines are counted.
WATCHED, TOILING, MEASURED = FOUND[0], FOUND[len(FOUND) // 2], FOUND[-1]
PARTS = {"documents": WATCHED, "toil": TOILING}


def _install(session: nox.Session, *groups: str) -> None:
    session.install("-q", "-e", ".[cli]", *nox.project.dependency_groups(PROJECT, *groups))


@nox.session(python=[*PYTHONS, *NEXT_PYTHONS])
def tests(session: nox.Session) -> None:
    """Run all tests; warnings are errors; on one Python asyncio watches, on another one lines are counted."""
    # Tests need them: ruff formats what is generated, type checkers read the clients, benchmarks have peers.
    _install(session, "test", "lint", "bench")
    measured = ("coverage", "run", "-m") if session.python == MEASURED else ()
    parts = [part for part, python in PARTS.items() if python == session.python]
    session.run(
        # More at a time than there are processors: most of them wait for sockets and processes.
        *(*measured, "pytest", "-n", "4", *session.posargs),
        env={
            "PYTHONASYNCIODEBUG": "1" if session.python == WATCHED else "",
            "TWILIO_SESSIONS_TEST_PARTS": " ".join(parts),
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
    """Kill, cancel and cut the power of exports, kill bulk changes: `-- kill` for one; all take an hour."""
    _install(session, "test")
    names = session.posargs or ["kill", "cancellation", "powerloss", "bulk"]
    files = [
        "tests/bulk/test_kill.py" if name == "bulk" else f"tests/export/test_{name}.py" for name in names
    ]
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


def _lowest() -> list[str]:
    """Return the oldest version that each requirement of the package allows, as constraints for pip."""
    project = PROJECT["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    found = (re.match(r"([\w.-]+)>=([\d.]+)", one) for requirements in lists for one in requirements)
    lowest = {one[1]: f"{one[1]}=={one[2]}" for one in found if one is not None}
    # The two are released together, and want each other's version.
    api = lowest["opentelemetry-api"]
    return [*lowest.values(), api.replace("-api", "-sdk")]


@nox.session(python="3.11")
def min_deps(session: nox.Session) -> None:
    """Run the tests with the oldest versions that the package allows, on the oldest Python."""
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("\n".join(_lowest()) + "\n")
    session.install("-q", "-c", str(constraints), "-e", ".[cli,otel,parquet,duckdb]")
    session.install("-q", "-c", str(constraints), *nox.project.dependency_groups(PROJECT, "test", "lint"))
    session.run("python", "-m", "pip", "freeze", "--exclude-editable")
    # What takes long is done with the newest versions.
    session.run("pytest", "-n", "4", *session.posargs, env={"TWILIO_SESSIONS_TEST_PARTS": ""})


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site to build/docs/site; a link to nowhere, on a page or in a docstring, is an error."""
    session.install("-q", ".[cli,otel]", *nox.project.dependency_groups(PROJECT, "docs"))
    # A copy: the builder takes every file below the folder of its settings for a part of the site.
    stage = Path("build", "docs")
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree("docs", stage / "docs")
    for settings in ("zensical.toml", "griffe_examples.py"):
        (stage / "docs" / settings).rename(stage / settings)
    for source, page in (("CHANGELOG.md", "changelog.md"), (".github/CONTRIBUTING.md", "contributing.md")):
        shutil.copy(source, stage / "docs" / page)
    with session.chdir(stage):
        session.run("zensical", "build", "--strict", "--clean", env={"NO_COLOR": "1"})


@nox.session
def package(session: nox.Session) -> None:
    """Build wheel and sdist to dist/, and the list of all that they bring along (SBOM) to build/sbom/."""
    session.install("-q", *nox.project.dependency_groups(PROJECT, "package"))
    for folder in ("dist", "build/sbom", "build/package"):
        shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    built = [str(path) for path in Path("dist").iterdir()]
    session.run("twine", "check", "--strict", *built)
    wheel = next(path for path in built if path.endswith(".whl"))
    session.run("python", "-m", "venv", "--without-pip", "build/package")
    session.run("python", "-m", "pip", "--python", "build/package", "install", "-q", f"{wheel}[cli]")
    Path("build/sbom").mkdir(parents=True)
    sbom = "build/sbom/twilio-sessions.cdx.json"
    session.run("cyclonedx-py", "environment", "--pyproject", "pyproject.toml", "-o", sbom, "build/package")


@nox.session
def audit(session: nox.Session) -> None:
    """Look for known weaknesses in what the package needs, with all its extras; asks PyPI."""
    session.install("-q", "pip-audit>=2.10")
    requirements = Path(session.create_tmp()) / "requirements.txt"
    project = PROJECT["project"]
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    wanted = [one for one in [*project["dependencies"], *extras] if not one.startswith("twilio-sessions")]
    requirements.write_text("\n".join(wanted) + "\n")
    session.run("pip-audit", "--strict", "--requirement", str(requirements), *session.posargs)


@nox.session
def workflows(session: nox.Session) -> None:
    """Judge the GitHub workflows: permissions, injections, what they trust."""
    session.install("-q", "zizmor>=1.32")
    session.run("zizmor", "--offline", "--no-progress", "--config", ".github/zizmor.yml", ".github/workflows")

"""What the project says of itself agrees: supported versions, sessions of nox, workflows, contributing."""

from __future__ import annotations

import re
import tomllib

import pytest
from pages import DOCS

ROOT = DOCS.parent
GITHUB = ROOT / ".github"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
SESSIONS = set(re.findall(r"^def (\w+)\(session", NOXFILE, re.MULTILINE))
CI = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")


def listed(name: str) -> list[str]:
    """Return a list of versions in the noxfile."""
    found = re.search(rf"^{name} = \[(.*)\]", NOXFILE, re.MULTILINE)
    assert found is not None
    return re.findall(r'"([\w.]+)"', found[1])


def test_one_list_of_supported_versions():
    versions = [
        one.rsplit(" ", 1)[1] for one in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", one)
    ]
    assert listed("PYTHONS") == versions
    assert PROJECT["requires-python"] == f">={versions[0]}"
    support = (DOCS / "support.md").read_text(encoding="utf-8")
    assert f"| Python | {', '.join(versions)} (CPython) |" in support
    matrix = re.search(r"python: \[(.*)\]", CI)
    assert matrix is not None
    assert re.findall(r'"([\w.]+)"', matrix[1]) == versions + listed("NEXT_PYTHONS")


@pytest.mark.parametrize("workflow", sorted(path.name for path in (GITHUB / "workflows").iterdir()))
def test_a_workflow_runs_sessions_that_there_are_and_asks_for_no_more_than_it_names(workflow: str):
    text = (GITHUB / "workflows" / workflow).read_text(encoding="utf-8")
    matrix = re.search(r"session: \[(.*)\]", text)
    named = set(re.findall(r"nox -s \"?(\w+)", text)) | set(matrix[1].split(", ") if matrix else ())
    assert named
    assert named <= SESSIONS
    assert "\npermissions: {}\n" in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    jobs = re.findall(r"^  \w+:\n    (?:.*\n|\n)*?    steps:", text.split("\njobs:\n")[1], re.MULTILINE)
    assert jobs
    assert all("permissions:" in job and "timeout-minutes:" in job for job in jobs)


def test_contributing_names_what_there_is():
    text = (GITHUB / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"nox -s (\w+)", text)) <= SESSIONS
    for path in re.findall(r"`((?:tests|docs|twilio_sessions|\.github)/[\w./]*)`", text):
        assert (ROOT / path).exists(), path


def test_security_is_as_the_pages_say():
    said = (GITHUB / "SECURITY.md").read_text(encoding="utf-8")
    assert "docs/support.md" in said
    assert ".github/SECURITY.md" in (DOCS / "security.md").read_text(encoding="utf-8")


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+) \((?:unreleased|20\d\d-\d\d-\d\d)\)$", text, re.MULTILINE)
    assert newest is not None
    assert newest[1] == PROJECT["version"]

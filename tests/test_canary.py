"""The canary of the whole run can fail it: by what is printed, logged, raised, collected or left in files."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from canary import FORMS, SECRET, contains, forms_of, redacted

SUPPORT = Path(__file__).parent / "support"
HEAD = """
import base64, logging, sys
import pytest
from canary import SECRET

PAIR = base64.b64encode(f"AC0:{SECRET}".encode()).decode()

def test_innocent(tmp_path):
    print(PAIR[:9])
    (tmp_path / "a").write_text(PAIR[:9])
"""
LEAKS = """
@pytest.fixture
def late():
    yield
    print(SECRET)

def test_stdout():
    print("my", SECRET)

def test_stderr():
    print(PAIR, file=sys.stderr)

def test_log():
    logging.getLogger("x").warning(PAIR)

def test_error():
    raise KeyError(SECRET)

def test_teardown(late):
    pass
"""
FILES = """
def test_short(tmp_path):
    (tmp_path / "short.log").write_text(SECRET)

def test_long(tmp_path):
    (tmp_path / "long.log").write_text("x" * 1048570 + PAIR)
"""


def run(folder: Path, tests: str, workers: int) -> subprocess.CompletedProcess[str]:
    """Run one test file in a run of its own, and leave nothing of it to the run around it."""
    (folder / "test_inner.py").write_text(HEAD + tests)
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-rA", "-p", "canary", "-p", "xdist", "-p", "no:cacheprovider", "-n", str(workers)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--basetemp={folder / 'base'}"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(SUPPORT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    shutil.rmtree(folder / "base", ignore_errors=True)
    assert not any(form in done.stdout + done.stderr for form in FORMS), "it spread what it found"
    return done


@pytest.mark.parametrize("workers", [0, 2])
def test_what_comes_out_fails_the_test(tmp_path: Path, workers: int):
    done = run(tmp_path, LEAKS, workers)
    assert done.returncode == 1
    for place in ("stdout call", "stderr call", "log call", "stdout teardown"):
        assert f"the secret of the client came out in: Captured {place}" in done.stdout
    assert "the secret of the client came out in: the failure's text" in done.stdout
    failed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR "))}
    leaks = ("stdout", "stderr", "log", "error", "teardown")
    assert failed == {f"test_inner.py::test_{leak}" for leak in leaks}
    assert "PASSED test_inner.py::test_innocent" in done.stdout


@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_left_in_a_file_fails_the_run(tmp_path: Path, workers: int):
    done = run(tmp_path, FILES, workers)
    assert done.returncode == 1
    assert "3 passed" in done.stdout
    _, found = done.stdout.split("the secret of the client is in files that the tests left")
    assert "short.log" in found
    assert "long.log" in found
    assert "test_innocent0" not in found


def test_what_cannot_be_collected_does_not_show_it(tmp_path: Path):
    done = run(tmp_path, "raise KeyError(SECRET)", 0)
    assert done.returncode == 2
    assert "the secret of the client came out in: the failure's text" in done.stdout


def test_a_run_without_a_leak_passes(tmp_path: Path):
    done = run(tmp_path, "", 0)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_form_is_found_and_taken_out(tmp_path: Path):
    for start in range(3):
        text = "x" * start + SECRET + "y"
        encoded = base64.b64encode(text.encode()).decode()
        assert any(form in encoded for form in FORMS)
        assert not any(form in redacted(encoded + text) for form in FORMS)
    assert len(set(forms_of("abcdefghijk"))) == 4
    assert not contains(tmp_path / "nothing", [b"x"])

"""The command `demo`: the whole job in one command, without an account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from served import emulated
from terminal import CTRL_C, Terminal, run

from twilio_sessions.cli import _demo
from twilio_sessions.emulator import Seed
from twilio_sessions.export import RowCount, count_rows

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_the_demo_does_the_whole_job(tmp_path: Path):
    done = run("demo", "--services", "5", "--sessions", "300", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"a local Twilio runs at http://127.0.0.1:\d+: 5 services, 300 sessions\n"
        r"every row arrived exactly once\n",
        done.stderr,
    )
    assert re.search(r"^ {12}sessions +300 +300  ok$", done.stdout, re.MULTILINE)
    assert re.search(r"^[\d,]+ rows in [\d.]+ s \([\d,]+ rows/s\)$", done.stdout, re.MULTILINE)
    folder = re.search(r"^export to (twilio-sessions-demo-[\d-]+): complete$", done.stdout, re.MULTILINE)
    assert folder is not None
    assert done.stdout.endswith(f"check:  twilio-sessions verify {folder[1]}\n")
    assert count_rows(tmp_path / folder[1])["sessions"] == RowCount(300, 300)


def test_the_demo_as_a_person_sees_it(tmp_path: Path):
    with Terminal("demo", "--sessions", "1000", "--out", "x", cwd=tmp_path, environ={}) as terminal:
        text = terminal.wait_for("listings left")
        assert text.startswith("a local Twilio runs at http://127.0.0.1:")
        assert terminal.finish() == 0
        lines = terminal.lines
    assert lines[1] == "export to x: complete"
    assert lines[-1] == "every row arrived exactly once"


def test_the_demo_can_be_interrupted(tmp_path: Path):
    with Terminal("demo", "--out", "x", cwd=tmp_path, environ={}) as terminal:
        terminal.wait_for("listings left")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.lines[1] == "interrupted; the local Twilio is gone, begin anew"


async def test_a_row_that_is_missing_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with emulated(Seed(services=2, sessions=20)) as emulator:
        done = run("export", "--out", "x", "--no-rate-limit", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    expected = {name: count.rows for name, count in count_rows(tmp_path / "x").items()}
    assert await _demo._check(tmp_path / "x", expected) == 0  # noqa: SLF001
    assert await _demo._check(tmp_path / "x", expected | {"sessions": 21}) == 1  # noqa: SLF001
    assert "sessions: expected 21 rows, found RowCount(rows=20, distinct=20)" in capsys.readouterr().err

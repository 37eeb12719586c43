"""Ctrl-C and SIGTERM: once stops in order within two seconds and says how to go on, twice stops at once."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from served import emulated
from terminal import CLEAN, CTRL_C, PROGRAM, Terminal, call

from twilio_sessions.emulator import EmulatorOptions, Seed
from twilio_sessions.export import RowCount, count_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def slow() -> Iterator[Emulator]:
    with emulated(Seed(services=2, sessions=100, random_seed=5), EmulatorOptions(latency=0.1)) as running:
        yield running


def expected(emulator: Emulator) -> dict[str, RowCount]:
    counts = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    del counts["message-interactions"]
    return {name: RowCount(count, count) for name, count in counts.items()}


def test_ctrl_c_in_a_terminal(slow: Emulator, tmp_path: Path):
    with Terminal(
        "export", "--out", "archive", cwd=tmp_path, columns=100, environ=slow.environment()
    ) as terminal:
        terminal.wait_for(lambda text: re.search(r"participants +[1-9]", text) is not None)
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        first, second = terminal.lines
        assert not terminal.screen.cursor.hidden
    # After two seconds it would have been ended the hard way, with other words.
    rows = re.fullmatch(r"interrupted; what was read is kept in archive \(([\d,]+) rows\)", first)
    assert rows is not None
    assert second == "go on:  twilio-sessions export --out archive"
    again = call("export", "--out", "archive", cwd=tmp_path, **slow.environment())
    assert again.returncode == 0
    total = sum(count.rows for count in expected(slow).values())
    assert f"{total:,} rows, {total - int(rows[1].replace(',', '')):,} of them in this run" in again.stdout
    assert count_rows(tmp_path / "archive") == expected(slow)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_without_a_terminal(slow: Emulator, tmp_path: Path, sent: signal.Signals, code: int):
    command = [PROGRAM, "export", "--out", "my archive", "--include", "participants,messages"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=CLEAN | slow.environment(), stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stderr is not None
        while not list((tmp_path / "my archive" / "proxy").glob("*/participants-*")):
            time.sleep(0.01)
        program.send_signal(sent)
        assert program.wait(10) == code
        said = program.stderr.read()
    assert re.fullmatch(
        r"interrupted; what was read is kept in my archive \([\d,]+ rows\)\n"
        "go on:  twilio-sessions export --out 'my archive' --include participants,messages\n",
        said,
    )
    assert call(*command[1:], cwd=tmp_path, **slow.environment()).returncode == 0
    assert count_rows(tmp_path / "my archive")["participants"] == expected(slow)["participants"]


# An export whose disk does not answer any more: a thread that nobody can cancel.
STUCK = dedent("""
    import sys, time
    from twilio_sessions.cli import main
    from twilio_sessions.export._journal import Journal
    commit = Journal.commit
    def stuck(journal, batch):
        if batch.rows:
            print("stuck", flush=True)
            time.sleep(30)
        return commit(journal, batch)
    Journal.commit = stuck
    sys.argv = ["twilio-sessions", "export", "--out", "archive"]
    main()
""")


def stuck(emulator: Emulator, tmp_path: Path) -> subprocess.Popen[str]:
    program = subprocess.Popen(
        [sys.executable, "-c", STUCK],
        cwd=tmp_path,
        env=CLEAN | emulator.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "stuck\n"
    return program


LAST_WORDS = "\nstopped at once; what was read is kept\ngo on:  twilio-sessions export --out archive\n"


def test_what_hangs_is_left_behind_after_two_seconds(slow: Emulator, tmp_path: Path):
    with stuck(slow, tmp_path) as program:
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=10)
        assert time.monotonic() - began > 1.5
        assert (program.returncode, said) == (130, LAST_WORDS)
    assert call("export", "--out", "archive", cwd=tmp_path, **slow.environment()).returncode == 0
    assert count_rows(tmp_path / "archive") == expected(slow)


def test_twice_stops_at_once(slow: Emulator, tmp_path: Path):
    with stuck(slow, tmp_path) as program:
        program.send_signal(signal.SIGINT)
        time.sleep(0.3)
        program.send_signal(signal.SIGTERM)
        _, said = program.communicate(timeout=10)
        # When its time is up, it ends with the code of the first signal.
        assert (program.returncode, said) == (143, LAST_WORDS)


def test_what_a_shell_told_to_ignore_is_ignored(slow: Emulator, tmp_path: Path):
    command = "trap '' INT; exec twilio-sessions export --out archive"
    with subprocess.Popen(["sh", "-c", command], cwd=tmp_path, env=CLEAN | slow.environment()) as program:
        while not (tmp_path / "archive" / "plan.json").exists():
            time.sleep(0.01)
        program.send_signal(signal.SIGINT)
        assert program.wait(30) == 0
    assert count_rows(tmp_path / "archive") == expected(slow)


def test_before_anything_was_read(tmp_path: Path):
    with emulated(options=EmulatorOptions(latency=20)) as emulator:
        command = [PROGRAM, "export", "--out", "archive"]
        with subprocess.Popen(
            command, cwd=tmp_path, env=CLEAN | emulator.environment(), stderr=subprocess.PIPE, text=True
        ) as program:
            while not emulator.requests:
                time.sleep(0.01)
            program.send_signal(signal.SIGINT)
            _, said = program.communicate(timeout=10)
        assert program.returncode == 130
        assert said == (
            "interrupted; what was read is kept in archive\ngo on:  twilio-sessions export --out archive\n"
        )


def test_for_programs_the_result_says_how_to_go_on(slow: Emulator, tmp_path: Path):
    command = [PROGRAM, "export", "--out", "archive", "--progress", "json"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=CLEAN | slow.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        while not list((tmp_path / "archive" / "proxy").glob("*/participants-*")):
            time.sleep(0.01)
        program.send_signal(signal.SIGTERM)
        printed, _ = program.communicate(timeout=10)
    assert program.returncode == 143
    assert '"complete":false' in printed
    assert '"resume":"twilio-sessions export --out archive --progress json"' in printed

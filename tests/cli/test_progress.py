"""What a person sees while an export runs: drawn in place, in any width, and gone when it has ended."""

from __future__ import annotations

import asyncio
import io
import re
import time
from typing import TYPE_CHECKING

import pytest
from progress import at_rate
from rich.console import Console
from served import emulated
from terminal import CTRL_C, Terminal, run

from twilio_sessions.cli._progress import JsonLines, Screen, Watcher, display_for
from twilio_sessions.emulator import EmulatorOptions, Fault, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def slow() -> Iterator[Emulator]:
    with emulated(Seed(services=3, sessions=100, random_seed=5), EmulatorOptions(latency=0.1)) as running:
        yield running


PICTURE = r"""exporting to archive +0:00:0\d
 {39}rows  listings left
proxy {7}services +3
 {12}phone-numbers +\d+( +\d+)?
 {12}sessions +\d+( +\d)?
 {12}participants +\d+( +\d+)?
 {12}interactions +\d+( +\d+)?
assistants  sessions +\d+( +\d)?
 {12}messages +\d+( +\d+)?
[\d,]+ rows/s, [\d,]+ rows so far
\d+ requests/s(, \d+ allowed)?( by Proxy)?; \d+ made, no 429s
\d of 5 parts done, now .*
.*(left|listed)"""


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_in_a_terminal_of_any_width(slow: Emulator, tmp_path: Path, columns: int):
    with Terminal(
        "export", "--out", "archive", cwd=tmp_path, columns=columns, environ=slow.environment()
    ) as terminal:
        text = terminal.wait_for(lambda text: re.search(r"participants +[1-9].*\n.*[1-9]", text) is not None)
        assert re.fullmatch(PICTURE, text), text
        assert len(text.splitlines()[0]) == columns, "the clock is at the edge"
        cursors = [terminal.screen.cursor.hidden]
        assert terminal.finish() == 0
        lines = terminal.lines
        cursors.append(terminal.screen.cursor.hidden)
    assert cursors == [True, False]
    assert lines[0] == "export to archive: complete", "the picture has gone, and the summary is in its place"
    assert lines[-1] == "check:  twilio-sessions verify archive"
    assert len(lines) == 13
    assert "\x1b[1;32mcomplete" in terminal.written


def test_a_terminal_with_few_lines_is_not_left_in_a_mess(slow: Emulator, tmp_path: Path):
    told = slow.environment()
    with Terminal("export", "--out", "other", cwd=tmp_path, lines=6, environ=told) as terminal:
        terminal.wait_for("listings left")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert [line[:11] for line in terminal.lines] == ["interrupted", "go on:  twi"]


def test_an_outage_is_shown(slow: Emulator, tmp_path: Path):
    slow.faults.add(Fault("reset", nth=60, times=None))
    with Terminal(
        *("export", "--out", "archive", "--patience", "60"), cwd=tmp_path, environ=slow.environment()
    ) as terminal:
        terminal.wait_for("\nwaiting: ")
        slow.faults.clear()
        terminal.wait_for(lambda text: "waiting" not in text)
        assert terminal.finish() == 0


@pytest.mark.parametrize("told", [["--progress", "none"], ["--quiet"]])
def test_nothing_is_drawn_where_nothing_is_wanted(slow: Emulator, tmp_path: Path, told: list[str]):
    with Terminal("export", "--out", "archive", *told, cwd=tmp_path, environ=slow.environment()) as terminal:
        assert terminal.finish() == 0
        assert "listings left" not in terminal.written
        assert terminal.lines[:1] == ([] if told == ["--quiet"] else ["export to archive: complete"])


@pytest.mark.parametrize(("variable", "unseen"), [("TERM=dumb", "\x1b"), ("NO_COLOR=1", r"\x1b\[[\d;]*3\d")])
def test_a_terminal_that_cannot_or_should_not(slow: Emulator, tmp_path: Path, variable: str, unseen: str):
    name, _, value = variable.partition("=")
    told = slow.environment() | {name: value}
    with Terminal("export", "--out", "archive", cwd=tmp_path, environ=told) as terminal:
        assert terminal.finish() == 0
        assert not re.search(unseen, terminal.written)


def test_nothing_is_shown_in_a_pipe(emulator: Emulator, tmp_path: Path):
    assert run("export", "--out", "archive", cwd=tmp_path, **emulator.environment()).stderr == ""


def test_the_display_that_fits(capsys: pytest.CaptureFixture[str]):
    assert isinstance(display_for("json", ""), JsonLines)
    assert display_for("auto", "") is None
    assert display_for("none", "") is None
    assert capsys.readouterr() == ("", "")


async def test_it_is_drawn_a_few_times_a_second_however_often_it_is_told():
    shown: list[int] = []

    class Counting(Screen):
        def show(self, watcher: Watcher) -> None:
            shown.append(sum(progress.total_rows for progress in watcher.exports.values() if progress))
            super().show(watcher)

    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    began = time.monotonic()
    async with Watcher(Counting("exporting", terminal)) as watcher:
        progress, note = at_rate(60), watcher.of()
        for _ in range(100):
            progress.rows["sessions"] += 1
            note(progress)
            await asyncio.sleep(0.01)
    assert 3 <= len(shown) <= 2 + 4 * (time.monotonic() - began)
    assert shown == sorted(shown)


@pytest.mark.parametrize("way", ["show", "close"])
async def test_a_terminal_that_has_gone_costs_nothing_but_the_display(way: str):
    class Gone(JsonLines):
        def show(self, watcher: Watcher) -> None:  # noqa: ARG002 - nothing to show it on
            if way == "show":
                raise BrokenPipeError

        def close(self, watcher: Watcher) -> None:  # noqa: ARG002
            if way == "close":
                raise BrokenPipeError

    async with Watcher(Gone()) as watcher:
        watcher.of()(at_rate(60))
        await asyncio.sleep(0.1)


async def test_a_picture_goes_when_everything_is_cancelled():
    terminal = Console(file=io.StringIO(), force_terminal=True, width=80)
    screen = Screen("exporting", terminal)

    async def work() -> None:
        async with Watcher(screen) as watcher:
            watcher.of()(at_rate(60))
            await asyncio.sleep(30)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert isinstance(terminal.file, io.StringIO)
    assert terminal.file.getvalue().count("\x1b[?25h") == 1, "the cursor is shown again"

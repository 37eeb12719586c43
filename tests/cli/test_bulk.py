"""A bulk change on the command line: what it shows, asks, prints and says in the end."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from shown import PLAN, bulk_emulated, lines_of, pinned, service_of, statuses
from terminal import CTRL_C, Terminal, call, run

from twilio_sessions.emulator import Emulator, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_on_a_terminal_it_shows_the_plan_and_asks(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        shown = terminal.wait_for("[y/N]")
        assert pinned(shown, emulator) == (f"{PLAN}journal: close-20261122T120000Z\nClose 5 sessions? [y/N]")
        assert statuses(emulator).count("closed") == 1
        assert not list(tmp_path.iterdir()), "nothing is written before the answer"
        terminal.press("y\n")
        assert terminal.finish() == 0
        done = pinned(terminal.text, emulator).removeprefix(
            f"{PLAN}journal: close-20261122T120000Z\nClose 5 sessions? [y/N] y\n"
        )
    assert done == (
        "close: complete\n"
        "closed             5\n"
        "5 sessions; 10 requests in 0.1 s; journal in close-20261122T120000Z"
    )
    assert set(statuses(emulator)) == {"closed"}


@pytest.mark.parametrize("answer", ["n\n", "\n", "yes please\n"])
def test_whatever_is_no_yes_is_a_no(emulator: Emulator, tmp_path: Path, answer: str):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press(answer)
        assert terminal.finish() == 1
        assert terminal.text.endswith("nothing was changed")
    assert statuses(emulator).count("closed") == 1
    assert not list(tmp_path.iterdir())


def test_ctrl_c_at_the_question(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        terminal.wait_for("[y/N]")
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.text.endswith("interrupted")
    assert statuses(emulator).count("closed") == 1


def test_progress_on_a_terminal_and_ctrl_c(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    for number in range(40):
        emulator.add_session(service, f"more-{number}")
    emulator.faults.add(Fault("delay", delay=0.1, operation="sessions.update", times=None))
    command = ["sessions", "close", "--service", service.sid, "--yes", "--concurrency", "2"]
    with Terminal(*command, cwd=tmp_path, environ=emulator.environment()) as terminal:
        shown = terminal.wait_for(lambda text: re.search(r"\d+ left, \d+ sessions/s: ", text) is not None)
        assert re.search(
            r"\nclosing 45 sessions  0:00:\d\d\n\d+ closed\n\d+ left, \d+ sessions/s: .*s$", shown
        )
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        last = "".join(terminal.lines[-4:])
    assert "closing 45" not in terminal.text, "what was drawn is gone"
    go_on = re.search(r"go on:  (twilio-sessions sessions close --yes .*)$", last)
    assert go_on is not None
    emulator.faults.clear()
    words = go_on[1].split()[1:]
    assert "--service" not in words, "the journal says which sessions"
    done = run(*words, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0, done.stderr
    assert re.search(r"^45 sessions, \d+ of them by earlier runs; ", done.stdout, re.MULTILINE)
    assert set(statuses(emulator)) == {"closed"}


def test_in_a_pipe_the_result_is_on_stdout(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    assert pinned(done.stderr, emulator) == f"{PLAN}journal: j"
    assert pinned(done.stdout, emulator) == (
        "close: complete\nclosed             5\n5 sessions; 10 requests in 0.1 s; journal in j"
    )
    again = call(*command, cwd=tmp_path, **emulator.environment())
    assert again.returncode == 0
    assert "5 sessions, 5 of them by earlier runs; 0 requests in " in again.stdout
    assert re.search(
        r"^close 5 of 6 sessions: in-progress or open, as they were listed at 20.*:\d\dZ$",
        again.stderr,
        re.MULTILINE,
    )


def test_a_line_for_each_session(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    refused, skipped = [each for each in service.sessions if each.status == "open"][:2]
    emulator.faults.add(
        Fault("answer", status=400, code=80701, target=refused.sid, operation="sessions.update")
    )
    emulator.faults.add(Fault("answer", status=404, code=20404, target=skipped.sid, times=None))
    command = ["sessions", "close", "--service", service.sid, "--yes", "--journal", "j", "-o", "ndjson"]
    done = call(*command, "--progress", "none", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 3
    lines = {line["sid"]: line for line in lines_of(done.stdout)}
    assert len(lines) == 5
    failed = lines[refused.sid]
    assert failed.pop("request_id").startswith("RQ")
    assert failed == {
        "outcome": "failed",
        "sid": refused.sid,
        "service_sid": service.sid,
        "unique_name": refused.unique_name,
        "why": failed["why"],
        "status": 400,
        "code": 80701,
    }
    assert lines[skipped.sid]["outcome"] == "already"
    assert (
        "close: incomplete\nclosed             3\nalready            1\nfailed             1\n" in done.stderr
    )
    assert f"failed:\n  {refused.sid} {refused.unique_name}: " in done.stderr
    assert "(HTTP 400, Twilio error 80701, request id RQ" in done.stderr
    assert done.stderr.endswith("sessions close --yes -o ndjson --progress none --journal j\n")
    again = call(
        "sessions", "close", "--journal", "j", "--yes", "-o", "ndjson", cwd=tmp_path, **emulator.environment()
    )
    assert again.returncode == 0
    assert [line["outcome"] for line in lines_of(again.stdout)].count("closed") == 4


def test_json(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--yes", "--journal", "j"]
    done = call(*command, "-o", "json", "--progress", "json", cwd=tmp_path, **emulator.environment())
    assert done.returncode == 0
    result = json.loads(done.stdout)
    del result["seconds"]
    assert result == {
        "event": "result",
        "action": "close",
        "complete": True,
        "journal": "j",
        "total": 5,
        "counts": {"closed": 5},
        "done_before": 0,
        "requests": 10,
        "undone": [],
        "resume": None,
    }
    plan, *progress = lines_of(done.stderr)
    assert (plan["event"], plan["sessions"], plan["listed"], plan["journal"]) == ("plan", 5, 6, "j")
    assert progress[-1]["event"] == "progress"
    assert (progress[-1]["seen"], progress[-1]["counts"]) == (5, {"closed": 5})


def test_nothing_to_do(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "close", "--service", service_of(emulator).sid, "--name-prefix", "no", "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.endswith("there is nothing to close\n")
    done = call(*command, "-o", "json", cwd=tmp_path, **emulator.environment())
    result = json.loads(done.stdout)
    assert (done.returncode, result["complete"], result["total"]) == (0, True, 0)
    assert not list(tmp_path.iterdir())

"""A bulk change under way, as a person and as a program see it."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from twilio_sessions.bulk import ChangeProgress
from twilio_sessions.cli._bulk_progress import BulkWatcher, bulk_picture, change_facts
from twilio_sessions.export import VerifyProgress

if TYPE_CHECKING:
    from twilio_sessions.bulk import Outcome


def progress(counts: dict[Outcome, int], **fields: Any) -> ChangeProgress:
    return ChangeProgress("delete", 100, Counter(counts), **fields)


def begun_ten_seconds_ago(of: ChangeProgress) -> ChangeProgress:
    of._began = time.monotonic() - 10  # noqa: SLF001
    return of


def drawn(of: ChangeProgress | None, checking: VerifyProgress | None = None) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=70).print(bulk_picture(of, checking))
    return [line.rstrip() for line in file.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("of", "checking", "lines"),
    [
        (None, None, ["beginning ..."]),
        (None, VerifyProgress(), ["checking the archive, 0 rows"]),
        (None, VerifyProgress(done=1, total=3, rows=1200), ["checking the archive, 33%, 1,200 rows"]),
        (progress({}), None, ["deleting 100 sessions  0:00:10", "...", "100 left"]),
        (
            progress({"deleted": 30, "already": 20, "failed": 1}, done_before=11),
            None,
            [
                "deleting 100 sessions  0:00:10",
                "30 deleted, 20 already, 1 failed",
                "49 left, 4 sessions/s: 12 s",
            ],
        ),
        (
            progress({"skipped": 1}, waiting_for="HTTP 503: \x1b[2J"),
            None,
            ["deleting 100 sessions  0:00:10", "1 skipped", "waiting: HTTP 503: \\u001b[2J"],
        ),
    ],
)
def test_what_a_person_sees(of: ChangeProgress | None, checking: VerifyProgress | None, lines: list[str]):
    assert drawn(of and begun_ten_seconds_ago(of), checking) == lines


def test_what_a_program_reads():
    of = progress({"deleted": 30, "failed": 1}, done_before=11, waiting_for="HTTP 503")
    facts = change_facts(begun_ten_seconds_ago(of))
    assert 10 <= facts.pop("seconds") < 20  # type: ignore[operator]
    assert facts.pop("sessions_per_second") in {1.9, 2.0}
    assert facts == {
        "event": "progress",
        "action": "delete",
        "total": 100,
        "seen": 31,
        "counts": {"deleted": 30, "failed": 1},
        "done_before": 11,
        "waiting_for": "HTTP 503",
    }


async def test_lines_of_json_end_with_how_it_ended(capsys: pytest.CaptureFixture[str]):
    async with BulkWatcher("json") as watcher:
        watcher.note(progress({"deleted": 100}))
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["seen"] == 100


@pytest.mark.parametrize("mode", ["none", "auto"])
async def test_nothing_is_shown_where_nobody_looks(mode: Any, capsys: pytest.CaptureFixture[str]):
    async with BulkWatcher(mode) as watcher:
        watcher.note(progress({"deleted": 100}))
    assert capsys.readouterr() == ("", "")

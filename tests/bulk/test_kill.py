"""The real program, killed at random moments: in the end each session is closed, or deleted, exactly once.

Twilio breaks connections, fails and refuses meanwhile. With `TWILIO_SESSIONS_SOAK=1` it is more than 5,000.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from typing import IO, TYPE_CHECKING

import attrs
import pytest
from canary import SECRET
from measuring import unmeasured
from once import once
from served import emulated
from terminal import CLEAN, PROGRAM

from twilio_sessions.emulator import EmulatorOptions, Fault, Seed

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.emulator import Emulator

SOAK = bool(os.environ.get("TWILIO_SESSIONS_SOAK"))
SESSIONS, CLOSINGS, DELETIONS, CONCURRENCY = (10_000, 100, 40, 8) if SOAK else (400, 8, 3, 2)
# Seconds from the first change of a run, or from its beginning, within which it is struck.
LONGEST = 0.15 if SOAK else 0.1
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
FAULTS = (
    Fault("reset", probability=0.01, times=None, seed=1),
    Fault("reset", when="after", probability=0.02, times=None, seed=2),
    Fault("answer", status=500, probability=0.01, times=None, seed=3),
    Fault("answer", status=500, when="after", probability=0.02, times=None, seed=4),
    Fault("answer", status=429, retry_after=0, probability=0.01, times=None, seed=5),
    Fault("truncate", probability=0.01, times=None, seed=6),
)

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="there are no such signals"),
    *([] if SOAK else [once]),
    pytest.mark.timeout(180 if not SOAK else 3600),
]


@attrs.define
class Striking:
    """A command that is run and struck until it comes to its end.

    Attributes:
        emulator: Twilio.
        folder: Where it runs.
        command: The command.
        quota: How many times it is struck at least; then it may end.
        random: What decides when.
        struck: How many signals ended a run.
        runs: How often it ran.
        sizes: How large the journal was after each signal.
    """

    emulator: Emulator
    folder: Path
    command: list[str]
    quota: int
    random: random.Random
    struck: Counter[str] = attrs.field(factory=Counter[str])
    runs: int = 0
    sizes: list[int] = attrs.field(factory=list[int])

    def run(self) -> list[dict[str, str]]:
        """Return the lines of the run that came to its end."""
        while True:
            self.runs += 1
            # Whatever is left when the quota is met is done in one go.
            # Into files: nobody reads a pipe while it is watched.
            out, remarks = self.folder / "out", self.folder / "remarks"
            with out.open("w") as file, remarks.open("w") as other:
                process = self._started(file, other)
                with process:
                    if self.struck.total() < self.quota:
                        self._strike(process)
                    process.wait(timeout=300)
            printed, said = out.read_text(), remarks.read_text()
            assert SECRET not in printed + said
            self.sizes.append(self._size())
            if process.returncode == 0:
                return [json.loads(line) for line in printed.splitlines()]
            # 3: a session had bad luck five times in a row.
            assert process.returncode in {3, 130, 143, -signal.SIGKILL, -signal.SIGINT, -signal.SIGTERM}, said
            if process.returncode > 0:
                assert "go on:  " in said

    def _started(self, out: IO[str], remarks: IO[str]) -> subprocess.Popen[bytes]:
        environ = unmeasured(CLEAN) | self.emulator.environment()
        return subprocess.Popen(
            [PROGRAM, *self.command],
            cwd=self.folder,
            env=environ,
            stdout=out,
            stderr=remarks,
        )

    def _strike(self, process: subprocess.Popen[bytes]) -> None:
        """Strike it: now and then before it has changed anything, mostly while it does."""
        before, number = self._size(), self.random.choice(SIGNALS)
        if self.random.random() < 0.8:
            while process.poll() is None and self._size() == before:
                time.sleep(0.005)
        else:
            # Python itself ends in its own way when it is interrupted before it has begun.
            number = signal.SIGKILL
        time.sleep(self.random.uniform(0, LONGEST))
        if process.poll() is None:
            process.send_signal(number)
            self.struck[number.name] += 1

    def _size(self) -> int:
        journal = self.folder / "journal" / "journal.ndjson"
        return journal.stat().st_size if journal.exists() else 0


def run_struck(
    emulator: Emulator, folder: Path, command: list[str], quota: int, capsys: pytest.CaptureFixture[str]
) -> list[dict[str, str]]:
    seed = random.randrange(1_000_000)
    for fault in FAULTS:
        emulator.faults.add(fault)
    options = ["--yes", "--no-rate-limit", "-o", "ndjson", "--journal", "journal"]
    words = [*command, *options, "--concurrency", str(CONCURRENCY)]
    striking = Striking(emulator, folder, words, quota, random.Random(seed))
    began = time.monotonic()
    try:
        lines = striking.run()
    except BaseException as error:
        error.add_note(f"random seed {seed}, after {striking.struck}")
        raise
    emulator.faults.clear()
    with capsys.disabled():
        signals = ", ".join(f"{count} {name}" for name, count in sorted(striking.struck.items()))
        print(  # noqa: T201 - the numbers are the point of it
            f"\n{len(lines):,} sessions in {striking.runs} runs, {signals}, "
            f"{len(set(striking.sizes)) - 1} of them while it was changing something, "
            f"{len(emulator.requests):,} requests; took {time.monotonic() - began:.0f} s"
        )
    return lines


def test_each_session_is_closed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    # A second close would be accepted, so that it cannot hide behind a refusal.
    options = EmulatorOptions(ledger_size=1_000_000, closed_to_closed="accept")
    with emulated(Seed(services=1, sessions=SESSIONS, random_seed=5), options) as emulator:
        (service,) = emulator.store.services
        active = {each.sid for each in service.sessions if each.status in {"open", "in-progress"}}
        command = ["sessions", "close", "--service", service.sid]
        lines = run_struck(emulator, tmp_path, command, CLOSINGS, capsys)
        closed = Counter(
            sid for one in emulator.processed if one.operation == "sessions.update" for sid in one.changed
        )
        assert closed == Counter(active)
        assert Counter(line["sid"] for line in lines) == closed
        assert {line["outcome"] for line in lines} <= {"closed", "already"}
        assert all(each.status == "closed" for each in service.sessions)
        # What Twilio had said to be closed was never asked for again.
        answered = Counter(
            one.target
            for one in emulator.requests
            if one.operation == "sessions.update" and one.status == 200 and one.answer == "whole"
        )
        assert max(answered.values()) == 1


def test_each_archived_session_is_deleted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with emulated(
        Seed(services=1, sessions=SESSIONS // 4, random_seed=6), EmulatorOptions(ledger_size=1_000_000)
    ) as emulator:
        (service,) = emulator.store.services
        archived = {each.sid for each in service.sessions}
        subprocess.run(
            [PROGRAM, "export", "--out", "archive", "--product", "proxy", "--no-rate-limit", "--quiet"],
            cwd=tmp_path,
            env=unmeasured(CLEAN) | emulator.environment(),
            check=True,
        )
        command = ["sessions", "delete", "--service", service.sid, "--archive", "archive"]
        lines = run_struck(emulator, tmp_path, command, DELETIONS, capsys)
        deleted = Counter(
            sid
            for one in emulator.processed
            if one.operation == "sessions.delete"
            for sid in one.deleted
            if sid.startswith("KC")
        )
        assert deleted == Counter(archived)
        assert Counter(line["sid"] for line in lines) == deleted
        assert {line["outcome"] for line in lines} <= {"deleted", "already"}

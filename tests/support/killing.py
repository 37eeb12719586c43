"""A local Twilio and exports of it, each in a process of its own, and signals that come at random."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from archives import rows_in
from canary import SECRET

from twilio_sessions.export import verify

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Killing", "Outcome", "Twilio", "twilio"]

_SUPPORT = Path(__file__).parent

# What stands for Twilio: it answers, counts what was asked, and knows what should have been exported.
_TWILIO = """
import asyncio, json, sys
from killing import digests
from archives import emulator_of, rows_held
from twilio_sessions.emulator import Fault, Seed

def told(emulator):
    whole = [one.target for one in emulator.requests if one.status == 200 and one.answer == "whole"]
    distinct = set(whole)
    # Services are listed for the plan and for the archive, sessions again in the end to see which moved.
    twice = sum(target.split("?")[0].endswith(("/Services", "/Sessions")) for target in distinct)
    return {"requests": len(emulator.requests), "repeated": len(whole) - len(distinct) - twice}

async def main(seed, faults):
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with emulator_of(Seed(**seed), ledger_size=10_000_000) as emulator:
        for number, fault in enumerate(faults):
            emulator.faults.add(Fault(**fault, seed=number))
        held = {name: digests(rows) for name, rows in rows_held(emulator).items()}
        print(json.dumps({**emulator.environment(), "held": held}), flush=True)
        while line := await reader.readline():
            if line == b"forget\\n":
                emulator.requests.clear()
            print(json.dumps(told(emulator)), flush=True)

asyncio.run(main(*json.loads(sys.argv[1])))
"""

# The command line itself, and a word when it begins.
_EXPORT = """
import twilio_sessions.cli._asked as asked
from twilio_sessions.cli import main

export = asked.export

async def begin(*arguments, **options):
    print("begun", flush=True)
    return await export(*arguments, **options)

asked.export = begin
main()
"""


def digests(rows: list[bytes]) -> str:
    """Return what tells rows apart, in any order: the sorted hashes of all."""
    return "".join(sorted(hashlib.blake2b(row, digest_size=8).hexdigest() for row in rows))


def _environment(**more: str) -> dict[str, str]:
    # Coverage cannot be measured of what is killed, and debug mode measures nothing that is asked for here.
    left_out = ("COV", "PYTHONASYNCIO")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return {**kept, "PYTHONPATH": str(_SUPPORT), **more}


@attrs.define
class Twilio:
    """A local Twilio in another process.

    Attributes:
        environment: What points a client at it.
        held: The hashes of the rows that it has, by name.
    """

    process: subprocess.Popen[str]
    environment: dict[str, str]
    held: dict[str, str]

    def asked(self, *, forget: bool = False) -> dict[str, int]:
        """Return how many requests came, and how many of them had been answered in full before."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("forget\n" if forget else "tell\n")
        self.process.stdin.flush()
        told: dict[str, int] = json.loads(self.process.stdout.readline())
        return told


@contextlib.contextmanager
def twilio(seed: Mapping[str, Any], faults: Sequence[Mapping[str, Any]]) -> Iterator[Twilio]:
    """Run a local Twilio."""
    process = subprocess.Popen(
        [sys.executable, "-c", _TWILIO, json.dumps([seed, list(faults)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env=_environment(),
    )
    with process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            held = told.pop("held")
            yield Twilio(process, told, held)
        finally:
            process.kill()


@attrs.define
class Outcome:
    """What came of exports that were interrupted again and again.

    Attributes:
        signals: How many of each were sent and struck.
        exports: How many archives were finished meanwhile.
        requests: Requests made, for all of them.
        repeated: Those among them whose answer had been sent whole before.
        slowest: Seconds from a signal that asks for an end to the end, at most.
        seconds: How long all of it took.
    """

    signals: Counter[str] = attrs.field(factory=Counter[str])
    exports: int = 0
    requests: int = 0
    repeated: int = 0
    slowest: float = 0.0
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        """How many interruptions there were."""
        return self.signals.total()

    def __str__(self) -> str:
        """Say it in one line."""
        sent = ", ".join(f"{count} {name}" for name, count in sorted(self.signals.items()))
        each = self.repeated / max(1, self.kills)
        return (
            f"{sent}; {self.exports} archives exact; {self.requests:,} requests, {self.repeated:,} repeated "
            f"({each:.1f} for each signal); stopped within {self.slowest:.2f} s; took {self.seconds:.0f} s"
        )


@attrs.define
class Killing:
    """Exports that are interrupted at random until each signal was sent as often as was asked for.

    Attributes:
        server: The Twilio that is exported.
        folder: Where archives go, each to a folder of its own.
        quota: How often each signal is to be sent.
        longest: Seconds after its beginning within which a run is struck.
        part_rows: Rows in a part.
        random: What decides when.
    """

    server: Twilio
    folder: Path
    quota: Mapping[signal.Signals, int]
    longest: float
    part_rows: int
    random: random.Random
    outcome: Outcome = attrs.field(factory=Outcome)

    def run(self) -> Outcome:
        """Export until the quota is met and the last archive is finished."""
        began = time.monotonic()
        while self._left() or not self.outcome.exports:
            out = self.folder / str(self.outcome.exports)
            self.server.asked(forget=True)
            while not self._is_finished(out):
                pass
            self._check(out)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    def _left(self) -> list[signal.Signals]:
        return [each for each, count in self.quota.items() if self.outcome.signals[each.name] < count]

    def _is_finished(self, out: Path) -> bool:
        """Run the command once, and strike it if there are signals left; tell whether it came to its end."""
        left = self._left()
        command = ["export", "--out", str(out), "--quiet", "--no-rate-limit", "--include", "all"]
        # Of a size that makes several parts.
        command += ["--part-rows", str(self.part_rows)]
        process = subprocess.Popen(
            [sys.executable, "-c", _EXPORT, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=_environment(**self.server.environment),
        )
        with process:
            if left:
                self._strike(process, self.random.choice(left))
            try:
                said, complaints = process.communicate(timeout=600)
            except BaseException:
                process.kill()
                raise
        assert said in {"begun\n", ""}, said
        # A signal of the last moment finds nobody who would take it in order.
        assert process.returncode in {0, 130, 143, *(-number for number in self.quota)}, complaints
        if process.returncode > 0:
            assert "go on" in complaints, complaints
        assert SECRET not in complaints
        return process.returncode == 0

    def _strike(self, process: subprocess.Popen[str], number: signal.Signals) -> None:
        assert process.stdout is not None
        if number != signal.SIGKILL or self.random.random() < 0.9:
            # Now and then one is killed that has not even begun.
            process.stdout.readline()
        time.sleep(self.random.uniform(0, self.longest))
        if process.poll() is not None:
            return
        sent = time.monotonic()
        process.send_signal(number)
        process.wait(timeout=60)
        if process.returncode:
            self.outcome.signals[number.name] += 1
        if number != signal.SIGKILL:
            self.outcome.slowest = max(self.outcome.slowest, time.monotonic() - sent)

    def _check(self, out: Path) -> None:
        """Assert that a finished archive is exact, and count what it cost."""
        self.outcome.exports += 1
        found = rows_in(out)
        for name, held in self.server.held.items():
            assert digests(found[name]) == held, f"{out}: {name} are not what Twilio has"
        report = verify(out)
        assert report.holds, [str(problem) for problem in report.problems]
        told = self.server.asked()
        self.outcome.requests += told["requests"]
        self.outcome.repeated += told["repeated"]

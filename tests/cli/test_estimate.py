"""The option `--estimate`: how long it takes, and why, for people and for programs; nothing is written."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from rich.console import Console
from served import emulated
from terminal import Terminal, call, run

from twilio_sessions.cli._estimate import print_estimate
from twilio_sessions.emulator import Seed
from twilio_sessions.export import Estimate, Partition, PartitionEstimate, Skipped

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


def service(number: int, seconds: float, name: str | None = None) -> PartitionEstimate:
    partition = Partition("proxy", f"KS{number:032x}")
    return PartitionEstimate(partition, name, number, number, {"participants": number * 2}, seconds)


def printed(estimated: Estimate, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        print_estimate(console, estimated)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def test_what_a_person_sees():
    estimated = Estimate(
        (service(20_000, 1_328.0, "rides"), service(7, 0.3)),
        1_328.0,
        0.1,
        64,
        30.0,
        (Skipped("assistants", "gone"),),
    )
    assert printed(estimated, 80) == (
        "service                             sessions  requests        time\n"
        f"KS{20_000:032x}    20,000    40,000  22 min 8 s\n"
        f"KS{7:032x}         7        14        <1 s\n"
        "left out: assistants: gone\n"
        "20,007 sessions, 40,014 requests: 22 min 8 s or more\n"
        f"why: KS{20_000:032x} needs 40,000 requests for its\n"
        "participants, and Twilio answers 30 a second for each endpoint of a service;\n"
        "nothing makes that faster"
    )
    assert re.search(r"^KS\w+  rides +20,000 ", printed(estimated, 120), re.MULTILINE)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_hundred_services_fit_on_a_screen(width: int):
    many = tuple(service(200 - number, 200.0 - number, "a name that is rather long") for number in range(100))
    text = printed(Estimate(many, 200.0, 0.1, 64, 30.0), width)
    assert "and 80 more, 3 min or less each\n" in text
    assert all(f"KS{200 - number:032x}" in text for number in range(20)), "a SID is whole"
    assert len(text.splitlines()) < 30
    assert max(map(len, text.splitlines())) <= width


def test_the_command_writes_nothing(emulator: Emulator, tmp_path: Path):
    done = run("export", "--out", "archive", "--estimate", cwd=tmp_path, **emulator.environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert "144 sessions, " in done.stdout
    assert "\x1b" not in done.stdout
    assert list(tmp_path.iterdir()) == []
    assert all(one.operation.endswith(("services.list", "sessions.list")) for one in emulator.processed)


def test_for_programs_there_is_json(emulator: Emulator, tmp_path: Path):
    done = call(
        *("export", "--out", "archive", "--estimate", "--progress", "json", "--product", "proxy"),
        cwd=tmp_path,
        **emulator.environment(),
    )
    facts = json.loads(done.stdout)
    assert facts["event"] == "estimate"
    assert facts["sessions"] == sum(part["sessions"] for part in facts["parts"]) == 120
    assert facts["requests"] == sum(sum(part["requests"].values()) for part in facts["parts"])
    assert facts["limit_per_endpoint"] == 30
    assert {part["name"] for part in facts["parts"]} == {each.unique_name for each in emulator.store.services}


def test_in_a_terminal(tmp_path: Path):
    with (
        emulated(Seed(services=3, sessions=600, random_seed=5)) as emulator,
        Terminal(
            *("export", "--out", "archive", "--estimate"),
            cwd=tmp_path,
            columns=60,
            environ=emulator.environment(),
        ) as terminal,
    ):
        assert terminal.finish() == 0
        lines = terminal.lines
    # Requests are left out before a SID is cut.
    assert re.fullmatch(r"KS\w{32} +\d+ +\d+ s", lines[1]), lines
    assert re.fullmatch(r"720 sessions, [\d,]+ requests: \d+ s or more", lines[5])
    assert lines[6].startswith("why: KS")

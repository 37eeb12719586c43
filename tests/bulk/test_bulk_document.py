"""docs/bulk.md is true: its commands and programs run as written and print what it says, tables are whole."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import get_args

import attrs
import pytest
from once import documents
from served import emulated
from terminal import CLEAN

from twilio_sessions.bulk import Outcome
from twilio_sessions.bulk._records import Entry
from twilio_sessions.cli._bulk_asked import Chosen

PAGE = (Path(__file__).parent.parent.parent / "docs" / "bulk.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def unnamed(text: str) -> str:
    """Return text without what differs from run to run."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\dZ", "NOW", re.sub(r"(K[CS])[0-9a-f]{32}", r"\1", text))


@documents
@pytest.mark.timeout(180)
def test_everything_runs_as_written(tmp_path: Path):
    with emulated() as emulator:
        service = emulator.add_service("rides")
        for number in range(6):
            age = timedelta(days=40 if number % 2 else 1)
            emulator.add_session(service, f"ride-{number}", participants=0, age=age)
        printed: list[str] = []
        for kind, text in BLOCKS:
            if kind == "text":
                # Without the summary of the export before it.
                assert unnamed(printed[-1]).endswith(unnamed(text))
                continue
            command = (
                [sys.executable, "-c", text] if kind == "python" else ["bash", "-euo", "pipefail", "-c", text]
            )
            done = subprocess.run(
                command,
                cwd=tmp_path,
                env=CLEAN | emulator.environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, (text, done.stderr)
            printed.append(done.stdout)
    assert printed[0].startswith("close 3 of 6 sessions: in-progress or open, idle for 30 d\n")
    assert printed[1].startswith("close: complete\nclosed             3\n")
    assert printed[2] == "0 of 6\n{} True\n"
    assert printed[3].endswith("by archive: 3 would be deleted\nnothing was changed: this was --dry-run\n")
    assert "delete: complete\ndeleted            3\n" in printed[4]
    assert printed[5].startswith("create: complete\ncreated            2\n")
    assert "3 sessions, 3 of them by earlier runs; 0 requests in " in printed[6]
    assert printed[7] == "3 done by earlier runs, 0 requests by this one\n"
    assert len(printed) == 8
    assert {each.unique_name for each in service.sessions} == {
        "ride-0",
        "ride-2",
        "ride-4",
        "ride-901",
        "ride-902",
    }


def names_in(heading: str) -> set[str]:
    """Return the names in the first column of the table with this heading."""
    rows = PAGE.split(heading)[1].split("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])}


def test_the_tables_are_complete():
    assert names_in("| outcome |") == set(get_args(Outcome))
    assert names_in("| member |") == {*Entry.__struct_fields__, "crc"}


def test_the_filters_are_all_there():
    options = {f"--{field.name.replace('_', '-')}" for field in attrs.fields(Chosen)}
    assert options <= set(re.findall(r"`(--[a-z-]+)[ `]", PAGE))

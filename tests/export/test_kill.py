"""Exports that are killed again and again: in the end each row is there, once, byte for byte.

Twilio, the export and the killer are three processes; Twilio breaks connections, fails and refuses while
the export runs. `nox -s soak` does it at full size: 50 services, 50,000 sessions, 250,000 rows.
"""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING, Any

import pytest
from killing import Killing, twilio
from once import once

if TYPE_CHECKING:
    from pathlib import Path

SOAK = bool(os.environ.get("TWILIO_SESSIONS_SOAK"))
SEED = {
    "services": 6,
    "sessions": 1500,
    "participants": 2000,
    "interactions": 2000,
    "assistants_sessions": 100,
}
PART_ROWS = 400
LONGEST = 0.8
QUOTA = {signal.SIGKILL: 20, signal.SIGINT: 4, signal.SIGTERM: 4}
if SOAK:
    SEED = {
        "services": 50,
        "sessions": 50_000,
        "participants": 100_000,
        "interactions": 100_000,
        "assistants_sessions": 2_000,
    }
    PART_ROWS = 5_000
    LONGEST = 4.0
    QUOTA = {signal.SIGKILL: 100, signal.SIGINT: 20, signal.SIGTERM: 20}

FAULTS: list[dict[str, Any]] = [
    {"do": "reset", "probability": 0.005},
    {"do": "reset", "when": "after", "probability": 0.005},
    {"do": "answer", "status": 429, "retry_after": 0, "probability": 0.005},
    {"do": "answer", "status": 500, "probability": 0.005},
    {"do": "truncate", "probability": 0.005},
    {"do": "truncate", "framing": "chunked", "probability": 0.005},
]

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="there are no such signals"),
    *([] if SOAK else [once]),
    pytest.mark.timeout(180 if not SOAK else 4 * 3600),
]


def test_whatever_kills_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    seed = random.randrange(1_000_000)
    with twilio(SEED, FAULTS) as server:
        killing = Killing(server, tmp_path, QUOTA, LONGEST, PART_ROWS, random.Random(seed))
        try:
            outcome = killing.run()
        except BaseException as error:
            error.add_note(f"random seed {seed}, after {killing.outcome}")
            raise
    with capsys.disabled():
        print(f"\n{outcome}")  # noqa: T201 - the numbers are the point of it
    assert all(outcome.signals[each.name] >= count for each, count in QUOTA.items())
    # What a signal costs is less than a part: what came since the last commit.
    assert outcome.repeated < outcome.kills * PART_ROWS
    # Two seconds are promised on a machine that has nothing else to do; this only tells it from a hang.
    assert outcome.slowest < 20

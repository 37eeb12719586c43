"""The whole suite runs, quickly: every case, every contestant, every figure; no time is judged."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from once import once

SUITE = Path(__file__).parents[2] / "benchmarks" / "suite.py"

for peer in ("httpx", "orjson", "requests", "urllib3"):
    pytest.importorskip(peer, reason="a peer of the benchmarks, from the group `bench`")


pytestmark = once


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    command = [sys.executable, str(SUITE), "--quick", "--out", str(out)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    return results


@pytest.mark.timeout(300)
def test_every_goal_has_a_number(found: dict[str, Any], folder: Path):
    goals = found["findings"]["goals"]
    words = ["list ", "sync client", "fetch ", "create + update + delete", "services x", "prefetch"]
    words += ["kept Session", "import twilio_sessions", "AsyncClient", "installed size", "per page, listings"]
    for word in words:
        assert any(word in goal["what"] for goal in goals), word
    assert all(math.isfinite(goal["measured"]) for goal in goals)
    # A difference of two times, unlike their ratio, may come out below nothing in so short a run.
    assert all(goal["measured"] > 0 for goal in goals if goal["unit"] == "x")
    table = (folder / "results.md").read_text()
    assert all(f"| {goal['what']} |" in table for goal in goals)


@pytest.mark.timeout(300)
def test_every_contestant_has_taken_every_turn(found: dict[str, Any]):
    names = set()
    for measured in found["findings"]["measured"]:
        for name, turns in measured["turns"].items():
            names.add(name)
            assert len(turns) == found["settings"]["starts" if measured["unit"] == "import" else "rounds"]
            assert all(turn["cpu"] >= 0 and turn["wall"] > 0 for turn in turns)
    assert {"twilio-sessions", "twilio async", "twilio sync", "aiohttp + orjson"} <= names
    assert {"httpx async + orjson", "httpx + orjson", "requests + orjson", "urllib3 + orjson"} <= names


@pytest.mark.timeout(300)
def test_everybody_did_the_same_work(found: dict[str, Any]):
    listing = next(one for one in found["findings"]["measured"] if one["title"].startswith("List"))
    pages = {name: -(-count // 100) for name, count in listing["counts"].items()}
    assert {name: {turn["requests"] for turn in turns} for name, turns in listing["turns"].items()} == {
        name: {count} for name, count in pages.items()
    }


def test_tables_of_a_run_that_is_not_whole_do_not_get_into_the_readme():
    command = [sys.executable, str(SUITE), "--quick", "--write-readme"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "wants a whole run" in done.stderr

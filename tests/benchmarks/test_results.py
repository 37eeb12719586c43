"""What a run leaves: JSON with every turn, Markdown with every goal, and the table in a README."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from findings import Findings, goals_table, times_table
from goals import Goal
from results import BEGIN, END, Run, replace_table
from settings import QUICK
from turns import Measured, Turn

if TYPE_CHECKING:
    from pathlib import Path

MET = Goal("listing", 1.2, 1.25, ours="6.0 us", peer="floor 5.0 us", spread=(1.1, 1.3), best=1.15)
MISSED = Goal("calls/s", 1.5, 2, at_least=True)
TURNS = Measured("A case", "call", {"ours": 10}, {"ours": [Turn(1.0, 2.0, 0.5, 10, 0), Turn(3.0, 4.0, 2.0)]})


def run_with(findings: Findings, *, quick: bool = False, load: str = "0.1") -> Run:
    when = datetime(2026, 1, 2, tzinfo=UTC)
    machine = {"CPUs": "2", "load average before": load}
    return Run(when, 90.0, quick, QUICK, machine, {"aiohttp": "3.14"}, findings)


def test_the_table_of_goals_says_by_how_much_and_whether():
    _, _, met, missed = goals_table([MET, MISSED]).splitlines()
    assert met == "| listing | 6.0 us | floor 5.0 us | 1.20 x | 1.10 to 1.30 | 1.15 | <= 1.25 | met |"
    assert missed == "| calls/s |  |  | 1.50 x |  |  | >= 2 | **missed** |"


def test_the_table_of_times_is_per_unit_and_says_how_busy_the_server_was():
    last = times_table(TURNS).splitlines()[-1]
    assert last == "| ours | 10 | 200,000.00 | 300,000.00 | 1.00 | 1.00 | 38% |"


def test_json_has_every_turn_and_who_met_what():
    found = json.loads(run_with(Findings([MET, MISSED], [TURNS], {"size, MB": 15.5})).as_json())
    assert [goal["met"] for goal in found["findings"]["goals"]] == [True, False]
    assert [turn["cpu"] for turn in found["findings"]["measured"][0]["turns"]["ours"]] == [1.0, 3.0]
    assert found["findings"]["figures"] == {"size, MB": 15.5}
    assert (found["when"], found["machine"]["CPUs"]) == ("2026-01-02T00:00:00+00:00", "2")


def test_markdown_says_where_and_with_what_and_when_it_means_nothing():
    text = run_with(Findings([MET])).as_markdown()
    assert "CPUs 2" in text
    assert "aiohttp 3.14" in text
    assert "mean nothing" not in text
    assert "mean nothing" in run_with(Findings([MET]), quick=True).as_markdown()


@pytest.mark.parametrize(("load", "busy"), [("0.4", False), ("3.0", True)])
def test_markdown_says_that_the_machine_was_busy(load: str, busy: bool):
    assert ("wall times say little" in run_with(Findings([MET]), load=load).as_markdown()) is busy


def test_the_table_of_a_readme_is_replaced_and_nothing_else(tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    replace_table(readme, "first\n")
    replace_table(readme, "new\n")
    assert readme.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


@pytest.mark.parametrize("text", ["nothing", BEGIN, END, f"{BEGIN}{BEGIN}{END}"])
def test_a_readme_without_the_markers_is_left_alone(text: str, tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(text)
    with pytest.raises(ValueError, match="once each"):
        replace_table(readme, "new\n")
    assert readme.read_text() == text

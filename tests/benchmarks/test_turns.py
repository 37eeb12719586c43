"""Contestants take turns in one run, and are compared inside each round."""

from __future__ import annotations

import time

import pytest
from turns import Contestant, Measured, Turn, compare, take_turns


def measured(ours: list[float], peer: list[float]) -> Measured:
    """Return turns of ten units each, as long in wall time as in processor time, in seconds."""
    turns = {"ours": [Turn(each, each) for each in ours], "peer": [Turn(each, each) for each in peer]}
    return Measured("A case", "call", {"ours": 10, "peer": 10}, turns)


def test_all_warm_up_and_then_take_turns_in_the_opposite_order_every_other_round():
    order: list[str] = []
    contestants = [Contestant(name, lambda name=name: order.append(name), 1) for name in "abc"]  # type: ignore[misc]
    found = take_turns("A case", "call", contestants, 3)
    assert "".join(order) == "abc" + "abc" + "cba" + "abc"
    assert {name: len(turns) for name, turns in found.turns.items()} == {"a": 3, "b": 3, "c": 3}


def test_waiting_takes_no_processor_time_and_working_does():
    def work() -> None:
        until = time.process_time() + 0.05
        while time.process_time() < until:
            pass

    contestants = [Contestant("waits", lambda: time.sleep(0.05), 1), Contestant("works", work, 1)]
    found = take_turns("A case", "call", contestants, 1)
    [waited], [worked] = found.turns["waits"], found.turns["works"]
    assert waited.cpu < waited.wall / 2
    assert worked.cpu >= 0.05


def test_who_measures_itself_is_believed():
    told = Turn(cpu=1.0, wall=2.0)
    assert take_turns("A case", "call", [Contestant("other process", lambda: told, 1)], 2).turns == {
        "other process": [told, told]
    }


def test_times_are_microseconds_per_unit_however_many_units_a_turn_has():
    turns = {"many": [Turn(1.0, 2.0)], "few": [Turn(0.1, 0.2)]}
    found = Measured("A case", "row", {"many": 1000, "few": 100}, turns)
    assert found.median("many", "cpu") == pytest.approx(1000.0)
    assert found.ratio("many", "few", "cpu") == pytest.approx(1.0)
    assert found.ratio("many", "few", "wall") == pytest.approx(1.0)


def test_a_ratio_is_the_median_of_those_inside_each_round():
    # In the second round the machine was slow for both; medians of times would say 10 / 2.
    found = measured(ours=[1.0, 30.0, 10.0], peer=[1.0, 20.0, 2.0])
    assert found.ratios("ours", "peer", "cpu") == [1.0, 1.5, 5.0]
    assert found.ratio("ours", "peer", "cpu") == 1.5


@pytest.mark.parametrize(
    ("bound", "fewer", "number", "is_met"),
    [(2.0, False, 2.0, True), (1.9, False, 2.0, False), (0.5, True, 0.5, True), (0.6, True, 0.5, False)],
)
def test_a_comparison_is_met_or_missed(bound: float, fewer: bool, number: float, is_met: bool):
    goal = compare(measured([2.0], [1.0]), "ours", "peer", bound, what="A case", fewer=fewer)
    assert (goal.measured, goal.is_met) == (number, is_met)
    assert goal.what == ("A case: peer / ours" if fewer else "A case: ours / peer")


def test_a_comparison_says_between_what_its_rounds_were():
    goal = compare(measured([2.0, 3.0, 9.0], [1.0, 1.0, 1.0]), "ours", "peer", 1, what="A case", clock="wall")
    assert (goal.measured, goal.spread) == (3.0, (2.0, 9.0))
    assert (goal.ours, goal.peer) == ("300,000.0 us", "peer 100,000.0 us")


@pytest.mark.parametrize(("fewer", "best"), [(False, 4.0), (True, 0.25)])
def test_a_comparison_has_the_ratio_of_the_best_turns_whichever_rounds_those_were(fewer: bool, best: float):
    goal = compare(measured([9.0, 2.0], [0.5, 1.0]), "ours", "peer", 1, what="A case", fewer=fewer)
    assert goal.best == best

"""A number that was measured beside the bound that it has to keep, as one line of a table."""

from __future__ import annotations

import attrs

__all__ = ["Goal", "report"]


@attrs.frozen
class Goal:
    """A number that was measured, and the bound that it has to keep.

    Attributes:
        what: What was measured.
        measured: The number.
        bound: Its bound.
        unit: Of both.
        at_least: Whether the bound is below or above.
    """

    what: str
    measured: float
    bound: float
    unit: str = "x"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it keeps its bound."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "" if self.is_met else "  MISSED"
        return f"{self.what:70} {self.measured:9.2f} {self.unit:3} {sign} {self.bound:g}{verdict}"


def report(goals: list[Goal]) -> bool:
    """Print goals; return whether all are met."""
    for goal in goals:
        print(goal, flush=True)
    return all(goal.is_met for goal in goals)

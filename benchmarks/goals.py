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
        ours: What this package took, in words.
        peer: What it is compared with, and what that took.
        spread: The least and the greatest of the numbers of which `measured` is the median.
        best: The same number made of everybody's best turns, which other work on the machine disturbed least.
    """

    what: str
    measured: float
    bound: float
    unit: str = "x"
    at_least: bool = False
    ours: str = ""
    peer: str = ""
    spread: tuple[float, float] | None = None
    best: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it keeps its bound."""
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound

    @property
    def allowed(self) -> str:
        """The bound, with its sign."""
        return f"{'>=' if self.at_least else '<='} {self.bound:g}"

    def __str__(self) -> str:
        verdict = "" if self.is_met else "  MISSED"
        return f"{self.what:70} {self.measured:9.2f} {self.unit:3} {self.allowed}{verdict}"


def report(goals: list[Goal]) -> bool:
    """Print goals; return whether all are met."""
    for goal in goals:
        print(goal, flush=True)
    return all(goal.is_met for goal in goals)

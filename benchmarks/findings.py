"""What a case found: times of everybody's turns, other figures, and goals; and how that reads as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from goals import Goal
    from turns import Measured

__all__ = ["Findings", "figures_table", "goals_table", "times_table"]


@attrs.frozen
class Findings:
    """What a case found.

    Attributes:
        goals: Numbers beside their bounds.
        measured: The turns behind them.
        figures: Other numbers by their names, units included.
    """

    goals: list[Goal]
    measured: list[Measured] = attrs.field(factory=list["Measured"])
    figures: dict[str, float] = attrs.field(factory=dict[str, float])

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.goals + other.goals, self.measured + other.measured, self.figures | other.figures
        )


def goals_table(goals: list[Goal]) -> str:
    """Return the goals as a Markdown table."""
    return _table(
        ("case", "ours", "peer", "measured", "rounds", "best turns", "goal", ""),
        [
            (
                goal.what,
                goal.ours,
                goal.peer,
                f"{goal.measured:.2f} {goal.unit}".strip(),
                "" if goal.spread is None else "{:.2f} to {:.2f}".format(*goal.spread),
                "" if goal.best is None else f"{goal.best:.2f}",
                goal.allowed,
                "met" if goal.is_met else "**missed**",
            )
            for goal in goals
        ],
    )


def times_table(measured: Measured) -> str:
    """Return the times of a case as a Markdown table, everybody beside the first contestant."""
    first = next(iter(measured.turns))
    rows = [
        (
            name,
            f"{measured.counts[name]:,}",
            f"{measured.median(name, 'cpu'):,.2f}",
            f"{measured.median(name, 'wall'):,.2f}",
            f"{measured.ratio(name, first, 'cpu'):.2f}",
            f"{measured.ratio(name, first, 'wall'):.2f}",
            f"{measured.server_share(name):.0%}",
        )
        for name in measured.turns
    ]
    heads = (
        f"us per {measured.unit}",
        "a turn",
        "CPU",
        "wall",
        "CPU / first",
        "wall / first",
        "server's share",
    )
    return f"**{measured.title}**\n\n{_table(heads, rows)}"


def figures_table(figures: dict[str, float]) -> str:
    """Return other figures as a Markdown table."""
    return _table(("figure", "value"), [(name, f"{value:,.1f}") for name, value in figures.items()])


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

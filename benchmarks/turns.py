"""Lets contestants take turns in one run, so that a slow moment of the machine hits all of them alike."""

from __future__ import annotations

import gc
import statistics
import time
from typing import TYPE_CHECKING, Final, Literal

import attrs
from goals import Goal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from fastserver import Told

__all__ = ["Clock", "Contestant", "Measured", "Turn", "compare", "take_turns"]

Clock = Literal["cpu", "wall"]

_MICRO: Final = 1e6


@attrs.frozen
class Turn:
    """What one run of a contestant took.

    Attributes:
        cpu: Seconds of processor time of the measuring process, all of its threads included.
        wall: Seconds.
        server: Seconds of processor time of the load generator meanwhile.
        requests: How many requests it answered meanwhile.
        posted: How many bytes of forms it got meanwhile.
    """

    cpu: float
    wall: float
    server: float = 0.0
    requests: int = 0
    posted: int = 0


@attrs.frozen
class Contestant:
    """Somebody who takes turns.

    Attributes:
        name: As it stands in tables.
        run: Does the work; one that measures itself, as in another process, returns a `Turn`.
        count: How much of what is counted one run does; those that are slow may do less.
    """

    name: str
    run: Callable[[], object]
    count: int


@attrs.frozen
class Measured:
    """All turns of all contestants of a case.

    Attributes:
        title: What they did.
        unit: What is counted, in the singular.
        counts: How many of those each contestant did in a turn.
        turns: Those of each contestant, one a round.
    """

    title: str
    unit: str
    counts: dict[str, int]
    turns: dict[str, list[Turn]]

    def each(self, name: str, clock: Clock) -> list[float]:
        """Return, round by round, the microseconds per unit."""
        count = self.counts[name]
        return [getattr(turn, clock) / count * _MICRO for turn in self.turns[name]]

    def median(self, name: str, clock: Clock) -> float:
        """Return the median of the microseconds per unit."""
        return statistics.median(self.each(name, clock))

    def ratios(self, name: str, against: str, clock: Clock) -> list[float]:
        """Return, round by round, the ratio of two contestants inside the same round."""
        pairs = zip(self.each(name, clock), self.each(against, clock), strict=True)
        return [one / other for one, other in pairs]

    def ratio(self, name: str, against: str, clock: Clock) -> float:
        """Return the median of the ratios."""
        return statistics.median(self.ratios(name, against, clock))

    def server_share(self, name: str) -> float:
        """Return the share of a core that the load generator took while this one ran, at the median."""
        return statistics.median(turn.server / turn.wall for turn in self.turns[name])


def take_turns(
    title: str,
    unit: str,
    contestants: Sequence[Contestant],
    rounds: int,
    server: Connection | None = None,
) -> Measured:
    """Let everybody warm up, then run in turns, in the opposite order every other round.

    Args:
        title: What they do.
        unit: What is counted, in the singular.
        contestants: Who takes turns.
        rounds: How many turns everybody has.
        server: The pipe to the load generator, to be asked what it took.
    """
    for contestant in contestants:
        contestant.run()
    turns: dict[str, list[Turn]] = {contestant.name: [] for contestant in contestants}
    for number in range(rounds):
        for contestant in contestants[:: -1 if number % 2 else 1]:
            turns[contestant.name].append(_turn(contestant, server))
    return Measured(title, unit, {one.name: one.count for one in contestants}, turns)


def _turn(contestant: Contestant, server: Connection | None) -> Turn:
    gc.collect()
    before = _ask(server)
    wall, cpu = time.perf_counter(), time.process_time()
    result = contestant.run()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if isinstance(result, Turn):
        return result
    after = _ask(server)
    if before is None or after is None:
        return Turn(cpu, wall)
    return Turn(cpu, wall, after.cpu - before.cpu, after.requests, after.posted)


def _ask(server: Connection | None) -> Told | None:
    if server is None:
        return None
    server.send("tell")
    told: Told = server.recv()
    return told


def compare(
    measured: Measured,
    name: str,
    against: str,
    bound: float,
    *,
    what: str,
    clock: Clock = "cpu",
    fewer: bool = False,
) -> Goal:
    """Return the goal of one contestant beside another, as the median of the ratios of each round.

    Args:
        measured: The turns of both.
        name: Ours.
        against: The peer.
        bound: Of the ratio.
        what: What is compared.
        clock: Which time.
        fewer: Whether it is the peer's time over ours, to be at least the bound.
    """
    ratios = measured.ratios(against, name, clock) if fewer else measured.ratios(name, against, clock)
    took = [measured.median(one, clock) for one in (name, against)]
    best = min(measured.each(name, clock)) / min(measured.each(against, clock))
    direction = f"{against} / ours" if fewer else f"ours / {against}"
    return Goal(
        f"{what}: {direction}",
        statistics.median(ratios),
        bound,
        at_least=fewer,
        ours=f"{took[0]:,.1f} us",
        peer=f"{against} {took[1]:,.1f} us",
        spread=(min(ratios), max(ratios)),
        best=1 / best if fewer else best,
    )

"""How much of everything a run of the suite does: enough to be measured, or just enough to see it run."""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["FULL", "QUICK", "Settings"]


@attrs.frozen(kw_only=True)
class Settings:
    """How much of everything is done.

    Attributes:
        rounds: Turns of every contestant.
        rows: Sessions to list, and how many of them by clients that are slow.
        slow_rows: See `rows`.
        fetches: Sessions to fetch one after the other, and by clients that are slow.
        slow_fetches: See `fetches`.
        concurrent: Sessions to fetch, many at a time, by us, by the official client, by the slowest.
        slow_concurrent: See `concurrent`.
        slowest_concurrent: See `concurrent`.
        cycles: Sessions to create, update and delete, and by the official client.
        slow_cycles: See `cycles`.
        services: How many services are listed at once.
        sessions: How many sessions each of them has.
        pages_ahead: Pages to read with a slow reader.
        kept: Sessions to keep in memory.
        growth: Pages of listings of different lengths.
        hops: Calls that do nothing.
        starts: How many new interpreters each import gets.
    """

    rounds: int
    rows: int
    slow_rows: int
    fetches: int
    slow_fetches: int
    concurrent: int
    slow_concurrent: int
    slowest_concurrent: int
    cycles: int
    slow_cycles: int
    services: int
    sessions: int
    pages_ahead: int
    kept: int
    growth: tuple[int, ...]
    hops: int
    starts: int


FULL: Final = Settings(
    rounds=7,
    rows=100_000,
    slow_rows=10_000,
    fetches=5_000,
    slow_fetches=500,
    concurrent=20_000,
    slow_concurrent=4_000,
    slowest_concurrent=400,
    cycles=2_000,
    slow_cycles=500,
    services=100,
    sessions=1_000,
    pages_ahead=60,
    kept=5_000,
    growth=(10, 100, 1_000, 10_000),
    hops=2_000,
    starts=15,
)
QUICK: Final = Settings(
    rounds=2,
    rows=1_000,
    slow_rows=200,
    fetches=50,
    slow_fetches=10,
    concurrent=200,
    slow_concurrent=100,
    slowest_concurrent=20,
    cycles=50,
    slow_cycles=10,
    services=5,
    sessions=200,
    pages_ahead=5,
    kept=200,
    growth=(2, 10),
    hops=50,
    starts=2,
)

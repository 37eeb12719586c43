"""An account full of plausible records, the same for the same seed: what the emulator starts with.

Records are written straight into the store, yet they keep its rules: at most two present participants,
no number twice with one identifier in active sessions, interactions only where a session was started,
and nothing that the clock would soon expire or purge.
"""

from __future__ import annotations

import gc
from bisect import bisect
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.emulator._planter import DAY, MAX_AGE, Planter

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._records import Service
    from twilio_sessions.emulator._store import Store

__all__ = ("Seed", "plant")

MAX_PARTICIPANTS, MAX_INTERACTIONS, MAX_MESSAGES, MAX_NUMBERS = 2, 150, 150, 400
# More than two pages of the default size: one listing of each kind is at least this long, if there is enough.
LONG = 120
# From so many services on, one of them has no sessions.
ENOUGH_FOR_AN_EMPTY_ONE = 3


@attrs.frozen(kw_only=True)
class Seed:
    """How much of everything the account owns at the start; all counts are totals over the account.

    Example:
        Seed(services=5, sessions=4_000, random_seed=7)

    Attributes:
        services: How many services; from three on, one of them stays without sessions.
        sessions: How many Proxy sessions, spread unevenly: a few large services, several small ones.
        random_seed: The same seed gives the same records, SIDs included.
        participants: How many participants, at most two for a session; by default 1.5 for each session.
            A few are removed ones (`date_deleted`).
        interactions: How many interactions, at most 150 for a session; by default 3 for each session.
            Most sessions have few, some more than fit on one page. About one in six is a message interaction.
        phone_numbers: How many numbers in the pools; by default 6 for each service.
        assistants_sessions: How many Assistants sessions; by default a fifth of `sessions`.
        assistants_messages: How many messages in them; by default 6 for each.
        anchor: The aware moment before which everything was created; by default the emulator's time
            at its start. Fix it, and the clock, to get the same bytes on another day.
    """

    services: int = 3
    sessions: int = 500
    random_seed: int = 0
    participants: int | None = None
    interactions: int | None = None
    phone_numbers: int | None = None
    assistants_sessions: int | None = None
    assistants_messages: int | None = None
    anchor: datetime | None = None

    def __attrs_post_init__(self) -> None:
        for field in attrs.fields(Seed):
            value = getattr(self, field.name)
            if isinstance(value, int) and value < 0:
                raise ValueError(f"Seed.{field.name} must not be negative")
        if self.sessions and not self.services:
            raise ValueError("Seed.sessions needs at least one service")
        if self.anchor is not None and self.anchor.tzinfo is None:
            raise ValueError("Seed.anchor must be an aware datetime")


def plant(store: Store, options: EmulatorOptions, seed: Seed, now: datetime) -> None:
    """Fill an empty store."""
    # The collector would walk a growing heap again and again, and find nothing: all of it is kept.
    collecting = gc.isenabled()
    gc.disable()
    try:
        _plant_all(store, options, seed, now)
    finally:
        if collecting:
            gc.enable()


def _plant_all(store: Store, options: EmulatorOptions, seed: Seed, now: datetime) -> None:
    planter = Planter(store, options, seed.random_seed, seed.anchor or now)
    services = [planter.service(number) for number in range(seed.services)]
    sizes = _shares(planter.rng, seed.sessions, seed.services)
    _plant_numbers(planter, seed, services)
    _plant_sessions(planter, seed, services, sizes)
    _plant_assistants(planter, seed)


def _plant_numbers(planter: Planter, seed: Seed, services: list[Service]) -> None:
    total = 6 * seed.services if seed.phone_numbers is None else seed.phone_numbers
    counts = _spread(planter.rng, total, seed.services, MAX_NUMBERS, lambda: planter.rng.randrange(2, 8))
    for service, count in zip(services, counts, strict=True):
        for _ in range(count):
            planter.number(service)


def _plant_sessions(planter: Planter, seed: Seed, services: list[Service], sizes: list[int]) -> None:
    rng = planter.rng
    owners = [service for service, size in zip(services, sizes, strict=True) for _ in range(size)]
    rng.shuffle(owners)
    people = seed.sessions * 3 // 2 if seed.participants is None else seed.participants
    talks = seed.sessions * 3 if seed.interactions is None else seed.interactions
    participants = _spread(rng, people, seed.sessions, MAX_PARTICIPANTS, lambda: rng.choice((0, 1, 2, 2, 2)))
    interactions = _spread(rng, talks, seed.sessions, MAX_INTERACTIONS, _long_tail(rng))
    # Oldest first: the order of creation is the order of dates.
    ages = _ages(rng, seed.sessions)
    for number, owner in enumerate(owners):
        planter.session(owner, 1000 + number, ages[number], participants[number], interactions[number])


def _plant_assistants(planter: Planter, seed: Seed) -> None:
    rng = planter.rng
    sessions = seed.sessions // 5 if seed.assistants_sessions is None else seed.assistants_sessions
    total = sessions * 6 if seed.assistants_messages is None else seed.assistants_messages
    messages = _spread(rng, total, sessions, MAX_MESSAGES, _long_tail(rng))
    ages = _ages(rng, sessions)
    for number in range(sessions):
        planter.assistant_session(number, ages[number], messages[number])


def _ages(rng: random.Random, count: int) -> list[float]:
    return sorted((rng.uniform(DAY, MAX_AGE) for _ in range(count)), reverse=True)


def _long_tail(rng: random.Random) -> Callable[[], int]:
    """Return a source of sizes: mostly none or a few, now and then more than a page."""
    first = iter((LONG,))
    limits, ranges = (0.3, 0.9, 0.98), ((0, 1), (1, 6), (6, 40), (51, MAX_INTERACTIONS + 1))

    def draw() -> int:
        low, high = ranges[bisect(limits, rng.random())]
        return next(first, rng.randrange(low, high))

    return draw


def _shares(rng: random.Random, total: int, buckets: int) -> list[int]:
    """Divide sessions among services: each gets half as many as the one before, one of three or more none."""
    weights = [0.5 ** min(index, 8) for index in range(buckets)]
    if buckets >= ENOUGH_FOR_AN_EMPTY_ONE:
        weights[-1] = 0.0
    shares = [int(total * weight / sum(weights)) for weight in weights]
    if buckets:
        shares[0] += total - sum(shares)
    rng.shuffle(shares)
    return shares


def _spread(rng: random.Random, total: int, buckets: int, cap: int, draw: Callable[[], int]) -> list[int]:
    """Divide exactly `total` things among buckets of bounded size, each getting what is drawn for it."""
    if total > cap * buckets:
        raise ValueError(
            f"a seed cannot spread {total} records over {buckets} parents with at most {cap} each"
        )
    counts = [0] * buckets
    order = list(range(buckets))
    rng.shuffle(order)
    left = total
    while left:
        for index in order:
            more = min(draw(), cap - counts[index], left)
            counts[index] += more
            left -= more
    return counts

"""Clients that share one budget in virtual time, and a server that counts exactly."""

from __future__ import annotations

import heapq
import itertools
import random
from collections import deque
from typing import TYPE_CHECKING

import attrs

from twilio_sessions._core.ratelimit import RateState
from twilio_sessions._core.window import PROXY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOREVER = 1e9
AT_ONCE = 100
"""How many requests a client may have in flight."""


@attrs.define
class Traffic:
    """What became of one client's requests: the times of those admitted and of those refused."""

    admitted: list[float] = attrs.field(factory=list[float])
    refused: list[float] = attrs.field(factory=list[float])

    def share(self, begin: float, end: float) -> float:
        """What was admitted, in parts of the published budget."""
        return sum(begin <= time < end for time in self.admitted) / (30 * (end - begin))


@attrs.frozen
class Road:
    """What happens to requests and answers on their way.

    Attributes:
        way: Between which seconds one way takes, evenly drawn.
        tail: Seconds that one in ten takes longer, on average; some take much longer.
        lost: Which part of the answers never comes; the client notices it after a second.
        stalls: When everything stands still on both sides: nothing is read, and no timer goes off.
    """

    way: tuple[float, float] = (0.025, 0.075)
    tail: float = 0.0
    lost: float = 0.0
    stalls: Sequence[tuple[float, float]] = ()

    def end(self, begin: float, random_: random.Random) -> float:
        """Return when something arrives that begins its way now."""
        late = random_.expovariate(1 / self.tail) if self.tail and random_.random() < 0.1 else 0.0
        return self.awake(begin + random_.uniform(*self.way) + late)

    def awake(self, time: float) -> float:
        """Return when something is noticed that happens at a time."""
        return next((end for begin, end in self.stalls if begin <= time < end), time)


class Server:
    """150 in 5 s, counted exactly."""

    def __init__(self) -> None:
        self._log: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._log and self._log[0] <= now - 5:
            self._log.popleft()
        if len(self._log) >= 150:
            return False
        self._log.append(now)
        return True


def simulate(
    *lives: tuple[float, float],
    until: float,
    seed: int = 0,
    road: Road = Road(),
    lateness: float = 0.005,
) -> list[Traffic]:
    """Let clients that never run out of work share one budget, each from a time until another."""
    world = _World(random.Random(seed), road, lateness)
    clients = [_Client(world, death) for _, death in lives]
    for client, (birth, _) in zip(clients, lives, strict=True):
        world.plan(birth, client.send)
    world.run(until)
    return [client.traffic for client in clients]


class _World:
    """The server, the road to it, and what is going to happen."""

    def __init__(self, random_: random.Random, road: Road, lateness: float) -> None:
        self.random, self.road, self.server = random_, road, Server()
        self._lateness = lateness
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[..., None], tuple[float, ...]]] = []

    def plan(self, time: float, what: Callable[..., None], *facts: float) -> None:
        heapq.heappush(self._events, (time, next(self._order), what, facts))

    def plan_timer(self, time: float, what: Callable[..., None]) -> None:
        self.plan(self.road.awake(time + self.random.uniform(0, self._lateness)), what)

    def plan_arrival(self, now: float, what: Callable[..., None], *facts: float) -> None:
        self.plan(self.road.end(now, self.random), what, *facts)

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            now, _, what, facts = heapq.heappop(self._events)
            what(now, *facts)


class _Client:
    """Sends whenever it may, and tells its limiter what comes of it."""

    def __init__(self, world: _World, death: float) -> None:
        self.traffic = Traffic()
        self._world, self._death = world, death
        self._state = RateState(PROXY_LIMIT)
        self._in_flight = 0

    def send(self, now: float) -> None:
        if now >= self._death or self._in_flight == AT_ONCE:
            return
        ready = self._state.ready_at(now)
        if ready > now:
            self._world.plan_timer(ready, self.send)
            return
        self._state.take(now)
        self._in_flight += 1
        self._world.plan_arrival(now, self.arrive, now)
        self._world.plan(now + 1e-5, self.send)

    def arrive(self, now: float, sent: float) -> None:
        admitted = self._world.server.admits(now)
        (self.traffic.admitted if admitted else self.traffic.refused).append(now)
        if self._world.random.random() < self._world.road.lost:
            self._world.plan(self._world.road.awake(max(now, sent + 1.0)), self.give_up)
        else:
            self._world.plan_arrival(now, self.hear, sent, admitted)

    def hear(self, now: float, sent: float, admitted: float) -> None:
        self._end(now)
        self._state.answered(sent, now)
        self._state.succeeded() if admitted else self._state.throttled(now, sent)

    def give_up(self, now: float) -> None:
        self._end(now)
        self._state.failed(now)

    def _end(self, now: float) -> None:
        if self._in_flight == AT_ONCE:
            self._world.plan(now, self.send)
        self._in_flight -= 1

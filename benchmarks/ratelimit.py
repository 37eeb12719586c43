"""Measures how much of Twilio's published rate limit the client uses, and how seldom it is refused.

Run `python benchmarks/ratelimit.py`; it takes about three minutes, nearly all of it waiting. The server is
a local Twilio in a process of its own that keeps to Proxy's limit as published: 150 requests in any 5 s, for
each endpoint of each service. It prints a table and exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import sys
import time
from typing import TYPE_CHECKING, Final

import attrs
from goals import Goal

from twilio_sessions import AsyncClient, RateLimitError
from twilio_sessions.emulator import Emulator, EmulatorOptions, Seed

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from twilio_sessions.events import Event

LIMIT: Final = 150
WINDOW: Final = 5.0
PER_SECOND: Final = LIMIT / WINDOW
TOO_MANY: Final = 429
SERVICES: Final = 1000
LARGEST: Final = 600
"""Requests to the largest service; the n-th largest has an n-th of that, and most have one."""


def serve(to_parent: Connection) -> None:
    """Run a local Twilio until the other end of the pipe is closed."""

    async def main() -> None:
        options = EmulatorOptions(rate_limit=LIMIT, rate_limit_window=WINDOW, ledger_size=1000)
        async with Emulator(seed=Seed(services=SERVICES, sessions=0), options=options) as emulator:
            to_parent.send(emulator.environment())
            await asyncio.to_thread(to_parent.recv)

    asyncio.run(main())


def client_of(told: dict[str, str]) -> AsyncClient:
    """Return a client of the server that told this."""
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=told["TWILIO_SESSIONS_PROXY_URL"],
        timeout=120,
    )


@attrs.define
class Seen:
    """What hooks hear of a run: when answers came, and how many were refusals."""

    accepted: list[float] = attrs.field(factory=list[float])
    refused: int = 0

    def hear(self, event: Event) -> None:
        """Take an event into account."""
        status = getattr(event, "status", None)
        if status == TOO_MANY:
            self.refused += 1
        elif status is not None:
            self.accepted.append(time.monotonic())


async def saturate(
    told: dict[str, str], service: str, *, requests: int | None = None, until: float | None = None
) -> Seen:
    """Ask for a service as often as the client lets us: so many times, or until a time."""
    seen = Seen()
    async with client_of(told) as client:
        context = client.with_options(on_event=seen.hear).proxy.v1.services(service)
        left = requests

        async def work() -> None:
            nonlocal left
            while left is None or left > 0:
                left = None if left is None else left - 1
                try:
                    await context.fetch()
                except RateLimitError:
                    continue

        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(work()) for _ in range(200)]
            if until is not None:
                await asyncio.sleep(until - time.monotonic())
                for worker in workers:
                    worker.cancel()
    return seen


def share(told: dict[str, str], service: str, start: float, seconds: float, result: Connection) -> None:
    """Saturate a service from a process of its own; send how much was accepted and refused."""

    async def main() -> Seen:
        await asyncio.sleep(start - time.monotonic())
        return await saturate(told, service, until=start + seconds)

    logging.getLogger("twilio_sessions").setLevel(logging.ERROR)
    seen = asyncio.run(main())
    result.send((sum(start <= at < start + seconds for at in seen.accepted), seen.refused))


def one_client(told: dict[str, str], service: str, seconds: float) -> list[Goal]:
    """One client, one service: the time for so many requests, against the best that the limit allows."""
    windows = max(2, round(seconds / WINDOW))
    seen = asyncio.run(saturate(told, service, requests=LIMIT * (windows + 1)))
    # The first window's worth may go at once, and the last one at the end.
    took, best = seen.accepted[-1] - seen.accepted[0], windows * WINDOW
    refused = 100 * seen.refused / (len(seen.accepted) + seen.refused)
    return [
        Goal(
            f"one client: of the allowed rate, over {took:.1f} s", 100 * best / took, 97, "%", at_least=True
        ),
        Goal(f"one client: answered 429, of {len(seen.accepted)}", refused, 0.1, "%", at_least=False),
    ]


def two_clients(told: dict[str, str], service: str, seconds: float) -> list[Goal]:
    """Two processes that know nothing of each other want all of one budget."""
    start = time.monotonic() + 3
    pipes = [multiprocessing.Pipe() for _ in range(2)]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=share, args=(told, service, start, seconds, there)) for _, there in pipes
    ]
    for process in processes:
        process.start()
    counts = [here.recv() for here, _ in pipes]
    for process in processes:
        process.join()
    allowed = PER_SECOND * seconds
    accepted = [100 * count / allowed for count, _ in counts]
    asked = sum(count + refused for count, refused in counts)
    print(f"two clients: {sum(refused for _, refused in counts)} of {asked} requests answered 429")
    return [
        Goal("two clients: of the allowed rate, together", sum(accepted), 90, "%", at_least=True),
        Goal("two clients: of the allowed rate, the one with less", min(accepted), 30, "%", at_least=True),
    ]


async def many_services(told: dict[str, str]) -> list[Goal]:
    """A thousand services at once, one of them with 600 requests, most of them with one."""
    seen = Seen()
    async with client_of(told) as client:
        sids = [one.sid async for one in client.proxy.v1.services.list()]
        hearing = client.with_options(on_event=seen.hear)
        waits: dict[str, list[float]] = {sid: [] for sid in sids}
        start = time.monotonic()

        async def ask(sid: str) -> None:
            await hearing.proxy.v1.services(sid).fetch()
            waits[sid].append(time.monotonic() - start)

        async with asyncio.TaskGroup() as tasks:
            for number, sid in enumerate(sids):
                for _ in range(max(1, LARGEST // (number + 1))):
                    tasks.create_task(ask(sid))
    single = [times[0] for times in waits.values() if len(times) == 1]
    requests = sum(map(len, waits.values()))
    print(
        f"{len(sids)} services: {requests} requests in {max(map(max, waits.values())):.1f} s, "
        f"{len(single)} services with one; their median wait {sorted(single)[len(single) // 2]:.2f} s"
    )
    best, longest, took = (LARGEST / LIMIT - 1) * WINDOW, max(single), max(waits[sids[0]])
    print(f"    the largest took {took:.1f} s of at least {best:g} s; {seen.refused} answered 429")
    return [
        Goal(f"{len(sids)} services: longest wait of one with one request", longest, 5, "s", at_least=False)
    ]


def main() -> int:
    """Measure, print, and return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the first two runs")
    seconds = parser.parse_args().seconds
    # Refusals are counted here, not read.
    logging.getLogger("twilio_sessions").setLevel(logging.ERROR)
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    server.start()
    told = here.recv()

    async def first_service() -> str:
        async with client_of(told) as client:
            return (await anext(client.proxy.v1.services.list(limit=1))).sid

    goals: list[Goal] = []
    service = asyncio.run(first_service())
    for measure in (one_client, two_clients):
        goals += measure(told, service, seconds)
        # The server forgets what was asked.
        time.sleep(WINDOW + 1)
    goals += asyncio.run(many_services(told))
    here.send("end")
    server.join()
    print(*goals, sep="\n")
    return 0 if all(goal.is_met for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())

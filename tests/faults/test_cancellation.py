"""Calls cancelled at each of their await points: what is left behind is a client that works as before.

Every call is made again and again, cancelled one await point later each time, until it ends by itself.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from interruption import Moment, gate_of, interrupt, quiet, whole
from operations import OPERATIONS, Operation, Place, prepare
from served import emulated

from twilio_sessions import AsyncClient
from twilio_sessions._core.gate import Gate
from twilio_sessions._core.window import Limit
from twilio_sessions.emulator import Fault, Seed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from twilio_sessions.emulator import Emulator

MOMENTS: list[Moment] = ["waiting", "resuming"]
MOST_POINTS = 200


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A local Twilio in a loop of its own, so that every task of the test's loop is the client's."""
    with emulated(Seed(services=0, sessions=0, assistants_sessions=7)) as one:
        yield one


def client_of(emulator: Emulator, **options: Any) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        **options,
    )


def gated(emulator: Emulator, limit: Limit, *, concurrency: int) -> AsyncClient:
    """Return a client that keeps to a limit of its own."""
    client = client_of(emulator)
    pipeline = client._pipeline  # noqa: SLF001 - the limit is Twilio's, and no option
    pipeline.shared = attrs.evolve(pipeline.shared, gate=Gate({"proxy": limit}, concurrency=concurrency))
    return client


@asynccontextmanager
async def somewhere(emulator: Emulator) -> AsyncGenerator[Place]:
    """One of everything, and nothing else."""
    async with client_of(emulator) as clean:
        for service in [one async for one in clean.proxy.v1.services.list()]:
            await clean.proxy.v1.services(service.sid).delete()
        place = await prepare(clean)
    emulator.faults.clear()
    emulator.processed.clear()
    await quiet()
    yield place
    emulator.faults.clear()


async def sweep(
    make: Callable[[], AsyncClient],
    call: Callable[[AsyncClient, int], Awaitable[object]],
    moment: Moment,
    *,
    before: Callable[[], Awaitable[None]] | None = None,
) -> tuple[object, int]:
    """Cancel a call at each await point, over new connections and over kept ones; look around each time.

    Returns:
        What the call returned when it was let alone, and at how many points it had been cancelled.
    """

    async def run(client: AsyncClient, number: int) -> object:
        return await call(client, number)

    tasks = asyncio.all_tasks()
    for at in range(1, MOST_POINTS):
        async with make() as client:
            ended = []
            for number in (2 * at, 2 * at + 1):
                if before is not None:
                    await before()
                outcome = await interrupt(run(client, number), at, moment)
                await quiet()
                assert outcome.error is None, f"point {at}: {outcome.error!r}"
                assert outcome.cancelled is outcome.struck, f"point {at}: the cancellation was lost"
                assert asyncio.all_tasks() == tasks, f"point {at}: a task is left"
                whole(client)
                # It still works; and the second round finds a connection that is kept.
                assert [row async for row in client.assistants.v1.sessions.list(page_size=2)]
                await quiet()
                whole(client)
                ended.append(outcome)
        assert asyncio.all_tasks() == tasks, f"point {at}: a task is left by close()"
        if not any(outcome.struck for outcome in ended):
            return ended[-1].result, at - 1
    raise AssertionError("the call does not end")


KINDS = {f"{number}-{one.name}": one for number, one in enumerate(OPERATIONS)}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("operation", KINDS.values(), ids=KINDS)
async def test_every_operation(emulator: Emulator, operation: Operation, moment: Moment):
    place: Place | None = None

    async def renew() -> None:
        nonlocal place
        if place is None or operation.kind not in {"read", "list"}:
            async with somewhere(emulator) as place:
                pass

    async def call(client: AsyncClient, _: int) -> object:
        assert place is not None
        result = await operation.call(client, place)
        return result if operation.kind != "delete" else "deleted"

    result, points = await sweep(lambda: client_of(emulator), call, moment, before=renew)
    assert result is not None
    # A connection is made, and an answer is read.
    assert points >= 2
    if operation.kind.startswith("create"):
        made = [one for one in emulator.processed if one.operation == operation.name and one.created]
        assert len(made) == 1


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_create_that_is_settled(emulator: Emulator, moment: Moment):
    async with somewhere(emulator) as place:

        async def lose_an_answer() -> None:
            emulator.faults.clear()
            emulator.faults.add(Fault("reset", operation="sessions.create", when="after"))

        async def call(client: AsyncClient, number: int) -> str:
            sessions = client.proxy.v1.services(place.service).sessions
            made = await sessions.create(
                unique_name=f"Order #{number}", ttl=60, participants=[{"identifier": f"+1415555{number:04}"}]
            )
            await sessions(made.sid).delete()
            return made.sid

        result, points = await sweep(lambda: client_of(emulator), call, moment, before=lose_an_answer)
        assert result
        assert points >= 6
        made = [one for one in emulator.processed if one.operation == "sessions.create"]
        # One by each call: the first of a point and the second, and the last two were let alone.
        assert len(made) <= 2 * (points + 1)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("status", [503, 429])
async def test_a_wait_before_another_attempt(
    emulator: Emulator, moment: Moment, status: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(random, "random", lambda: 0.01)
    async with somewhere(emulator) as place:

        async def refuse() -> None:
            emulator.faults.clear()
            emulator.faults.add(Fault("answer", status=status, operation="services.fetch", times=2))

        async def call(client: AsyncClient, _: int) -> str:
            return (await client.proxy.v1.services(place.service).fetch()).sid

        # Without a gate, which would pause for longer after a 429.
        options = {"max_attempts": 3, "rate_limit": status != 429}
        result, points = await sweep(lambda: client_of(emulator, **options), call, moment, before=refuse)
        assert result == place.service
        assert points >= 5


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize(
    ("limit", "concurrency"), [(Limit(1, 0.03, 0.0), 100), (Limit(1000, 5.0, 0.0), 1)], ids=["rate", "places"]
)
async def test_a_wait_for_its_turn(
    emulator: Emulator, moment: Moment, limit: Limit, concurrency: int, *, last: bool
):
    async with somewhere(emulator) as place:
        before: list[asyncio.Task[object]] = []
        behind: list[asyncio.Task[object]] = []

        async def call(client: AsyncClient, _: int) -> object:
            service = client.proxy.v1.services(place.service)
            before.append(asyncio.create_task(service.fetch()))
            await asyncio.sleep(0)
            if not last:
                behind.append(asyncio.create_task(_second(service.fetch)))
            return await service.fetch()

        tasks = asyncio.all_tasks()
        for at in range(1, MOST_POINTS):
            async with gated(emulator, limit, concurrency=concurrency) as client:
                outcome = await interrupt(call(client, at), at, moment)
                assert outcome.error is None
                assert outcome.cancelled is outcome.struck
                # Whoever came before and whoever came behind is not held up.
                async with asyncio.timeout(5):
                    await asyncio.gather(*before, *behind)
                    before.clear()
                    behind.clear()
                await quiet()
                assert asyncio.all_tasks() == tasks
                gate = gate_of(client)
                assert gate is not None
                assert (gate.in_flight, gate.waiting) == (0, 0)
                assert (await client.proxy.v1.services(place.service).fetch()).sid == place.service
            if not outcome.struck:
                assert at >= 4
                return
        raise AssertionError("the call does not end")


async def _second(call: Callable[[], Awaitable[object]]) -> object:
    """Make a call behind the one that is made in the same turn of the loop."""
    await asyncio.sleep(0)
    return await call()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("way", ["rows", "pages", "slow reader"])
async def test_a_listing_of_many_pages(emulator: Emulator, moment: Moment, way: str):
    async with somewhere(emulator):

        async def call(client: AsyncClient, _: int) -> int:
            sessions = client.assistants.v1.sessions
            if way == "pages":
                return sum([len(page) async for page in sessions.pages(page_size=2)])
            count = 0
            async for _row in sessions.list(page_size=2):
                count += 1
                if way == "slow reader":
                    # The reader itself is cancelled, while the next page is on its way.
                    await asyncio.sleep(0)
            return count

        result, points = await sweep(lambda: client_of(emulator), call, moment)
        assert result == 7
        # Four pages, one connection, and the turn of the loop that each prefetch gets.
        assert points >= 5 + 7 * (way == "slow reader")


async def test_a_listing_that_is_left(emulator: Emulator):
    tasks = asyncio.all_tasks()
    for count in range(1, 7):
        async with client_of(emulator) as client:
            rows = client.assistants.v1.sessions.list(page_size=2)
            for _ in range(count):
                await anext(rows)
            # By the time that it is closed, not some time later.
            await rows.aclose()
            assert asyncio.all_tasks() == tasks
            whole(client)

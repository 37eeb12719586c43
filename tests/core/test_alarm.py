"""What takes too long is ended, by one timer for all, and exactly as `asyncio.timeout` would end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TypeAlias

import pytest

from twilio_sessions._core.alarm import Alarms

SOON = 0.02
NEVER = 3600.0

Limiting: TypeAlias = Callable[[float], AbstractAsyncContextManager[object]]


class Clocked(asyncio.SelectorEventLoop):
    """Counts the timers that are set."""

    timers = 0

    def call_at(self, when: float, callback: Callable[..., object], *args: object, **rest: object):
        self.timers += 1
        return super().call_at(when, callback, *args, **rest)  # type: ignore[arg-type]


@asynccontextmanager
async def ours(seconds: float) -> AsyncGenerator[None]:
    with Alarms(asyncio.get_running_loop()).limit(seconds):
        yield


async def hangs(limit: Limiting) -> str:
    async with limit(SOON):
        await asyncio.sleep(NEVER)
    return "in time"


async def is_quick(limit: Limiting) -> str:
    async with limit(SOON):
        await asyncio.sleep(0)
    # It would have rung by now.
    await asyncio.sleep(2 * SOON)
    return "in time"


async def breaks(limit: Limiting) -> str:
    async with limit(NEVER):
        raise KeyError


async def breaks_when_it_is_ended(limit: Limiting) -> str:
    async with limit(SOON):
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            raise KeyError from None
    return "in time"


async def does_not_end(limit: Limiting) -> str:
    async with limit(SOON):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(NEVER)
    return "in time"


async def is_cancelled_as_well(limit: Limiting) -> str:
    async with limit(SOON):
        try:
            await asyncio.sleep(NEVER)
        except asyncio.CancelledError:
            cancel()
            raise
    return "in time"


async def was_cancelled_before(limit: Limiting) -> str:
    cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(NEVER)
    # It goes on all the same, and may be late now.
    return await hangs(limit)


async def is_late_in_two_limits(limit: Limiting) -> str:
    async with limit(NEVER):
        return await hangs(limit)


def cancel() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


async def outcome(scenario: Callable[[Limiting], Coroutine[None, None, str]], limit: Limiting) -> str:
    """Run a scenario in a task of its own; say how it ended, and how often it is still being cancelled."""

    async def told() -> str:
        try:
            how = await scenario(limit)
        except (TimeoutError, KeyError) as error:
            how = type(error).__name__
        task = asyncio.current_task()
        return f"{how}, {task.cancelling() if task else None}"

    running = asyncio.create_task(told())
    await asyncio.wait({running})
    return "cancelled" if running.cancelled() else running.result()


@pytest.mark.parametrize("limit", [ours, asyncio.timeout], ids=["ours", "asyncio.timeout"])
@pytest.mark.parametrize(
    ("scenario", "ended"),
    [
        (hangs, "TimeoutError, 0"),
        (is_quick, "in time, 0"),
        (breaks, "KeyError, 0"),
        (breaks_when_it_is_ended, "KeyError, 0"),
        (does_not_end, "in time, 0"),
        (is_cancelled_as_well, "cancelled"),
        (was_cancelled_before, "TimeoutError, 1"),
        (is_late_in_two_limits, "TimeoutError, 0"),
    ],
)
async def test_all_ends_as_with_asyncio(
    scenario: Callable[[Limiting], Coroutine[None, None, str]], ended: str, limit: Limiting
):
    assert await outcome(scenario, limit) == ended


async def test_each_ends_at_its_own_time_whoever_came_first():
    alarms = Alarms(asyncio.get_running_loop())
    order: list[int] = []

    async def one(number: int, seconds: float) -> None:
        with pytest.raises(TimeoutError), alarms.limit(seconds):
            await asyncio.sleep(NEVER)
        order.append(number)

    await asyncio.gather(one(2, 4 * SOON), one(1, 2 * SOON), one(3, 6 * SOON))
    assert order == [1, 2, 3]


def test_one_timer_serves_all():
    loop = Clocked()

    async def many() -> int:
        alarms = Alarms(loop)
        before = loop.timers
        for _ in range(100):
            with alarms.limit(NEVER):
                await asyncio.sleep(0)
        return loop.timers - before

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(many()) == 1


async def test_what_has_ended_is_forgotten():
    alarms = Alarms(asyncio.get_running_loop())
    with alarms.limit(NEVER):
        assert len(alarms._live) == 1  # noqa: SLF001 - what would leak
    with pytest.raises(KeyError), alarms.limit(NEVER):
        raise KeyError
    with pytest.raises(TimeoutError), alarms.limit(SOON):
        await asyncio.sleep(NEVER)
    assert not alarms._live  # noqa: SLF001


async def test_a_limit_wants_a_task():
    loop = asyncio.get_running_loop()
    said: asyncio.Future[str] = loop.create_future()

    def outside() -> None:
        with pytest.raises(RuntimeError) as caught, Alarms(loop).limit(SOON):
            pass
        said.set_result(str(caught.value))

    loop.call_soon(outside)
    assert await said == "a limit of time holds inside a task only"

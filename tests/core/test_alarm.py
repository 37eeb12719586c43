"""What takes too long is ended, by one timer for all, and exactly as `asyncio.timeout` would end it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from twilio_sessions._core.alarm import Alarms

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

SOON = 0.02
NEVER = 3600.0


class Clocked(asyncio.SelectorEventLoop):
    """Counts the timers that are set."""

    timers = 0

    def call_at(self, when: float, callback: Callable[..., object], *args: object, **rest: object):
        self.timers += 1
        return super().call_at(when, callback, *args, **rest)  # type: ignore[arg-type]


async def ends(limit: AbstractContextManager[None]) -> str:
    """Sleep inside a limit, and say how that ended."""
    try:
        with limit:
            await asyncio.sleep(NEVER)
    except TimeoutError:
        # Nothing of the cancellation is left: the task can be used on.
        await asyncio.sleep(0)
        task = asyncio.current_task()
        return f"too late, {task.cancelling() if task else 'no task'}"
    except asyncio.CancelledError:
        return "cancelled"
    return "in time"


async def test_what_takes_too_long_ends_in_a_timeout_error():
    assert await ends(Alarms(asyncio.get_running_loop()).limit(SOON)) == "too late, 0"


async def test_what_ends_in_time_is_left_alone():
    alarms = Alarms(asyncio.get_running_loop())
    with alarms.limit(SOON):
        await asyncio.sleep(0)
    # It would have rung by now.
    await asyncio.sleep(2 * SOON)


async def test_errors_pass():
    alarms = Alarms(asyncio.get_running_loop())
    with pytest.raises(KeyError), alarms.limit(NEVER):
        raise KeyError
    alarms.stop()


async def test_who_is_cancelled_from_outside_too_is_cancelled():
    alarms = Alarms(asyncio.get_running_loop())

    async def slow() -> None:
        with alarms.limit(SOON):
            try:
                await asyncio.sleep(NEVER)
            except asyncio.CancelledError:
                # By the alarm; now somebody else cancels, too.
                task.cancel()
                raise

    task = asyncio.create_task(slow())
    await asyncio.wait({task})
    assert task.cancelled()


async def test_each_ends_at_its_own_time_whoever_came_first():
    alarms = Alarms(asyncio.get_running_loop())
    order: list[int] = []

    async def one(number: int, seconds: float) -> None:
        assert await ends(alarms.limit(seconds)) == "too late, 0"
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
        alarms.stop()
        return loop.timers - before

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(many()) == 1


async def test_who_stopped_rings_no_more():
    alarms = Alarms(asyncio.get_running_loop())
    task = asyncio.create_task(ends(alarms.limit(SOON)))
    await asyncio.sleep(0)
    alarms.stop()
    await asyncio.sleep(2 * SOON)
    assert not task.done()
    task.cancel()
    assert await task == "cancelled"


async def test_a_limit_wants_a_task():
    loop = asyncio.get_running_loop()
    said: asyncio.Future[str] = loop.create_future()

    def outside() -> None:
        with pytest.raises(RuntimeError) as caught, Alarms(loop).limit(SOON):
            pass
        said.set_result(str(caught.value))

    loop.call_soon(outside)
    assert await said == "a limit of time holds inside a task only"

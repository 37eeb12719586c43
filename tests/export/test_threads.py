"""What runs in a thread to its end, whatever is cancelled around it."""

from __future__ import annotations

import asyncio
import threading

import anyio
import pytest

from twilio_sessions.export._threads import run_to_its_end


async def test_the_result_comes_back():
    limiter = anyio.CapacityLimiter(1)
    assert await run_to_its_end(threading.current_thread, limiter) is not threading.main_thread()


async def test_an_error_comes_back():
    def fail() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        await run_to_its_end(fail)


async def test_it_is_waited_for_while_everything_is_cancelled():
    go_on, ended = threading.Event(), threading.Event()

    def work() -> None:
        assert go_on.wait(10)
        ended.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run_to_its_end, work)
        await asyncio.sleep(0.01)
        tasks.cancel_scope.cancel()
        asyncio.get_running_loop().call_later(0.02, go_on.set)
    assert ended.is_set()


async def test_it_begins_even_when_everything_is_cancelled():
    """What was taken to be written must be written."""
    done: list[str] = []
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run_to_its_end(lambda: done.append("written"))
    assert done == ["written"]


async def test_the_tasks_own_cancel_does_not_wait():
    go_on = threading.Event()
    task = asyncio.create_task(run_to_its_end(lambda: go_on.wait(10)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()

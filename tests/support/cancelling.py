"""Cancels a call, with all the tasks that it began, at the moment when any of them waits for the nth time."""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

__all__ = ["How", "Outcome", "strike"]

T = TypeVar("T")

How = Literal["call", "everything", "one task"]
"""What is cancelled: the call as by its user, all tasks as by a loop that is closed, or the waiting one."""


@attrs.frozen
class Outcome:
    """What became of a call.

    Attributes:
        steps: How often its tasks waited, all together.
        error: What it raised, if it raised anything, a cancellation included.
    """

    steps: int
    error: BaseException | None


@attrs.define
class _Striker:
    """Counts the steps of all tasks and strikes at one of them."""

    at: int
    how: How
    steps: int = 0
    tasks: list[asyncio.Task[Any]] = attrs.field(factory=list)

    def make(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(self._run(coroutine), loop=loop, **options)
        self.tasks.append(task)
        # One that is cancelled before it began would be complained of, as it was never awaited.
        task.add_done_callback(lambda _: coroutine.close())
        return task

    async def _run(self, coroutine: Any) -> Any:
        return await self._steps(coroutine)

    @types.coroutine
    def _steps(self, coroutine: Any) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            try:
                awaited = coroutine.send(None) if error is None else coroutine.throw(error)
            except StopIteration as end:
                return end.value
            error = None
            self.steps += 1
            if self.steps == self.at:
                # When the task has begun to wait, not before.
                asyncio.get_running_loop().call_soon(self._strike, asyncio.current_task())
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 - it is the task's, not ours
                error = raised

    def _strike(self, waiting: asyncio.Task[Any] | None) -> None:
        if self.how == "one task" and waiting is not None:
            waiting.cancel()
        elif self.how == "everything":
            for task in self.tasks:
                task.cancel()
        else:
            self.tasks[0].cancel()


async def strike(call: Coroutine[Any, Any, T], at: int, how: How) -> Outcome:
    """Run a call in its own task and strike at the `at`-th step of it and of the tasks that it begins."""
    loop, striker = asyncio.get_running_loop(), _Striker(at, how)
    before = loop.get_task_factory()
    loop.set_task_factory(striker.make)
    try:
        task = loop.create_task(call)
        await asyncio.wait({task})
    finally:
        loop.set_task_factory(before)
    return Outcome(striker.steps, asyncio.CancelledError() if task.cancelled() else task.exception())

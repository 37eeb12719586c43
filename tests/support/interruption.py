"""Cancels a coroutine at an await point of choice, and looks whether a client is whole afterwards."""

from __future__ import annotations

import asyncio
import types
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from twilio_sessions import AsyncClient
    from twilio_sessions._core.gate import Gate

__all__ = ["Moment", "Outcome", "gate_of", "interrupt", "quiet", "whole"]

T = TypeVar("T")

# "waiting": what is awaited is cancelled with the task. "resuming": it is done already, and its result is
# lost, because the task was cancelled before it could go on.
Moment = Literal["waiting", "resuming"]


@attrs.frozen
class Outcome:
    """What became of a call.

    Attributes:
        struck: Whether the call was still under way at the chosen await point.
        cancelled: Whether it ended with the cancellation, as it must then.
        result: What it returned, if it was not cancelled.
        error: What it raised, if that was something else.
    """

    struck: bool
    cancelled: bool
    result: object = None
    error: Exception | None = None


async def interrupt(call: Coroutine[Any, Any, T], at: int, moment: Moment) -> Outcome:
    """Run a call in a task of its own and cancel it at its `at`-th await, counted from 1."""
    struck = False
    task: asyncio.Task[T]

    @types.coroutine
    def drive() -> Generator[Any, Any, T]:
        nonlocal struck
        step, error = 0, None
        while True:
            try:
                awaited = call.send(None) if error is None else call.throw(error)
            except StopIteration as end:
                result: T = end.value
                return result
            step, error = step + 1, None
            struck = struck or step == at
            if step == at and moment == "waiting":
                asyncio.get_running_loop().call_soon(task.cancel)
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 - it is the call's, not ours
                error = raised
            if step == at and moment == "resuming":
                error = asyncio.CancelledError()

    async def run() -> T:
        return await drive()

    task = asyncio.create_task(run())
    try:
        result = await task
    except asyncio.CancelledError:
        return Outcome(struck, cancelled=True)
    except Exception as error:  # noqa: BLE001 - the test judges it
        return Outcome(struck, cancelled=False, error=error)
    return Outcome(struck, cancelled=False, result=result)


async def quiet(turns: int = 20) -> None:
    """Let callbacks run that belong to what has just ended."""
    for _ in range(turns):
        await asyncio.sleep(0)


def gate_of(client: AsyncClient) -> Gate | None:
    return client._pipeline.shared.gate  # noqa: SLF001 - what is asserted is inside


def whole(client: AsyncClient) -> None:
    """Assert that nothing of an ended call is left: no connection in use, no place in flight, spent budget.

    No other call of the client may be under way, and it must have none of its windows filled.
    """
    gate = gate_of(client)
    if gate is not None:
        assert (gate.in_flight, gate.waiting) == (0, 0)
        # The windows have counted what was sent, and nothing else, and wait for no answer.
        windows = [lane.state._window for lane in gate._lanes._lanes.values() if lane.state]  # noqa: SLF001
        assert sum(len(window._answers) for window in windows) == client.counters.requests  # noqa: SLF001
        assert not any(window._waiting for window in windows)  # noqa: SLF001
    session = client._pipeline.shared.transport._pool._session  # noqa: SLF001
    if session is not None:
        connector = session.connector
        assert connector is not None
        assert not connector._acquired  # noqa: SLF001
        assert not connector._waiters  # noqa: SLF001

"""A coroutine that runs on the portal's loop while a thread waits for what comes out of it."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import queue
import sys
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["CLEANUP", "Job", "Outcome", "take"]

T = TypeVar("T")

Outcome: TypeAlias = "tuple[T | None, BaseException | None]"

CLEANUP: Final = 1.0
"""Seconds that a cancelled job gets to release what it holds before its caller goes on without it."""

# On Windows a signal does not interrupt the wait for a lock, so Ctrl-C needs somebody who looks up.
_POLL: Final = 0.1 if sys.platform == "win32" else None


def take(outcomes: queue.SimpleQueue[Outcome[T]], timeout: float | None = None) -> Outcome[T]:
    """Wait for the next outcome, in a way that Ctrl-C can interrupt.

    Raises:
        queue.Empty: `timeout` seconds have passed.
    """
    if _POLL is None or timeout is not None:
        return outcomes.get(timeout=timeout)
    while True:
        with contextlib.suppress(queue.Empty):
            return outcomes.get(timeout=_POLL)


class Job(Generic[T]):
    """One coroutine, from the thread that asks for it to the outcome that it waits for.

    Nothing that the coroutine raises reaches the loop, for a SystemExit there would end every other
    caller's work, too. The last outcome is delivered once, by whoever knows it first: the coroutine, the
    closing client, or the portal's thread when it ends. So nobody waits for a loop that is gone.
    """

    __slots__ = ("_begun", "_cancelled", "_jobs", "_loop", "_over", "_run", "outcomes", "task")

    def __init__(
        self,
        run: Callable[[], Coroutine[Any, Any, T]],
        loop: asyncio.AbstractEventLoop,
        jobs: set[Job[Any]],
    ) -> None:
        self.outcomes: queue.SimpleQueue[Outcome[T]] = queue.SimpleQueue()
        self.task: asyncio.Task[None] | None = None
        self._run = run
        self._loop = loop
        self._jobs = jobs
        self._begun = self._cancelled = self._over = False
        # asyncio holds tasks weakly; from now on somebody holds this one, and can find it to cancel it.
        jobs.add(self)

    def submit(self) -> None:
        """Start on the loop, with the caller's context variables. From any thread; does not wait."""
        try:
            self._loop.call_soon_threadsafe(self._start, context=contextvars.copy_context())
        except RuntimeError:  # the loop is closed
            self.deliver(asyncio.CancelledError())

    def cancel_soon(self) -> None:
        """Ask the loop to cancel. From any thread, from a finaliser, from the loop itself; does not wait."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nothing left to cancel
            self._loop.call_soon_threadsafe(self.cancel)

    def wait(self) -> Outcome[T]:
        """Wait for the outcome; an interrupted wait cancels the coroutine and lets it clean up first."""
        try:
            return take(self.outcomes)
        except BaseException:
            self.cancel_soon()
            with contextlib.suppress(queue.Empty):
                self.outcomes.get(timeout=CLEANUP)
            raise

    def wait_until_over(self, timeout: float | None = None) -> BaseException | None:
        """Drop what comes until the last outcome, leave that for others who wait, and return its error."""
        with contextlib.suppress(queue.Empty):
            while True:
                value, error = take(self.outcomes, timeout)
                if value is None:
                    self.outcomes.put((None, error))
                    return error
        return None

    def cancel(self) -> None:
        """Cancel, on the loop; once, for a second time would interrupt the cleaning up."""
        if not self._cancelled:
            self._cancelled = True
            if self.task is not None:
                self.task.cancel()
            if not self._begun:
                self.deliver(asyncio.CancelledError())

    def deliver(self, error: BaseException | None, value: T | None = None) -> None:
        """Hand over the last outcome, unless that has happened."""
        if not self._over:
            self._over = True
            self._jobs.discard(self)
            self.outcomes.put((value, error))

    def _start(self) -> None:
        if not self._over:
            self.task = self._loop.create_task(self._guard(), name=f"twilio-sessions {self._run!r}")

    async def _guard(self) -> None:
        self._begun = True
        try:
            value = await self._run()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is waited for
            self.deliver(error)
        else:
            self.deliver(None, value)

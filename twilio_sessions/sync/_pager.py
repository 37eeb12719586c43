"""Lazy iterators over what the async client lists: one hop to the loop per page, none per row."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from twilio_sessions._core.listing import Rows
from twilio_sessions.errors import ConfigurationError
from twilio_sessions.sync._jobs import CLEANUP, Job, take

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable
    from types import TracebackType

    from twilio_sessions.sync._portal import Lease
    from twilio_sessions.sync._runtime import Runtime

__all__ = ["Pager"]

T = TypeVar("T")
B = TypeVar("B")


class _Pump(Generic[B]):
    """Drives one async generator in one task, a step ahead for every step that was asked for.

    One task for all steps, because a timeout or a task group inside a generator belongs to the task that
    entered it. It does not refer to the iterator that it serves, so that dropping that one ends it.
    """

    def __init__(self, source: AsyncGenerator[B, None], lease: Lease) -> None:
        self._source = source
        self._asked = asyncio.Semaphore(0)
        self.lease: Lease = lease
        self.job: Job[Any] = lease.job(self._run)

    def ask(self) -> None:
        """Let the generator make one more step."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the last outcome is in the queue
            self.lease.portal.loop.call_soon_threadsafe(self._asked.release)

    async def _run(self) -> None:
        try:
            async for batch in self._source:
                self.job.outcomes.put((batch, None))
                await self._asked.acquire()
        finally:
            # A page that was asked for ahead is dropped here, and its connection with it.
            await self._source.aclose()


class Pager(Iterator[T]):
    """An iterator over a listing. Nothing is requested before the first step.

    Rows of a page in hand cost no hop to another thread; while they are consumed the next page is fetched,
    from the second page on. One that is not read to its end gives its connection back when it is closed,
    left (`with`), or dropped. Threads may share one: each row comes out once.

    Context variables are seen as they were at the first step.
    """

    __slots__ = ("_lock", "_over", "_pump", "_rows", "_runtime", "_source", "_unpack")

    def __init__(self, runtime: Runtime, source: AsyncGenerator[T, None]) -> None:
        self._runtime = runtime
        self._rows: Iterator[T] = iter(())
        self._lock = threading.Lock()
        self._over = False
        self._pump: _Pump[Any] | None = None
        self._source: AsyncGenerator[Any, None] = source
        self._unpack: Callable[[Any], Iterable[T]] = _one
        if isinstance(source, Rows):
            # Decoding is the caller's work, in the caller's thread; the loop only moves bytes.
            self._source, self._unpack = source.batches, _all

    def __iter__(self) -> Iterator[T]:  # noqa: PYI034 - see below
        # Not self: a loop over a generator costs a fraction of a call of `__next__` per row. Rows are taken
        # from the same iterator either way, so both ways, and several loops, can be mixed.
        while True:
            yield from self._rows
            try:
                row = self._advance()
            except StopIteration:
                return
            yield row

    def __next__(self) -> T:
        for row in self._rows:
            return row
        return self._advance()

    def close(self) -> None:
        """End the iteration and release its connection; rows that were not read are gone."""
        self._over = True
        # A loop may be in the middle of these, so they are used up and not just forgotten.
        collections.deque(self._rows, maxlen=0)
        pump = self._pump
        # Not under the lock: another thread, or the frame below a signal handler, may be waiting in there.
        if pump is not None and not pump.lease.portal.forked:
            pump.job.cancel_soon()
            if not pump.lease.portal.is_mine:
                pump.job.wait_until_over(CLEANUP)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        pump = self._pump
        if pump is not None and not self._over and not pump.lease.portal.forked:
            pump.job.cancel_soon()

    def _advance(self) -> T:
        with self._lock:
            while not self._over:
                for row in self._rows:
                    return row
                self._turn_page()
            raise StopIteration

    def _turn_page(self) -> None:
        """Replace the rows by those of the next page, or say that it is over."""
        try:
            pump = self._asked_pump()
            batch, error = take(pump.job.outcomes)
            if batch is not None:
                self._rows = iter(() if self._over else self._unpack(batch))
                return
        except BaseException:
            self.close()
            raise
        # Left for whoever waits for the end in `close()`.
        pump.job.outcomes.put((None, error))
        closed_here, self._over = self._over, True
        if error is None or (closed_here and isinstance(error, asyncio.CancelledError)):
            return
        try:
            raise self._runtime.explain(error, pump.lease)
        finally:
            del error

    def _asked_pump(self) -> _Pump[Any]:
        pump = self._pump
        if pump is not None and pump.lease.portal.forked:
            raise ConfigurationError("this iterator began in the parent process; begin it again in this one")
        lease = self._runtime.enter()
        if pump is None:
            pump = self._pump = _Pump(self._source, lease)
            pump.job.submit()
        else:
            pump.ask()
        return pump


def _one(value: T) -> Iterable[T]:
    return (value,)


def _all(batch: Callable[[], Iterable[T]]) -> Iterable[T]:
    return batch()

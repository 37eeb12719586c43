"""Where contestants of a case perform: one event loop for all who are awaited, and an orderly end."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable
    from types import TracebackType

__all__ = ["Closing", "Stage", "concurrently", "expect"]

T = TypeVar("T")


class Closing(Protocol):
    """Whatever has connections to close."""

    def close(self) -> object:
        """Close them, or return what does when it is awaited."""


P = TypeVar("P", bound=Closing)


class Stage:
    """An event loop that is kept over all turns, with the clients that live in it.

    Args:
        base: The address of the load generator.

    Example:
        >>> with Stage(base) as stage:  # doctest: +SKIP
        ...     ours = stage.open(Ours)
        ...     stage.run(ours.fetch("KC..."))
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self._stack = ExitStack()
        self._runner = self._stack.enter_context(asyncio.Runner())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def open(self, kind: Callable[[str], P]) -> P:
        """Make a client inside the loop, to be closed at the end."""

        async def made() -> P:
            return kind(self.base)

        client = self._runner.run(made())
        self._stack.callback(self._close, client)
        return client

    def _close(self, client: Closing) -> None:
        closing = client.close()
        if inspect.iscoroutine(closing):
            self._runner.run(closing)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something in the loop."""
        return self._runner.run(work)


async def concurrently(work: Callable[[T], Awaitable[object]], items: Iterable[T], places: int) -> None:
    """Do the work with each of the items, so many at a time."""
    left = iter(items)

    async def worker() -> None:
        for item in left:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(places):
            group.create_task(worker())


def expect(got: int, wanted: int) -> None:
    """Do not measure who does not do the work.

    Raises:
        RuntimeError: It is not as many as it should be.
    """
    if got != wanted:
        raise RuntimeError(f"expected {wanted} rows, got {got}: this contestant does not do the work")

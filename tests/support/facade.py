"""Shows a sync client as if it were the async one, so that one suite of tests runs over both."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Self

import anyio.to_thread

from twilio_sessions.sync import Pager
from twilio_sessions.sync._runtime import Facade

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from twilio_sessions import Client

__all__ = ["AsyncFacade"]

_END = object()


class AsyncFacade:
    """A sync client, or something reached through it, whose calls are awaited in worker threads.

    What is a coroutine on the async side is one here; listings become async generators that step the sync
    iterator in worker threads; properties and calls that make no request stay as they are.
    """

    def __init__(self, target: Client | Facade) -> None:
        self._target = target

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not inspect.ismethod(value):
            return _shown(value)
        source = getattr(self._target._inner, name)  # noqa: SLF001 - the async side says what is awaited
        if inspect.iscoroutinefunction(source):
            return _awaited(value)
        return _plain(value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        target: Any = self._target
        return _plain(target)(*args, **kwargs)

    def __repr__(self) -> str:
        return repr(self._target)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _shown(value: Any) -> Any:
    if isinstance(value, Facade):
        return AsyncFacade(value)
    return _stepped(value) if isinstance(value, Pager) else value


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: _shown(method(*args, **kwargs))


def _awaited(method: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        # A call that is given to another one is given as what it is on the sync side.
        given = [getattr(argument, "method", argument) for argument in args]
        return _shown(await anyio.to_thread.run_sync(lambda: method(*given, **kwargs)))

    call.method = method  # type: ignore[attr-defined]
    return call


async def _stepped(pager: Pager[Any]) -> AsyncGenerator[Any, None]:
    try:
        while (item := await anyio.to_thread.run_sync(next, pager, _END)) is not _END:
            yield item
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(pager.close)

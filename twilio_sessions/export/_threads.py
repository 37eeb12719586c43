"""Runs in a thread what must not be left half done."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_to_its_end"]

T = TypeVar("T")


async def run_to_its_end(call: Callable[[], T], limiter: anyio.CapacityLimiter | None = None) -> T:
    """Run a call in a thread and wait for its end, also when everything around it is being cancelled.

    Only the task's own `cancel()` does not wait, such as at the end of a loop that was interrupted twice.
    """
    results: list[T] = []
    with anyio.CancelScope(shield=True):
        results.append(await anyio.to_thread.run_sync(call, limiter=limiter))
    return results[0]

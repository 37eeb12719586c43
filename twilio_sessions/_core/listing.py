"""Drives a walk over the pages of a listing, one page ahead of its reader from the second page on."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncGenerator, Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from twilio_sessions._core.page import Page
from twilio_sessions._core.paging import PageWalk, first_request
from twilio_sessions._core.recent import Recent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from types import TracebackType

    from twilio_sessions._core.pipeline import Pipeline
    from twilio_sessions._core.request import Request, Response

__all__ = ["Listing", "Rows"]

T = TypeVar("T")


@attrs.frozen
class Listing(Generic[T]):
    """Where a listing is, under which key its rows come, and what they are."""

    pipeline: Pipeline
    request: Request
    key: str
    model: type[T]

    def pages(
        self, *, page_size: int, page_token: str | None = None, limit: int | None = None
    ) -> AsyncGenerator[Page[T], None]:
        """Return a generator of pages; arguments are checked now, requests are made when it is read.

        A limit bounds what is fetched, not what a page holds: the last page is whole.
        """
        first = first_request(self.request, page_size=page_size, page_token=page_token)
        return self._walk(first, _Wanted(limit))

    def items(self, *, page_size: int, limit: int | None) -> Rows[T]:
        """Return the rows, at most `limit`; nothing is requested before the first is asked for."""
        return Rows(self._batches(page_size, limit))

    async def _batches(
        self, page_size: int, limit: int | None
    ) -> AsyncGenerator[Callable[[], list[T]], None]:
        """Yield for page after page what decodes its rows, so that the reader chooses where that happens."""
        if limit == 0:
            return
        recent, wanted = Recent(), _Wanted(limit)
        first = first_request(self.request, page_size=page_size, page_token=None)
        pages = self._walk(first, wanted, self.model)
        left = limit
        try:
            async for page in pages:
                if left is None:
                    yield functools.partial(self._new_rows, page, recent)
                    continue
                rows = self._new_rows(page, recent)
                wanted.give_back(len(page) - len(rows))
                yield functools.partial(list[T], rows[:left])
                left -= len(rows)
                if left <= 0:
                    return
        finally:
            await pages.aclose()

    def _new_rows(self, page: Page[T], recent: Recent) -> list[T]:
        """Return the rows of a page without those that were listed lately."""
        identity = attrgetter("sid" if hasattr(self.model, "sid") else "id")
        items = page.items
        new = recent.new_of(list(map(identity, items)))
        if len(new) == len(items):
            return items
        self.pipeline.shared.counters.duplicates += len(items) - len(new)
        if not new and page.next_page_token:
            raise page.pagination_error("a page that is not the last one brings only rows listed before")
        return [items[at] for at in new]

    async def _walk(
        self, first: Request, wanted: _Wanted, model: type[T] | None = None
    ) -> AsyncGenerator[Page[T], None]:
        walk = PageWalk(first, self.pipeline.base_url(first.product), model)
        ahead: asyncio.Task[Page[T]] | None = None
        fetched = 0
        try:
            while ahead is not None or (walk.request is not None and wanted.more):
                page = await (ahead or self._fetch(walk))
                ahead = None
                fetched += 1
                wanted.take(page)
                # Nothing is fetched ahead of the first page: who wants one row pays one request.
                if fetched > 1 and walk.request is not None and wanted.more:
                    ahead = asyncio.create_task(self._fetch(walk))
                    # Let it be sent now, not when the reader has decoded this page and comes back.
                    await asyncio.sleep(0)
                yield page
        finally:
            if ahead is not None:
                await _abandon(ahead)

    async def first_page(self, deadline: float) -> Page[T]:
        """Fetch the first page, before a deadline on the monotonic clock."""
        walk = PageWalk(self.request, self.pipeline.base_url(self.request.product))
        return await self._fetch(walk, deadline)

    async def _fetch(self, walk: PageWalk, deadline: float | None = None) -> Page[T]:
        """Fetch the page at which the walk stands, and move it on."""
        request = walk.request
        if request is None:
            raise RuntimeError("the walk has ended")
        return await self.pipeline.run(request, functools.partial(self._page, walk), deadline=deadline)

    def _page(self, walk: PageWalk, response: Response) -> Page[T]:
        parts = walk.accept(response, self.key)
        token = walk.request.query if walk.request is not None else None
        return Page(response=response, parts=parts, model=self.model, next_page_token=token)


class Rows(AsyncGenerator[T, None]):
    """The rows of a listing, one by one; a reader for whom steps are dear takes `batches` instead.

    Attributes:
        batches: For each page a function that decodes its rows.
    """

    __slots__ = ("_rows", "batches")

    def __init__(self, batches: AsyncGenerator[Callable[[], list[T]], None]) -> None:
        self.batches = batches
        self._rows = _flatten(batches)

    def __aiter__(self) -> AsyncIterator[T]:
        # Not self: a loop over the generator itself pays nothing for this class.
        return self._rows

    def __anext__(self) -> Coroutine[Any, Any, T]:
        return self._rows.__anext__()

    def asend(self, value: None) -> Coroutine[Any, Any, T]:
        """Step on, as `__anext__` does."""
        return self._rows.asend(value)

    def athrow(
        self,
        typ: Any,
        val: Any = None,
        tb: TracebackType | None = None,  # noqa: ARG002 - deprecated everywhere, but in the interface
    ) -> Coroutine[Any, Any, T]:
        """Raise where the generator stands."""
        return self._rows.athrow(typ if val is None else val)

    def aclose(self) -> Coroutine[Any, Any, None]:
        """End the listing and release its connection."""
        return self._rows.aclose()


async def _flatten(batches: AsyncGenerator[Callable[[], list[T]], None]) -> AsyncGenerator[T, None]:
    try:
        async for batch in batches:
            for row in batch():
                yield row
    finally:
        await batches.aclose()


@attrs.define
class _Wanted:
    """How many rows are still to be fetched; without a limit rows are not even counted."""

    left: int | None

    @property
    def more(self) -> bool:
        return self.left is None or self.left > 0

    def take(self, page: Page[T]) -> None:
        if self.left is not None:
            self.left -= len(page)

    def give_back(self, rows: int) -> None:
        """Want so many more: they came, and had been listed already."""
        if self.left is not None:
            self.left += rows


async def _abandon(task: asyncio.Task[Page[T]]) -> None:
    """Cancel a request that nobody waits for any more, and wait until its connection is released."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        # Looked at, so that the loop does not report an error that nobody can act on.
        task.exception()

"""Drives a walk over the pages of a listing, one page ahead of its reader from the second page on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

import attrs

from twilio_sessions._core.page import Page
from twilio_sessions._core.paging import PageWalk, first_request
from twilio_sessions._core.pipeline import Pipeline
from twilio_sessions._core.request import Request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from twilio_sessions._core.request import Response

__all__ = ["Listing"]

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
        return self._walk(first, limit)

    async def items(self, *, page_size: int, limit: int | None) -> AsyncGenerator[T, None]:
        """Yield row after row, at most `limit`."""
        if limit == 0:
            return
        left = limit
        pages = self.pages(page_size=page_size, limit=limit)
        try:
            async for page in pages:
                rows = page.items if left is None else page.items[:left]
                for row in rows:
                    yield row
                if left is not None:
                    left -= len(rows)
                    if not left:
                        return
        finally:
            await pages.aclose()

    async def _walk(self, first: Request, limit: int | None) -> AsyncGenerator[Page[T], None]:
        walk = PageWalk(first, self.pipeline.base_url(first.product))
        # The first page is yielded before anything is fetched ahead: who wants one row pays one request.
        page = self._page(walk, await self.pipeline.send(first))
        wanted = _Wanted(limit)
        wanted.take(page)
        yield page
        ahead: asyncio.Task[Response] | None = None
        try:
            while (request := walk.request) is not None and wanted.more:
                response = await (ahead or self.pipeline.send(request))
                ahead = None
                page = self._page(walk, response)
                wanted.take(page)
                if (following := walk.request) is not None and wanted.more:
                    ahead = asyncio.create_task(self.pipeline.send(following))
                yield page
        finally:
            if ahead is not None:
                await _abandon(ahead)

    def _page(self, walk: PageWalk, response: Response) -> Page[T]:
        parts = walk.accept(response, self.key)
        token = walk.request.query if walk.request is not None else None
        return Page(response=response, parts=parts, model=self.model, next_page_token=token)


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


async def _abandon(task: asyncio.Task[Response]) -> None:
    """Cancel a request that nobody waits for any more, and wait until its connection is released."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        # Looked at, so that the loop does not report an error that nobody can act on.
        task.exception()

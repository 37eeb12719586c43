"""What every async resource is made of: a path, the pipeline that reaches it, and listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, cast

from twilio_sessions._core import arguments
from twilio_sessions._core.listing import Listing
from twilio_sessions._core.request import Request, encode_form, segment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from twilio_sessions._config import Product
    from twilio_sessions._core.page import Page
    from twilio_sessions._core.pipeline import Pipeline

__all__ = ["AsyncCollection", "AsyncContext", "AsyncResource"]

T = TypeVar("T")
M = TypeVar("M")


class AsyncResource:
    """A place in one product's tree of resources. Making one does no I/O."""

    __slots__ = ("_path", "_pipeline")

    _product: ClassVar[Product]

    def __init__(self, pipeline: Pipeline, path: str) -> None:
        self._pipeline = pipeline
        self._path = path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path}>"

    async def _get(self, path: str, model: type[M]) -> M:
        request = Request(method="GET", product=self._product, path=path)
        return await self._pipeline.call(request, model)

    async def _post(self, path: str, form: Mapping[str, str | Sequence[str] | None], model: type[M]) -> M:
        request = Request(method="POST", product=self._product, path=path, form=encode_form(form))
        return await self._pipeline.call(request, model)

    async def _delete(self, path: str) -> None:
        await self._pipeline.send(Request(method="DELETE", product=self._product, path=path))


class AsyncContext(AsyncResource):
    """One resource of a collection, by its SID or whatever else names it."""

    __slots__ = ("_id",)

    _sid_prefix: ClassVar[str] = ""
    _sid_argument: ClassVar[str] = "sid"

    def __init__(self, pipeline: Pipeline, collection: str, identifier: str) -> None:
        super().__init__(pipeline, f"{collection}/{segment(identifier)}")
        self._id = identifier

    def _path_by_sid(self) -> str:
        """Return the path where the contract takes a SID and nothing else."""
        arguments.sid(self._sid_argument, self._id, self._sid_prefix)
        return self._path


class AsyncCollection(AsyncResource, Generic[T]):
    """A listing of resources. `list()` gives rows, `pages()` gives pages; both are lazy."""

    __slots__ = ()

    _key: ClassVar[str]
    _model: ClassVar[type[object]]
    _page_cap: ClassVar[int]

    def list(self, *, limit: int | None = None, page_size: int | None = None) -> AsyncGenerator[T, None]:
        """List the resources one by one, fetching pages as they are needed.

        No request is made before the first row is asked for; from the second page on the next page is
        fetched while rows are consumed. The order is Twilio's.

        Args:
            limit: How many to list at most; None lists all, 0 none.
            page_size: Rows per request, by default 100. Never more is asked for than the product gives:
                Proxy 100 ("a maximum of 100 records will be returned per page", Proxy changelog
                2019-06-06), Assistants 1000 (OpenAPI document).

        Raises:
            ArgumentError: `limit` is below 0 or `page_size` below 1.
            APIError: Twilio answered with an error status.
            PaginationError: A page points to a next page that must not be followed.

        Example:
            >>> async for session in service.sessions.list(limit=500):
            ...     print(session.sid)
        """
        arguments.count("limit", limit, least=0)
        size = arguments.page_size(page_size, cap=self._page_cap, limit=limit)
        return self._listing().items(page_size=size, limit=limit)

    def pages(
        self, *, page_size: int | None = None, page_token: str | None = None
    ) -> AsyncGenerator[Page[T], None]:
        """List the resources page by page.

        Args:
            page_size: As in `list`; a token brings its own.
            page_token: The `next_page_token` of an earlier page, to go on after it.

        Raises:
            ArgumentError: `page_size` is below 1, or `page_token` is not one of this library's.
            APIError: Twilio answered with an error status.
            PaginationError: A page points to a next page that must not be followed.

        Example:
            >>> async for page in service.sessions.pages(page_size=50):
            ...     print(len(page), page.next_page_token)
        """
        size = arguments.page_size(page_size, cap=self._page_cap, limit=None)
        return self._listing().pages(page_size=size, page_token=page_token)

    def _listing(self) -> Listing[T]:
        request = Request(method="GET", product=self._product, path=self._path)
        return Listing(self._pipeline, request, self._key, cast("type[T]", self._model))

"""What every async resource is made of: a path, the pipeline that reaches it, and listings."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Generic, TypeVar, cast

import msgspec

from twilio_sessions._core import arguments
from twilio_sessions._core.listing import Listing
from twilio_sessions._core.request import Replay, Request, encode_form, segment
from twilio_sessions._core.settle import settle_delete

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from twilio_sessions._config import Product
    from twilio_sessions._core.page import Page
    from twilio_sessions._core.pipeline import Pipeline
    from twilio_sessions._core.request import Form, Method
    from twilio_sessions._core.settle import Settlement

__all__ = ["AsyncCollection", "AsyncContext", "AsyncResource"]

T = TypeVar("T")
M = TypeVar("M")


class AsyncResource:
    """A place in one product's tree of resources. Making one does no I/O."""

    __slots__ = ("_path", "_pipeline")

    _product: ClassVar[Product]
    # What it is in the names of operations, such as `proxy.sessions`.
    _resource: ClassVar[str]
    # Twilio's error codes that say that something exists already, whatever their status.
    _conflicts: ClassVar[frozenset[int]] = frozenset()
    # Why the product may be gone, to be said when it seems to be.
    _retirement: ClassVar[str] = ""

    def __init__(self, pipeline: Pipeline, path: str) -> None:
        self._pipeline = pipeline
        self._path = path

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._path}>"

    def _request(
        self,
        method: Method,
        verb: str,
        path: str,
        form: Form | None = None,
        *,
        replay: Replay = Replay.IDEMPOTENT,
    ) -> Request:
        return Request(
            method=method,
            product=self._product,
            path=path,
            form=None if form is None else encode_form(form),
            replay=replay,
            operation=f"{self._resource}.{verb}",
            scope=_service_of(path),
            conflicts=self._conflicts,
            retirement=self._retirement,
        )


def _service_of(path: str) -> str:
    """Return the service in `/v1/Services/KS.../...`: Proxy counts its rate limits by service."""
    segments = path.split("/", 4)
    return segments[3] if len(segments) > _WITH_SERVICE and segments[2] == "Services" else ""


_WITH_SERVICE: Final = 3


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

    async def _fetch(self, path: str, model: type[M], deadline: float | None = None) -> M:
        return await self._pipeline.call(self._request("GET", "fetch", path), model, deadline=deadline)

    async def _update(self, form: Form, model: type[M], settlement: Settlement[M] | None = None) -> M:
        """Set absolute values, which does no harm when it is done twice."""
        request = self._request("POST", "update", self._path_by_sid(), form)
        return await self._pipeline.call(request, model, settlement)

    async def _delete(self) -> None:
        request = self._request("DELETE", "delete", self._path_by_sid())
        await self._pipeline.run(request, lambda _: None, settle_delete())


class AsyncCollection(AsyncResource, Generic[T]):
    """A listing of resources. `list()` gives rows, `pages()` gives pages; both are lazy."""

    __slots__ = ()

    _key: ClassVar[str]
    _model: ClassVar[type[object]]
    _page_cap: ClassVar[int]
    # Whether this is where a product begins: when it is not found, nothing is.
    _is_entrance: ClassVar[bool] = False

    def list(self, *, limit: int | None = None, page_size: int | None = None) -> AsyncGenerator[T, None]:
        """List the resources one by one, fetching pages as they are needed.

        No request is made before the first row is asked for; from the second page on the next page is
        fetched while rows are consumed. The order is Twilio's. A row that comes again on a later page,
        because others came or went meanwhile, is listed once.

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

    async def _create(
        self,
        form: Form,
        model: type[M],
        settlement: Settlement[M] | None = None,
        deadline: float | None = None,
    ) -> M:
        request = self._request("POST", "create", self._path, form, replay=Replay.CREATES)
        return await self._pipeline.call(request, model, settlement, deadline=deadline)

    def _look_up(self, name: str) -> Request:
        """Return the request that fetches a resource by its unique name."""
        return self._request("GET", "fetch", f"{self._path}/{segment(name)}")

    async def _first_page(self, deadline: float) -> Page[T]:
        """Fetch the first page, before a deadline."""
        return await self._listing().first_page(deadline)

    def _listing(self) -> Listing[T]:
        request = self._request("GET", "list", self._path)
        if self._is_entrance:
            request = msgspec.structs.replace(request, is_entrance=True)
        return Listing(self._pipeline, request, self._key, cast("type[T]", self._model))

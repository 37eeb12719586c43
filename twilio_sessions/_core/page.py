"""One page of a listing: rows, where it stands, and the bytes that it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar, cast

from twilio_sessions._core.codec import DecodeError, decode_rows, split_page
from twilio_sessions.errors import PaginationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msgspec import Raw

    from twilio_sessions._core.codec import PageParts
    from twilio_sessions._core.request import Response
    from twilio_sessions.errors import InvalidResponseError

__all__ = ["Page"]

T = TypeVar("T")
M = TypeVar("M")


class Page(Generic[T]):
    """One page of a listing.

    Rows are decoded when they are first asked for, so that an export that wants the bytes never pays for
    models. A page can be iterated, has a length, compares by what it holds, and pickles.

    Example:
        >>> async for page in service.sessions.pages():  # doctest: +SKIP
        ...     save(page.items, resume_with=page.next_page_token)
    """

    __slots__ = ("_items", "_model", "_next_page_token", "_parts", "_response")

    def __init__(
        self, *, response: Response, parts: PageParts, model: type[T], next_page_token: str | None
    ) -> None:
        self._response = response
        self._parts = parts
        self._model = model
        self._next_page_token = next_page_token
        self._items: list[T] | None = parts.rows if parts.is_decoded else None

    @property
    def items(self) -> list[T]:
        """The rows.

        Raises:
            InvalidResponseError: A row cannot be read as the resource that it should be.
        """
        if self._items is None:
            self._items = self.decode(self._model)
        return self._items

    @property
    def next_page_token(self) -> str | None:
        """What `pages(page_token=...)` takes to go on after this page; None on the last page."""
        return self._next_page_token

    @property
    def page(self) -> int | None:
        """The number of this page as Twilio counts, from zero; None where it does not say."""
        return self._parts.page

    @property
    def page_size(self) -> int | None:
        """Rows per page as Twilio says; None where it does not say."""
        return self._parts.page_size

    @property
    def raw(self) -> bytes:
        """The whole body as it was sent."""
        return self._response.body

    @property
    def raw_rows(self) -> list[Raw]:
        """Each row as it was sent, without a copy: they hold on to the whole body, which is memory."""
        parts = self._parts
        return split_page(self.raw, parts.key).rows if parts.is_decoded else parts.rows

    @property
    def request_id(self) -> str | None:
        """The `Twilio-Request-Id` of the answer."""
        return self._response.request_id

    def pagination_error(self, reason: str) -> PaginationError:
        """Return the error that says why the listing does not go on after this page."""
        response = self._response
        return PaginationError(
            reason,
            status=response.status,
            page_token=self._next_page_token,
            request_id=response.request_id,
            method=response.method,
            url=response.url,
        )

    def invalid(self, reason: str) -> InvalidResponseError:
        """Return the error that says what of this page is not as the contract promises."""
        return self._response.invalid(reason)

    def raw_items(self) -> list[bytes]:
        """Return each row exactly as it was sent, with the fields that this version does not know."""
        return list(map(bytes, self.raw_rows))

    def decode(self, model: type[M]) -> list[M]:
        """Return the rows as another model, such as one with fewer fields.

        Raises:
            InvalidResponseError: A row cannot be read as this model.
        """
        try:
            return decode_rows(self.raw, self._parts.key, model)
        except DecodeError as error:
            raise self._response.invalid(f"not a list of {model.__name__}: {error}") from error

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Page):
            return NotImplemented
        same = cast("Page[object]", other)
        return self.raw == same.raw and self._model is same._model

    def __hash__(self) -> int:
        return hash((self.raw, self._model))

    def __repr__(self) -> str:
        last = "" if self._next_page_token else ", last"
        return f"<Page {self.page} of {self._model.__name__}, {len(self.raw)} bytes{last}>"

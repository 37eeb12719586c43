"""Walks a listing from page to page as a value: where the next page is, and whether it may be trusted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import SplitResult, urlsplit

import attrs
import msgspec

from twilio_sessions._core.codec import DecodeError, split_page
from twilio_sessions._core.request import PAGE_TOKEN
from twilio_sessions.errors import ArgumentError, PaginationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._core.codec import PageParts
    from twilio_sessions._core.request import Request, Response

__all__ = ["PageWalk", "first_request"]

# What may stand in a query; anything else (spaces, CR LF, `#`) would change the request around it.
_QUERY: Final = re.compile(r"[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]+")
_TWILIO: Final = ".twilio.com"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def first_request(request: Request, *, page_size: int, page_token: str | None) -> Request:
    """Return the request of the first page wanted: from the start, or where a token resumes.

    Raises:
        ArgumentError: `page_token` is not a `Page.next_page_token`.
    """
    if page_token is None:
        return msgspec.structs.replace(request, query=f"PageSize={page_size}")
    if not _QUERY.fullmatch(page_token) or not PAGE_TOKEN.search(page_token):
        raise ArgumentError(
            "page_token must be the next_page_token of an earlier page of the same listing, unchanged",
            argument="page_token",
        )
    return msgspec.structs.replace(request, query=page_token)


@attrs.define
class PageWalk:
    """The state of one walk.

    The token of a page is the query of its URL, byte for byte: Twilio's page tokens hold dots, `=` and
    percent signs, and one that was decoded and encoded again may not be the same token any more.

    Attributes:
        request: The request that is to be sent next; None when the last page was reached.
        base_url: The base URL of the product at this client.
        model: What rows are decoded as when a page comes; None only cuts them.
    """

    request: Request | None
    base_url: str
    model: type[Any] | None = None
    _seen: set[str] = attrs.field(factory=set[str], init=False, repr=False)

    def accept(self, response: Response, key: str) -> PageParts:
        """Take the answer to `request`: cut it, and move on to the page after it.

        Raises:
            InvalidResponseError: The body is not a page.
            PaginationError: Its `next_page_url` must not be followed.
        """
        current = self.request
        if current is None:
            raise RuntimeError("the walk has ended")
        try:
            parts = split_page(response.body, key, self.model)
        except DecodeError as error:
            raise response.invalid(str(error)) from error
        self._seen.add(current.query)
        if parts.next_page_url is None:
            self.request = None
        else:
            query = self._next_query(parts.next_page_url, current, response)
            self.request = msgspec.structs.replace(current, query=query)
        return parts

    def _next_query(self, next_page_url: str, current: Request, response: Response) -> str:
        """Return the query of the next page; only the query is taken from what the server says."""

        def refuse(reason: str) -> NoReturn:
            raise response.invalid(f"next_page_url {reason}: {next_page_url[:300]!r}", PaginationError)

        path, _, query = next_page_url.partition("?")
        # As it nearly always is; to take the address apart takes eight times as long, a fiftieth of a page.
        if path != self.base_url + current.path or "#" in query:
            query = self._query_elsewhere(next_page_url, current, refuse)
        if not _QUERY.fullmatch(query) or not PAGE_TOKEN.search(query):
            refuse("has no usable PageToken")
        if query in self._seen:
            refuse("leads back to a page that was already listed")
        return query

    def _query_elsewhere(self, url: str, current: Request, refuse: Callable[[str], NoReturn]) -> str:
        """Return the query of an address that is written otherwise than that of the page before it."""
        try:
            parts = urlsplit(url)
            foreign = not self._is_ours(parts)
        except ValueError:
            refuse("is not a URL")
        if foreign:
            refuse("points to a foreign origin and is not followed")
        if not self._is_same_path(parts, current):
            refuse("points to another resource and is not followed")
        return parts.query

    def _is_ours(self, parts: SplitResult) -> bool:
        """Tell whether a URL is the client's own origin, or Twilio's (which is asked at the own origin)."""
        if parts.username is not None or parts.password is not None:
            return False
        if _origin(parts) == _origin(urlsplit(self.base_url)):
            return True
        host = parts.hostname or ""
        return parts.scheme == "https" and host.endswith(_TWILIO) and parts.port in {None, 443}

    def _is_same_path(self, parts: SplitResult, current: Request) -> bool:
        """Compare paths; behind a base URL with a path prefix the server may name either."""
        prefix = urlsplit(self.base_url).path
        return parts.path in {current.path, prefix + current.path}


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)

"""Pages of a listing: `meta` with its URLs, and tokens that are worth nothing when touched.

`Page` is only the client's own count; the position is in the token, and without one there is no second page.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar
from urllib.parse import parse_qsl, quote

import attrs

from twilio_sessions.emulator._errors import ApiError

if TYPE_CHECKING:
    from twilio_sessions.emulator._listing import Keyed, Listing, Window
    from twilio_sessions.emulator._options import EmulatorOptions

__all__ = ("Page", "PageRequest", "Position", "Tokens", "page_meta", "read_page_request", "turn")

DEFAULT_PAGE_SIZE = 50
_HEAD = re.compile(r"([abo])([0-9]{1,18})")
_MAC_LENGTH = 24


@attrs.frozen
class Position:
    """Where a page begins: after ("a") or before ("b") the row with a key, or at an offset ("o")."""

    kind: str
    value: int


@attrs.frozen
class PageRequest:
    """What a client asked for: the rows to send, the size to echo, its own page count, its token."""

    size: int
    shown_size: int
    page: int
    token: str | None


@attrs.frozen
class Tokens:
    """Issues and reads page tokens; one is only good for the listing it was issued for.

    A token is judged by issuing it again and comparing: no second spelling of it is accepted.
    """

    secret: bytes
    style: Literal["hostile", "plain"] = "hostile"

    def issue(self, listing: str, position: Position) -> str:
        """Return the token of a position in a listing."""
        head = f"{position.kind}{position.value}"
        mac = hmac.digest(self.secret, f"{head} {listing}".encode(), "sha256").hex()[:_MAC_LENGTH]
        if self.style == "plain":
            return f"PT{head.encode().hex()}{mac}"
        # A literal "%2B" and "+": decoding once too often, or not often enough, changes one of them.
        return f"PT{head.encode().hex()}.{mac[:12]}%2B+/{mac[12:]}=="

    def read(self, listing: str, token: str) -> Position:
        """Return the position of a token, or refuse it with 21481."""
        head = token[2:].partition(".")[0] if self.style == "hostile" else token[2:-_MAC_LENGTH]
        try:
            match = _HEAD.fullmatch(bytes.fromhex(head).decode("ascii"))
        except ValueError:
            match = None
        if match is None:
            raise ApiError(21481)
        position = Position(match[1], int(match[2]))
        if not hmac.compare_digest(self.issue(listing, position).encode(), token.encode()):
            raise ApiError(21481)
        return position


def read_page_request(query: str, options: EmulatorOptions, cap: int) -> PageRequest:
    """Read PageSize, Page and PageToken from a raw query string; other parameters are ignored."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    page = _whole_number(fields, "Page", 0, lowest=0)
    asked = _whole_number(fields, "PageSize", DEFAULT_PAGE_SIZE, lowest=1)
    if asked > cap and options.oversized_page == "reject":
        raise ApiError(20007, f"Page size too large, max {cap}")
    size = min(asked, cap)
    token = fields.get("PageToken") or None
    if page > 0 and token is None:
        raise ApiError(20001, "PageToken is required for paging.", status=400)
    return PageRequest(size, asked if options.clamped_page_size == "requested" else size, page, token)


def _whole_number(fields: dict[str, str], name: str, default: int, *, lowest: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if re.fullmatch(r"[0-9]{1,9}", value) is None or int(value) < lowest:
        raise ApiError(
            20001, f"Invalid parameter: {name} must be an integer of at least {lowest}.", status=400
        )
    return int(value)


Row = TypeVar("Row", bound="Keyed")


@attrs.frozen
class Page(Generic[Row]):
    """The rows of one page and the tokens of its neighbours."""

    rows: list[Row]
    next_token: str | None
    previous_token: str | None


def turn(
    tokens: Tokens, listing: str, rows: Listing[Row], request: PageRequest, options: EmulatorOptions
) -> Page[Row]:
    """Cut one page out of a listing and issue the tokens of the pages beside it."""
    position = None if request.token is None else tokens.read(listing, request.token)
    window = _cut(rows, request.size, position, newest_first=options.order == "newest-first")
    if options.page_position == "offset":
        start = 0 if position is None else position.value
        following = Position("o", start + request.size)
        preceding = Position("o", max(start - request.size, 0))
    else:
        # An empty page has no neighbours: its rows were deleted after its token was issued.
        following = Position("a", window.rows[-1].key if window.rows else 0)
        preceding = Position("b", window.rows[0].key if window.rows else 0)
    more, less = window.has_next and window.rows, window.has_previous and window.rows
    return Page(
        window.rows,
        tokens.issue(listing, following) if more else None,
        tokens.issue(listing, preceding) if less else None,
    )


def _cut(rows: Listing[Row], size: int, position: Position | None, *, newest_first: bool) -> Window[Row]:
    if position is None:
        return rows.after(None, size, newest_first=newest_first)
    if position.kind == "o":
        return rows.at(position.value, size, newest_first=newest_first)
    if position.kind == "b":
        return rows.before(position.value, size, newest_first=newest_first)
    return rows.after(position.value, size, newest_first=newest_first)


def page_meta(
    request: PageRequest, url: str, key: str, next_token: str | None, previous_token: str | None
) -> dict[str, Any]:
    """Return the `meta` object; its URLs have Twilio's order of parameters: PageSize, Page, PageToken."""
    size, page = request.shown_size, request.page

    def link(number: int, token: str | None) -> str:
        tail = "" if token is None else f"&PageToken={quote(token, safe='')}"
        return f"{url}?PageSize={size}&Page={number}{tail}"

    return {
        "page": page,
        "page_size": size,
        "first_page_url": link(0, None),
        "previous_page_url": None if previous_token is None else link(max(page - 1, 0), previous_token),
        "url": link(page, request.token),
        "next_page_url": None if next_token is None else link(page + 1, next_token),
        "key": key,
    }

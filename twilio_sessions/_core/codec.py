"""Bytes to attrs models: msgspec fills the classes directly; what does not fit is read with good will."""

from __future__ import annotations

import functools
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar, cast

import attrs
import msgspec

__all__ = [
    "DecodeError",
    "PageParts",
    "Timestamp",
    "decode_item",
    "decode_rows",
    "split_page",
]

T = TypeVar("T")


class DecodeError(ValueError):
    """The bytes cannot be read as what was asked, not even with good will."""


Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
"""An aware datetime: the fast path refuses a naive one, and the tolerant path reads it as UTC."""


@attrs.frozen(kw_only=True)
class PageParts:
    """A page of a listing: what paging needs, and the rows, decoded or only cut.

    Attributes:
        key: Under which key the rows come.
        rows: Each row: as the model that was asked for, or exactly as it was sent, holding on to the body
            that it is cut from.
        is_decoded: Which of the two.
        page: The number of the page, from zero; None where it is not said.
        page_size: Rows per page; None where it is not said.
        next_page_url: Where the next page is; None on the last one.
    """

    key: str
    rows: list[Any]
    is_decoded: bool
    page: int | None
    page_size: int | None
    next_page_url: str | None


class _Meta(msgspec.Struct):
    # No default: a page that does not say whether another one follows must not pass for the last one.
    next_page_url: str | None
    page: int | None = None
    page_size: int | None = None


@functools.cache
def _envelope(key: str, row: type[Any]) -> msgspec.json.Decoder[Any]:
    """Build the decoder of `{"<key>": [...], "meta": {...}}`; both members must be there."""
    # To find the end of the array is to find those of its rows: cutting them costs nothing more.
    members = [(key, list[row]), ("meta", _Meta)]  # type: ignore[valid-type]
    return msgspec.json.Decoder(msgspec.defstruct("Envelope", members))


def split_page(body: bytes, key: str, model: type[Any] | None = None) -> PageParts:
    """Cut a page, and decode its rows in the same pass where a model is given and they keep the contract.

    Raises:
        DecodeError: The body is not JSON, or not a page of `key`.
    """
    if model is not None:
        # One pass instead of two. Whatever is wrong is found out below, or when the rows are decoded with
        # good will.
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _parts(_envelope(key, cast("Any", model)).decode(body), key, is_decoded=True)
    try:
        return _parts(_envelope(key, msgspec.Raw).decode(body), key, is_decoded=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not a page of {key}: {error}") from error


def _parts(envelope: Any, key: str, *, is_decoded: bool) -> PageParts:
    meta: _Meta = envelope.meta
    return PageParts(
        key=key,
        rows=getattr(envelope, key),
        is_decoded=is_decoded,
        page=meta.page,
        page_size=meta.page_size,
        next_page_url=meta.next_page_url or None,
    )


_decoders: Final[dict[tuple[object, str], msgspec.json.Decoder[Any]]] = {}


def _decoder(type_: type[Any], key: str = "") -> msgspec.json.Decoder[Any]:
    """Return the decoder of a type, or of a page that has such rows below a key and nothing else."""
    # Building one costs as much as decoding many pages.
    if (type_, key) not in _decoders:
        whole = msgspec.defstruct("Page", [(key, list[type_])]) if key else type_  # type: ignore[valid-type]
        _decoders[type_, key] = msgspec.json.Decoder(whole)
    return _decoders[type_, key]


def decode_item(body: bytes, model: type[T]) -> T:
    """Decode one resource.

    Raises:
        DecodeError: The bytes are not JSON, or not this resource even with good will.
    """
    return cast("T", _decode(body, "", model))


def decode_rows(body: bytes, key: str, model: type[T]) -> list[T]:
    """Decode the rows of a page.

    Raises:
        DecodeError: The body is not a page of this resource even with good will.
    """
    return cast("list[T]", _decode(body, key, model))


def _decode(data: bytes, key: str, model: type[Any]) -> object:
    """Decode all of the data as a model; or, with a key, the rows below it."""
    try:
        decoded = _decoder(model, key).decode(data)
    except msgspec.ValidationError as error:
        # Off the contract but perhaps readable: a date only, a number as a string, an unexpected null.
        return _decode_tolerantly(data, key, model, error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"not JSON: {error}") from error
    return getattr(decoded, key) if key else decoded


def _decode_tolerantly(data: bytes, key: str, model: type[Any], reason: msgspec.ValidationError) -> object:
    # Rarely needed, and a fifteenth of the time that it takes to import a client.
    from twilio_sessions._core.tolerant import tolerant  # noqa: PLC0415

    try:
        value = msgspec.json.decode(data)
        if key:
            return tolerant().structure(value[key], list[model])  # type: ignore[valid-type]
        return tolerant().structure(value, model)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        # The fast path names the place (`$.sessions[3].ttl`), which is what a reader needs.
        raise DecodeError(f"not as the contract says: {reason}") from error

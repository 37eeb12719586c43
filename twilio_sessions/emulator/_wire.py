"""Bytes in, bytes out: request targets and bodies to values, values to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qsl, unquote

import msgspec

from twilio_sessions.emulator._errors import ApiError
from twilio_sessions.emulator._values import Form

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ("encode", "read_form", "read_object", "split_path")

_FORM = "application/x-www-form-urlencoded"
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(dict[str, object])


def encode(value: object) -> bytes:
    """Return JSON; aware UTC datetimes are written with a `Z`, and text as UTF-8."""
    return _encoder.encode(value)


def split_path(raw_path: str) -> tuple[str, ...] | None:
    """Return the decoded segments of a path, or `None` when they are no text.

    Decoding comes after splitting, so that a name that contains an encoded slash is one segment.
    """
    try:
        return tuple(unquote(segment, errors="strict") for segment in raw_path.split("/")[1:])
    except UnicodeDecodeError:
        return None


def read_form(body: bytes, content_type: str, *, accept_json: bool) -> Form:
    """Read a POST body; Twilio documents only url-encoded forms."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not body:
        return Form()
    if media_type == "application/json" and accept_json:
        return Form.of(list(_json_fields(body)))
    # A body without any content type is read as a form, as by most servers.
    if media_type not in {_FORM, "", "application/octet-stream"}:
        raise ApiError(70002, f"Unsupported content type {media_type!r}; send {_FORM}", status=415)
    try:
        return Form.of(parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict"))
    except ValueError:
        raise ApiError(70002, "The request body could not be parsed", status=400) from None


def read_object(text: bytes | str) -> dict[str, object] | None:
    """Read one JSON object, or return `None` for anything else.

    Text that is no Unicode (a lone surrogate) is refused too: once stored, it could never be sent again.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _json_fields(body: bytes) -> Iterator[tuple[str, str]]:
    decoded = read_object(body)
    if decoded is None:
        raise ApiError(70002, "The request body could not be parsed", status=400)
    for name, value in decoded.items():
        for one in cast("list[object]", value) if isinstance(value, list) else [value]:
            if one is not None:
                yield name, one if isinstance(one, str) else encode(one).decode()

"""Checks arguments before any request is made and puts them into the form that Twilio documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from enum import StrEnum

__all__ = [
    "boolean",
    "count",
    "date",
    "identifier",
    "is_sid",
    "member",
    "name",
    "one_of",
    "page_size",
    "phone_number",
    "seconds",
    "sid",
    "text",
    "url",
    "urls",
]

# "0 < ttl < 2147483647" (Proxy limits page); 0 is the documented default and means "no TTL".
_TTL_BOUND: Final = 2_147_483_647
_LONGEST_URL: Final = 4000
_LONGEST_NAME: Final = 191
_LONGEST_SEGMENT: Final = 1000
_SHOWN: Final = 60
# Twice Twilio's own default of 50, half the requests, and allowed by both products.
_DEFAULT_PAGE_SIZE: Final = 100
_E164: Final = re.compile(r"\+[1-9][0-9]{1,14}")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def _require_text(argument: str, value: object) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"{argument} must be a string; got {type(value).__name__}", argument=argument)
    if not value:
        raise ArgumentError(f"{argument} must not be empty", argument=argument)
    return value


def _shown(value: str) -> str:
    return repr(value) if len(value) <= _SHOWN else f"{value[:_SHOWN]!r}... ({len(value)} characters)"


def is_sid(value: str, prefix: str) -> bool:
    """Tell a SID, which is `prefix` and 32 hexadecimal digits everywhere in the contract, from a name."""
    return re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", value) is not None


def sid(argument: str, value: str, prefix: str) -> str:
    """Return `value` when it is a SID with this prefix."""
    _require_text(argument, value)
    if not is_sid(value, prefix):
        raise ArgumentError(
            f"{argument} must be {prefix} and 32 hexadecimal digits; got {_shown(value)}", argument=argument
        )
    return value


def optional_sid(argument: str, value: str | None, prefix: str) -> str | None:
    """Return a SID, or None when none was given."""
    return None if value is None else sid(argument, value, prefix)


def identifier(argument: str, value: str, *, longest: int = _LONGEST_SEGMENT) -> str:
    """Return `value` when it can stand for one resource in a path: a SID, an id or a unique name."""
    _require_text(argument, value)
    if value in {".", ".."}:
        raise ArgumentError(
            f"{argument} must name one resource; {value!r} means another folder in a URL", argument=argument
        )
    return _bounded(argument, value, longest)


def name(argument: str, value: str | None) -> str | None:
    """Return a unique name of at most 191 characters (Proxy limits page), by which it can be fetched, too."""
    return None if value is None else identifier(argument, value, longest=_LONGEST_NAME)


def _bounded(argument: str, value: str, longest: int) -> str:
    if len(value) > longest:
        raise ArgumentError(
            f"{argument} may have at most {longest} characters; got {len(value)}", argument=argument
        )
    if _SURROGATE.search(value):
        raise ArgumentError(f"{argument} must be text that UTF-8 can encode", argument=argument)
    if _CONTROL.search(value):
        raise ArgumentError(
            f"{argument} must not hold control characters; got {_shown(value)}", argument=argument
        )
    return value


def text(argument: str, value: str | None, *, longest: int) -> str | None:
    """Return a non-empty line of text of bounded length, or None when none was given."""
    if value is None:
        return None
    return _bounded(argument, _require_text(argument, value), longest)


def body(argument: str, value: str | None) -> str | None:
    """Return a message text, in which line breaks are welcome, or None when none was given."""
    if value is not None and _SURROGATE.search(_require_text(argument, value)):
        raise ArgumentError(f"{argument} must be text that UTF-8 can encode", argument=argument)
    return value


def url(argument: str, value: str | None) -> str | None:
    """Return an absolute http or https URL of at most 4000 characters (Proxy limits page)."""
    checked = text(argument, value, longest=_LONGEST_URL)
    if checked is None:
        return None
    try:
        parts = urlsplit(checked)
        absolute = parts.scheme in {"http", "https"} and bool(parts.netloc)
    except ValueError:
        absolute = False
    if not absolute:
        raise ArgumentError(
            f"{argument} must be an absolute http or https URL; got {_shown(checked)}", argument=argument
        )
    return checked


def urls(argument: str, values: Sequence[str] | None) -> list[str] | None:
    """Return several URLs; one string alone is a mistake that Python would take letter by letter."""
    if values is None:
        return None
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ArgumentError(
            f"{argument} must be a sequence of URLs; got {type(values).__name__}", argument=argument
        )
    return [checked for value in values if (checked := url(argument, value)) is not None]


def phone_number(argument: str, value: str | None) -> str | None:
    """Return a phone number in E.164 form, such as `+14155550100`."""
    if value is None:
        return None
    if not _E164.fullmatch(_require_text(argument, value)):
        raise ArgumentError(
            f"{argument} must be in E.164 form, such as +14155550100; got {_shown(value)}", argument=argument
        )
    return value


def seconds(argument: str, value: int | timedelta | None) -> str | None:
    """Return whole seconds, 0 (no limit) to 2147483646 (Proxy limits page)."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        whole, rest = divmod(value, timedelta(seconds=1))
        if rest:
            raise ArgumentError(f"{argument} must be whole seconds; got {value}", argument=argument)
        value = whole
    elif isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            f"{argument} must be whole seconds or a timedelta; got {type(value).__name__}", argument=argument
        )
    if not 0 <= value < _TTL_BOUND:
        raise ArgumentError(
            f"{argument} must be from 0 (no limit) to {_TTL_BOUND - 1} seconds; got {value}",
            argument=argument,
        )
    return str(value)


def date(argument: str, value: datetime | None) -> str | None:
    """Return an aware datetime in UTC to the second, as Proxy takes it."""
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ArgumentError(f"{argument} must be a datetime; got {type(value).__name__}", argument=argument)
    if value.utcoffset() is None:
        raise ArgumentError(
            f"{argument} must say its time zone, for example datetime.now(UTC); got {value.isoformat()}",
            argument=argument,
        )
    try:
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise ArgumentError(
            f"{argument} must be a date in UTC, too; got {value.isoformat()}", argument=argument
        ) from None


def member(argument: str, value: str | None, choices: type[StrEnum]) -> str | None:
    """Return a value that the contract lists for this argument."""
    if value is None:
        return None
    try:
        return str(choices(value).value)
    except ValueError:
        known = ", ".join(choice.value for choice in choices)
        message = f"{argument} must be one of {known}; got {value!r}"
        raise ArgumentError(message, argument=argument) from None


def boolean(argument: str, value: bool | None) -> str | None:  # noqa: FBT001 - the value that is checked
    """Return `true` or `false`, as the contract spells them."""
    if value is None:
        return None
    if not isinstance(value, bool):
        raise ArgumentError(
            f"{argument} must be True or False; got {type(value).__name__}", argument=argument
        )
    return "true" if value else "false"


def one_of(**values: object) -> None:
    """Demand that exactly one of the named arguments was given."""
    given = [name for name, value in values.items() if value is not None]
    if len(given) != 1:
        names = " or ".join(values)
        got = " and ".join(given) or "neither"
        raise ArgumentError(f"give exactly one of {names}; got {got}", argument=names)


def count(argument: str, value: int | None, *, least: int) -> int | None:
    """Return a whole number that is not below `least`, or None when none was given."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            f"{argument} must be a whole number; got {type(value).__name__}", argument=argument
        )
    if value < least:
        raise ArgumentError(f"{argument} must be {least} or more; got {value}", argument=argument)
    return value


def page_size(wanted: int | None, *, cap: int, limit: int | None) -> int:
    """Return the rows to ask for per page: never above what the product gives, nor above the limit."""
    size = count("page_size", wanted, least=1) or _DEFAULT_PAGE_SIZE
    return min(size, cap, limit or cap)

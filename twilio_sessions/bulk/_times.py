"""Reads seconds as people write them, in files and for `--ttl`: a number, or a duration such as 90m."""

from __future__ import annotations

import re
from datetime import timedelta
from math import fsum
from typing import Final

__all__ = ["read_seconds"]

_SECOND: Final = timedelta(seconds=1)
_DAY: Final = 24 * 60 * 60
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY}
# A column of whole numbers in which a cell is empty is written by many programs as 3600.0.
_NUMBER: Final = re.compile(r"(-?[0-9]{1,20})(?:\.0{1,20})?")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdw])")
_DURATION: Final = re.compile(f"(?:{_PART.pattern})+")
_LONG: Final = re.compile(r"[0-9.smhdwMy]*[My][0-9.smhdwMy]*")
# So many characters say any time that Twilio takes.
_LONGEST: Final = 60


def read_seconds(given: float | str) -> int:
    """Read whole seconds: a number of them, or numbers with a unit each.

    Raises:
        ValueError: It is neither.

    Example:
        >>> read_seconds("90"), read_seconds(90.0), read_seconds("90m"), read_seconds("1h30m")
        (90, 90, 5400, 5400)
    """
    seconds = _in_words(given.strip()) if isinstance(given, str) else _in_numbers(given)
    if seconds is None:
        raise ValueError(f"must be whole seconds, or a duration such as 90m, 12h or 30d; got {given!r}")
    return seconds


def _in_numbers(given: float) -> int | None:
    return int(given) if float(given).is_integer() else None


def _in_words(given: str) -> int | None:
    number = _NUMBER.fullmatch(given)
    if number is not None:
        return int(number[1])
    if len(given) > _LONGEST:
        return None
    if _LONG.fullmatch(given):
        # They have no one length, and 90M is 90m with a slip of the finger.
        raise ValueError(
            "must not be in months (M) or years (y); say m for minutes, h for hours or d for days; "
            f"got {given!r}"
        )
    return _duration(given) if _DURATION.fullmatch(given) else None


def _duration(given: str) -> int | None:
    try:
        # To the microsecond, as the command line does: 4.35 * 3600 is no whole number.
        span = timedelta(seconds=fsum(float(number) * _UNITS[unit] for number, unit in _PART.findall(given)))
    except OverflowError:
        return None
    return None if span % _SECOND else span // _SECOND

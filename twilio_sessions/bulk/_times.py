"""Reads seconds as they are written in files: a number of them, or a duration such as 90m, 12h or 30d."""

from __future__ import annotations

import math
import re
from typing import Final

__all__ = ["read_seconds"]

_DAY: Final = 24 * 60 * 60
# As the command line takes them, months and years of one length included.
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": _DAY, "w": 7 * _DAY, "M": 30 * _DAY, "y": 365 * _DAY}
_NUMBER: Final = re.compile(r"-?[0-9]{1,20}")
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)([smhdwMy])")
_DURATION: Final = re.compile(f"(?:{_PART.pattern})+")
# So many characters say any time that Twilio takes.
_LONGEST: Final = 60


def read_seconds(text: str) -> int:
    """Read whole seconds: a number of them, or numbers with a unit each.

    Raises:
        ValueError: It is neither.

    Example:
        >>> read_seconds("90"), read_seconds("90m"), read_seconds("1h30m")
        (90, 5400, 5400)
    """
    given = text.strip()
    if _NUMBER.fullmatch(given):
        return int(given)
    if _DURATION.fullmatch(given) and len(given) <= _LONGEST:
        seconds = math.fsum(float(number) * _UNITS[unit] for number, unit in _PART.findall(given))
        if seconds.is_integer():
            return int(seconds)
    raise ValueError(f"must be whole seconds, or a duration such as 90m, 12h or 30d; got {text!r}")

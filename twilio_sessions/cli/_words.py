"""Numbers and times in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twilio_sessions.export import RESOURCES
from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["by_product", "clock", "counted", "duration", "shortened"]

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_UNITS: Final = ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min"), (1, "s"))


def duration(seconds: float) -> str:
    """Return a time as a person would say it, rounded to two units; a part that is zero is left out.

    Example:
        >>> duration(165.2), duration(7200)
        ('2 min 45 s', '2 h')
    """
    if seconds < 1:
        return "less than a second"
    step = 1 if seconds < _HOUR else _MINUTE if seconds < _DAY else _HOUR
    left, parts = round(seconds / step) * step, list[str]()
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def clock(seconds: float) -> str:
    """Return a time as a clock shows it.

    Example:
        >>> clock(165.2)
        '0:02:45'
    """
    whole = int(seconds)
    return f"{whole // _HOUR}:{whole // _MINUTE % _MINUTE:02}:{whole % _MINUTE:02}"


def counted(count: int, noun: str) -> str:
    """Return a count with its noun.

    Example:
        >>> counted(1, "listing"), counted(1200, "row")
        ('1 listing', '1,200 rows')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def shortened(sid: str) -> str:
    """Return the beginning of a SID, which tells it from others well enough on a screen.

    Example:
        >>> shortened("KS0123456789abcdef0123456789abcdef")
        'KS0123456789...'
    """
    return sid if len(sid) <= 15 else f"{sid[:12]}..."  # noqa: PLR2004 - the dots need a place, too


def by_product(rows: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return rows as an export counts them, by product and resource, in the order in which they are found.

    Example:
        >>> by_product({"assistants-sessions": 3, "sessions": 5})
        {'proxy': {'sessions': 5}, 'assistants': {'sessions': 3}}
    """
    names = {
        product: {row_name(product, resource): resource for resource in known}
        for product, known in RESOURCES.items()
    }
    found = {
        product: {resource: rows[name] for name, resource in known.items() if name in rows}
        for product, known in names.items()
    }
    return {product: counts for product, counts in found.items() if counts}

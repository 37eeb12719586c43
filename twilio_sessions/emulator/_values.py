"""Form fields and what may stand in them: lengths, bounds, dates, enumerations, SIDs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs

from twilio_sessions.emulator._errors import invalid

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ("Form", "boolean", "choice", "date_time", "is_e164", "is_sid", "seconds", "sid", "text", "url")

# Proxy limits page: 0 < ttl < 2147483647, and 0 stands for "none".
TTL_BOUND = 2_147_483_647
# A UniqueName has at most this many characters (the same page).
NAME_LENGTH = 191
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_HEX32 = re.compile(r"[0-9a-fA-F]{32}")
_TRUTH = {"true": True, "false": False}


@attrs.frozen
class Form:
    """Decoded request parameters; names are compared without regard to case, unknown ones never asked for."""

    fields: Mapping[str, Sequence[str]] = attrs.field(factory=dict[str, list[str]])

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, str]]) -> Form:
        """Build a form from name-value pairs; repeated names keep all their values."""
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            fields.setdefault(name.lower(), []).append(value)
        return cls(fields)

    def all(self, name: str) -> Sequence[str]:
        """Return every value of a repeated field."""
        return self.fields.get(name.lower(), ())

    def last(self, name: str) -> str | None:
        """Return the value of a field, the last one when it was repeated."""
        values = self.all(name)
        return values[-1] if values else None


def is_sid(value: str, prefix: str) -> bool:
    """Say whether a value has the form of a SID of one kind."""
    return value[:2] == prefix and _HEX32.fullmatch(value, 2) is not None


def is_e164(value: str) -> bool:
    """Say whether a value is a phone number in E.164 form."""
    return _E164.fullmatch(value) is not None


def text(form: Form, name: str, max_length: int) -> str | None:
    """Read a string of bounded length, counted in characters."""
    value = form.last(name)
    if value is not None and len(value) > max_length:
        raise invalid(name, f"It must be {max_length} characters or fewer.")
    return value


def seconds(form: Form, name: str) -> int | None:
    """Read a number of seconds; 0 is allowed and means unlimited."""
    value = form.last(name)
    if value is None:
        return None
    # Not int(): it would accept spaces, underscores, and digits of other scripts.
    if re.fullmatch(r"[0-9]{1,10}", value) is None or int(value) >= TTL_BOUND:
        raise invalid(name, f"It must be an integer from 0 to {TTL_BOUND - 1}.")
    return int(value)


def boolean(form: Form, name: str) -> bool | None:
    """Read `true` or `false`, in any case (the official library capitalises them)."""
    value = form.last(name)
    if value is None:
        return None
    if value.lower() not in _TRUTH:
        raise invalid(name, "It must be true or false.")
    return _TRUTH[value.lower()]


def choice(form: Form, name: str, allowed: Collection[str]) -> str | None:
    """Read a member of an enumeration, in any case."""
    value = form.last(name)
    if value is None:
        return None
    if value.lower() not in allowed:
        raise invalid(name, f"It must be one of {', '.join(allowed)}.")
    return value.lower()


def date_time(form: Form, name: str) -> datetime | None:
    """Read an ISO 8601 date or date-time; without an offset it is UTC, and fractions are dropped."""
    value = form.last(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid(name, "It must be an ISO 8601 date.") from None
    return moment.replace(microsecond=0)


def sid(form: Form, name: str, prefix: str) -> str | None:
    """Read a SID of one kind."""
    value = form.last(name)
    if value is not None and not is_sid(value, prefix):
        raise invalid(name, f"It must be a SID that begins with {prefix}.")
    return value


def url(form: Form, name: str) -> str | None:
    """Read a callback URL: absolute, of bounded length, not one of Proxy's own (changelog, 2019-05-21)."""
    value = text(form, name, 4000)
    if value is None or value == "":
        return None
    if re.match(r"https?://[^/\s]+", value) is None:
        raise invalid(name, "It must be an absolute URL.")
    if re.match(r"https?://proxy\.([a-z0-9-]+\.)*twilio\.com(?:[:/?#]|$)", value.lower()) is not None:
        raise invalid(name, "It must not be a URL of Proxy itself.")
    return value

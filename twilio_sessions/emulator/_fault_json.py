"""Faults as JSON, for the control API and for command lines: what is wrong is said by name."""

from __future__ import annotations

from typing import Any, cast

import attrs
import msgspec

from twilio_sessions.emulator._fault import Fault

__all__ = ("read_faults", "read_json")

_FIELDS = frozenset(field.name for field in attrs.fields(Fault))


def read_faults(text: str | bytes, *, name: str = "fault") -> list[Fault]:
    """Read one fault, or a list of faults: the fields of `Fault` by name, of which only "do" is required.

    Args:
        text: JSON, such as `{"do": "answer", "status": 503, "probability": 0.1}`.
        name: What to call the text when it is no JSON.

    Raises:
        ValueError: It is no JSON, or no fault; the message begins with the name of what is wrong.

    Example:
        emulator.faults.add(*read_faults('{"do": "reset", "operation": "sessions.create", "when": "after"}'))
    """
    sent = read_json(text, name=name)
    # All of them are read before the first is used.
    return [_fault(one) for one in (cast("list[object]", sent) if isinstance(sent, list) else [sent])]


def read_json(text: str | bytes, *, name: str = "body") -> object:
    """Read JSON that a person may have written.

    Raises:
        ValueError: It is none.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(f"{name}: must be JSON: {error}") from None


def _fault(sent: object) -> Fault:
    if not isinstance(sent, dict):
        raise ValueError(f"fault: must be an object, not {sent!r}")  # noqa: TRY004 - of a value in JSON
    fields = cast("dict[str, Any]", sent)
    for name in fields:
        if name not in _FIELDS:
            raise ValueError(f"{name}: a fault has no such field; it has {', '.join(sorted(_FIELDS))}")
    if "do" not in fields:
        raise ValueError("do: is required")
    return Fault(**fields)

"""Validators of attrs fields whose messages begin with the field's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Collection

    import attrs

Check: TypeAlias = Callable[[Any, "attrs.Attribute[Any]", Any], None]

__all__ = (
    "Check",
    "charset",
    "line",
    "mapping",
    "maybe",
    "number",
    "one_of",
    "pattern",
    "text",
    "texts",
    "whole",
)

_BREAKS = frozenset("\r\n\0")


def _wrong(attribute: attrs.Attribute[Any], wanted: str, value: Any) -> ValueError:
    return ValueError(f"{attribute.name}: must be {wanted}, not {value!r}")


def maybe(check: Check) -> Check:
    """Accept `None`, too."""

    def run(instance: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None:
            check(instance, attribute, value)

    return run


def number(low: float, high: float = float("inf"), *, above: bool = False) -> Check:
    """Ask for a finite number from `low` (or `above` it) to `high`."""
    wanted = f"a number {'above' if above else 'from'} {low}" + (f" to {high}" if high < float("inf") else "")

    def run(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        known = isinstance(value, int | float) and not isinstance(value, bool)
        # Also false for NaN.
        if not (known and low <= value <= high and value < float("inf")) or (above and value == low):
            raise _wrong(attribute, wanted, value)

    return run


def whole(low: int, high: int | None = None) -> Check:
    """Ask for an integer from `low` to `high`."""
    wanted = f"an integer from {low}" + ("" if high is None else f" to {high}")

    def run(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        known = isinstance(value, int) and not isinstance(value, bool)
        if not known or value < low or (high is not None and value > high):
            raise _wrong(attribute, wanted, value)

    return run


def one_of(allowed: Collection[object]) -> Check:
    """Ask for one of some values."""
    wanted = "one of " + ", ".join(map(repr, allowed))

    def run(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        # Compared one by one: what came in as JSON need not be hashable.
        if not any(type(value) is type(one) and value == one for one in allowed):
            raise _wrong(attribute, wanted, value)

    return run


def text(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for a string."""
    if not isinstance(value, str):
        raise _wrong(attribute, "a string", value)


def line(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for a string that may stand in the head of an answer."""
    if not isinstance(value, str) or set(value) & _BREAKS:
        raise _wrong(attribute, "a string without line breaks", value)


def texts(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for strings by name that may stand in the head of an answer."""
    sent = cast("Mapping[object, object]", value) if isinstance(value, Mapping) else {None: None}
    said = [*sent.keys(), *sent.values()]
    if not all(isinstance(one, str) and not set(one) & _BREAKS for one in said):
        raise _wrong(attribute, "an object of strings without line breaks", value)


def pattern(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for a regular expression."""
    try:
        re.compile(value)
    except (re.error, TypeError):
        raise _wrong(attribute, "a regular expression", value) from None


def mapping(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for values by name."""
    if not isinstance(value, Mapping):
        raise _wrong(attribute, "an object", value)


def charset(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Ask for the name of an encoding that Python knows."""
    try:
        "".encode(value)
    except (LookupError, TypeError):
        raise _wrong(attribute, "the name of an encoding", value) from None

"""Rows as programs read them: JSON, NDJSON, CSV and TSV, with all fields or with those that were chosen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast

import attrs
import msgspec

from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import csv_escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Format", "Writer", "choose_fields", "field_names", "in_json", "timestamp", "writer_of"]

Format: TypeAlias = Literal["table", "json", "ndjson", "csv", "tsv"]

# A tab or a line break inside a cell would be another cell.
_TSV: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def field_names(model: type[object]) -> tuple[str, ...]:
    """Return the names of a model's fields, in the order of the contract."""
    return tuple(field.name for field in attrs.fields(cast("type[attrs.AttrsInstance]", model)))


def choose_fields(model: type[object], text: str | None) -> tuple[str, ...] | None:
    """Read `--fields`; None means that none were chosen.

    Raises:
        ArgumentError: The resource has no such field.
    """
    if text is None:
        return None
    known = field_names(model)
    chosen = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in chosen if name not in known]
    if unknown or not chosen:
        problem = f"does not know {', '.join(map(repr, unknown))}" if unknown else "names no field"
        raise ArgumentError(f"--fields {problem}; known are {', '.join(known)}", argument="fields")
    return chosen


def timestamp(value: datetime) -> str:
    """Return a date as the API writes it, in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


@attrs.define(kw_only=True)
class Writer:
    """Makes text of rows, some at a time.

    Attributes:
        render: Makes text of one row.
        before: What comes first, even when there are no rows.
        between: What stands between rows.
        after: What comes last.
    """

    render: Callable[[object], str]
    before: str = ""
    between: str = ""
    after: str = ""
    _began: bool = False

    def add(self, rows: Iterable[object]) -> str:
        """Return the text of further rows."""
        text = self.between.join(map(self.render, rows))
        if text and self._began:
            text = self.between + text
        self._began = self._began or bool(text)
        return text


def writer_of(
    output: Format, model: type[object], fields: Sequence[str] | None, *, is_single: bool
) -> Writer:
    """Return what makes text of rows for programs.

    Args:
        output: How; not `table`, which is for people.
        model: What the rows are.
        fields: Which fields; None means all.
        is_single: Whether there is one row and no more, which `json` shows without a list around it.
    """
    names = tuple(fields or field_names(model))
    if output in {"csv", "tsv"}:
        cell, separator = (_csv, ",") if output == "csv" else (_tsv, "\t")
        return Writer(
            before=separator.join(map(cell, names)) + "\n",
            render=lambda row: separator.join(cell(getattr(row, name)) for name in names) + "\n",
        )
    if output == "ndjson":
        return Writer(render=lambda row: _line(row, names) + "\n")
    if is_single:
        return Writer(render=lambda row: _indented(row, names) + "\n")
    return Writer(before="[\n", render=lambda row: _line(row, names), between=",\n", after="\n]\n")


def in_json(value: object) -> str:
    """Return one line of JSON."""
    return msgspec.json.encode(value).decode()


def _line(row: object, names: Sequence[str]) -> str:
    return in_json({name: getattr(row, name) for name in names})


def _indented(row: object, names: Sequence[str]) -> str:
    return msgspec.json.format(_line(row, names).encode(), indent=2).decode()


def _csv(value: Any) -> str:
    """Return a cell as an export writes it: text is quoted and nothing else is, so that "" is not null."""
    text = _text(value)
    if value is None or isinstance(value, bool | int | float | datetime):
        return text
    return '"' + csv_escape(text).replace('"', '""') + '"'


def _tsv(value: Any) -> str:
    return csv_escape(_text(value)).translate(_TSV) if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return in_json(cast("object", value)) if isinstance(value, dict) else str(value)

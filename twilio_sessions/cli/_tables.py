"""Rows as people read them on a terminal: columns that fit its width, and one resource field by field."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from twilio_sessions.cli._formats import field_names, in_json, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

__all__ = ["Layout", "card", "lay_out", "printable"]

# Text without a form of its own: it may be cut, and is what gives way on a narrow terminal.
_FREE: Final = frozenset(
    {
        "closed_reason",
        "content",
        "data",
        "friendly_name",
        "id",
        "identity",
        "meta",
        "session_id",
        "unique_name",
    }
)
_LEAST: Final = 10
# Where every column was asked for, text gives way even further before a SID does.
_TIGHT: Final = 6
# Below this another column is not worth the cutting.
_READABLE: Final = 12
_ALWAYS: Final = 3
_GAP: Final = 2
_SID: Final = 34
_INDENT: Final = 2
_NULL: Final = "-"
_STYLES: Final = {
    "open": "green",
    "in-progress": "cyan",
    "closed": "dim",
    "failed": "red",
}


@attrs.frozen
class Layout:
    """The columns of a table and their widths, the same for all rows however many follow.

    Attributes:
        columns: The names of the fields that are shown.
        widths: The width of each.
        hidden: How many columns there was no room for.
    """

    columns: tuple[str, ...]
    widths: tuple[int, ...]
    hidden: int = 0

    def table(self, rows: Sequence[object], *, heading: bool = True) -> Table:
        """Return rows as a table."""
        table = Table(
            box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=heading, header_style="dim"
        )
        for name, width in zip(self.columns, self.widths, strict=True):
            # What is no text of somebody's goes on below where it has no room: half a SID is none.
            is_cut = name in _FREE
            table.add_column(name, width=width, no_wrap=is_cut, overflow="ellipsis" if is_cut else "fold")
        for row in rows:
            table.add_row(*(_cell(name, getattr(row, name)) for name in self.columns))
        return table


def lay_out(columns: Sequence[str], rows: Sequence[object], width: int, *, keep_all: bool = False) -> Layout:
    """Choose columns and their widths for a terminal.

    SIDs, dates and numbers are not cut, but go on below; free text is cut. What has no room is left out
    from the end.

    Args:
        columns: The names of fields, the most important first.
        rows: The first rows, by which widths are measured.
        width: Of the terminal.
        keep_all: Whether every column was asked for by name: then none is left out.
    """
    natural = [min(_natural(name, rows), width) for name in columns]
    least = _narrowed(columns, natural, _LEAST)
    shown = len(columns)
    if not keep_all:
        readable = _narrowed(columns, natural, _READABLE)
        shown = max(_fitting(readable, width), min(_ALWAYS, _fitting(least, width)))
    elif _total(least) > width:
        least = _narrowed(columns, natural, _TIGHT)
        if _total(least) > width:
            least = [min(wide, _LEAST) for wide in natural]
    return Layout(
        tuple(columns[:shown]), _widened(natural[:shown], least[:shown], width), len(columns) - shown
    )


def _narrowed(columns: Sequence[str], natural: Sequence[int], characters: int) -> list[int]:
    """Return widths at which free text is cut to so many characters."""
    return [
        min(wide, characters) if name in _FREE else wide for name, wide in zip(columns, natural, strict=True)
    ]


def _widened(natural: Sequence[int], least: Sequence[int], width: int) -> tuple[int, ...]:
    """Give what room is left to the columns that need it, from the first on."""
    spare = max(0, width - _total(least))
    widths: list[int] = []
    for wide, narrow in zip(natural, least, strict=True):
        more = min(wide - narrow, spare)
        spare -= more
        widths.append(narrow + more)
    return tuple(widths)


def card(row: object, fields: Sequence[str] | None, width: int) -> RenderableType:
    """Return one resource, a field a line; what is too long goes on below.

    Args:
        row: The resource.
        fields: Which fields; None means all.
        width: Of the terminal.
    """
    names = fields or field_names(type(row))
    values = [_value(name, getattr(row, name)) for name in names]
    if width - max(map(len, names)) - _GAP < _SID:
        # Beside the names there is no room for a SID; below them there is.
        return Group(*itertools.chain.from_iterable(map(_stacked, names, values)))
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in zip(names, values, strict=True):
        table.add_row(name, value)
    return table


def _stacked(name: str, value: Text) -> tuple[RenderableType, RenderableType]:
    value.overflow = "fold"
    return Text(name, "dim"), Padding(value, (0, 0, 0, _INDENT), expand=False)


def _value(name: str, value: object) -> Text:
    return Text(timestamp(value)) if isinstance(value, datetime) else _cell(name, value)


def _fitting(least: Sequence[int], width: int) -> int:
    return max((count for count in range(1, len(least) + 1) if _total(least[:count]) <= width), default=1)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + _GAP * max(0, len(widths) - 1)


def _natural(name: str, rows: Sequence[object]) -> int:
    return max(cell_len(name), *(cell_len(_shown(getattr(row, name))) for row in rows), 1)


def _cell(name: str, value: object) -> Text:
    text = _shown(value)
    if value is None:
        return Text(text, "dim")
    return Text(text, _STYLES.get(text, "") if name == "status" else "")


def _shown(value: Any) -> str:
    if value is None:
        return _NULL
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(in_json(cast("object", value)) if isinstance(value, dict) else str(value))


def printable(text: str) -> str:
    r"""Return text that moves no cursor and changes no terminal: what is not printable is escaped.

    Example:
        >>> printable("two\nlines"), printable("Köln")
        ('two\\nlines', 'Köln')
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)

"""CSV that programs read back exactly and spreadsheets do not run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twilio_sessions.export._rows import Row
    from twilio_sessions.export._schema import Kind, Table

__all__ = ["csv_escape", "csv_unescape", "write_csv"]

# What spreadsheets take for the beginning of a formula, full-width forms included, and the mark itself.
_RISKY: Final = frozenset("=+-@\t\r\n＝＋－＠'")  # noqa: RUF001 - the full-width forms are meant
_MARK: Final = "'"
_E164: Final = re.compile(r"\+[0-9]{1,15}")


def csv_escape(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; phone numbers stay as they are.

    An apostrophe is put before text that begins with `=`, `+`, `-`, `@`, a tab, a line break, one of the
    full-width forms of these signs, or an apostrophe. Numbers such as `+14155550100` (E.164) are exempt.

    Example:
        >>> csv_escape("=1+1"), csv_escape("+14155550100"), csv_escape("Ada")
        ("'=1+1", '+14155550100', 'Ada')
    """
    if text[:1] in _RISKY and text and not _E164.fullmatch(text):
        return _MARK + text
    return text


def csv_unescape(text: str) -> str:
    """Return the text of a cell as Twilio sent it: the inverse of `csv_escape`.

    Not for files that were written with `csv_raw`: nothing was put before their cells.

    Example:
        >>> csv_unescape("'=1+1"), csv_unescape("+14155550100"), csv_unescape("Ada")
        ('=1+1', '+14155550100', 'Ada')
    """
    return text.removeprefix(_MARK)


def write_csv(table: Table, batches: Iterable[list[Row]], file: BinaryIO, *, raw: bool) -> None:
    """Write a table with a line of column names.

    Text is always quoted and nothing else is, so that an empty string (`""`) is not null (nothing).

    Args:
        table: Which columns there are.
        batches: Their values.
        file: Where to write to.
        raw: Whether to leave what a spreadsheet would run as it is.
    """
    columns = table.all_columns
    file.write((",".join(_quoted(column.name) for column in columns) + "\n").encode())
    renderers = [_renderer(column.kind, raw=raw) for column in columns]
    for rows in batches:
        lines = (
            ",".join([render(value) for render, value in zip(renderers, row, strict=True)]) for row in rows
        )
        file.write(("\n".join(lines) + "\n").encode())


def _renderer(kind: Kind, *, raw: bool) -> Callable[[Any], str]:
    if kind in ("text", "json"):
        return _quoted if raw else _harmless
    return _timestamp if kind == "timestamp" else _plain


# What follows is called for every cell: its argument is of the type that the kind of column promises.
def _quoted(value: Any) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def _harmless(value: Any) -> str:
    return "" if value is None else '"' + csv_escape(value).replace('"', '""') + '"'


def _timestamp(value: Any) -> str:
    return "" if value is None else value.isoformat()[: -len("+00:00")] + "Z"


def _plain(value: Any) -> str:
    """Return an integer in digits, and a boolean as `true` or `false`."""
    return "" if value is None else str(value).lower()

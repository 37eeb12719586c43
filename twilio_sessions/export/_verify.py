"""Reads an exported folder back and counts what is in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

__all__ = ["RowCount", "count_rows"]


class RowCount(NamedTuple):
    """How many rows there are of a resource.

    Attributes:
        rows: Lines.
        distinct: Different SIDs (or ids) in them.
    """

    rows: int
    distinct: int


class _Identity(msgspec.Struct):
    sid: str | None = None
    id: str | None = None


def count_rows(out: str | PathLike[str]) -> dict[str, RowCount]:
    """Count the rows of an exported folder, by resource, under the names that `ExportReport.rows` has.

    Raises:
        ValueError: A line is not a row; the message names the file and the line.

    Example:
        >>> count_rows("archive")["sessions"]
        RowCount(rows=4000, distinct=4000)
    """
    rows: dict[str, int] = {}
    identities: dict[str, set[str]] = {}
    for path in sorted(Path(out).rglob("*.ndjson")):
        name = row_name(path.relative_to(out).parts[0], path.stem)
        for identity in _identities(path):
            rows[name] = rows.get(name, 0) + 1
            identities.setdefault(name, set()).add(identity)
    return {name: RowCount(count, len(identities[name])) for name, count in rows.items()}


def _identities(path: Path) -> Iterator[str]:
    decoder = msgspec.json.Decoder(_Identity)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                row = decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise ValueError(f"{path}, line {number}: not a row: {error}") from error
            identity = row.sid or row.id
            if identity is None:
                raise ValueError(f"{path}, line {number}: a row without a sid")
            yield identity

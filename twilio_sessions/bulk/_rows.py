"""Sessions that are to be created, from CSV or NDJSON; every row is checked before the first is sent."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import msgspec

from twilio_sessions._core import arguments
from twilio_sessions.bulk._times import read_seconds
from twilio_sessions.errors import ArgumentError
from twilio_sessions.proxy._models import SessionMode, SessionStatus
from twilio_sessions.proxy._spec import ParticipantSpec, encode_participants, to_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

__all__ = ["NewSession", "check_rows", "read_rows"]


def _to_tuple(given: Iterable[ParticipantSpec]) -> tuple[ParticipantSpec, ...]:
    return tuple(given)


@attrs.frozen(kw_only=True)
class NewSession:
    """A session that is to be created; arguments as in `sessions.create`.

    Attributes:
        unique_name: What makes a repeated create recognisable; required, and unique among the rows.
        date_expiry: When it is to be closed; with a time zone.
        ttl: Seconds to live after creation or the last interaction.
        mode: What it carries.
        status: The status to begin with.
        participants: At most two.

    Example:
        >>> NewSession(unique_name="Order #1234", participants=[ParticipantSpec("+14155550100")]).key
        'Order #1234'
    """

    unique_name: str
    date_expiry: datetime | None = None
    ttl: int | None = None
    mode: str | None = None
    status: str | None = None
    participants: tuple[ParticipantSpec, ...] = attrs.field(default=(), converter=_to_tuple)

    def __attrs_post_init__(self) -> None:
        arguments.name("unique_name", self.unique_name)
        arguments.date("date_expiry", self.date_expiry)
        arguments.seconds("ttl", self.ttl)
        arguments.member("mode", self.mode, SessionMode)
        arguments.member("status", self.status, SessionStatus)
        encode_participants(self.participants)

    @property
    def key(self) -> str:
        """What it is called in a journal."""
        return self.unique_name


_COLUMNS: Final = tuple(field.name for field in attrs.fields(NewSession))
_OTHERS: Final = ", ".join(_COLUMNS[1:])
_EXPECTED: Final = {
    True: f"a line that names the columns (unique_name, and any of {_OTHERS}), and one for each session",
    False: f"a line for each session, a JSON object with unique_name and any of {_OTHERS}",
}


def read_rows(path: str | PathLike[str]) -> list[NewSession]:
    """Read sessions to create from a file, by its suffix: `.csv`, or NDJSON (`.ndjson`, `.jsonl`).

    Columns, or names of members, are those of `NewSession`. In CSV an empty cell is none, and `participants`
    is identifiers with spaces between them, or a JSON array; in NDJSON it is an array of identifiers or of
    objects. `ttl` is seconds, also as 3600.0, or a duration such as 90m, 12h or 30d; not in months or years.

    Raises:
        ArgumentError: There is no row, or one cannot be right; its line is named.
        OSError: The file cannot be read.

    Example:
        >>> rows = read_rows("sessions.csv")
    """
    path = Path(path)
    is_csv = path.suffix.lower() == ".csv"
    lines = _csv_rows(path) if is_csv else _ndjson_rows(path)
    rows = [_checked(f"{path}, line {number:,}", row) for number, row in lines]
    if not rows:
        raise ArgumentError(f"{path} has no rows; expected is {_EXPECTED[is_csv]}", argument="rows")
    return list(check_rows(rows))


def check_rows(rows: Iterable[NewSession | Mapping[str, Any]]) -> tuple[NewSession, ...]:
    """Check that rows can be right together.

    Raises:
        ArgumentError: A row cannot be right, or a unique name comes twice.
    """
    found: dict[str, NewSession] = {}
    for number, row in enumerate(rows, 1):
        made = row if isinstance(row, NewSession) else _checked(f"row {number:,}", row)
        if made.unique_name in found:
            raise ArgumentError(
                f"row {number:,}: unique_name {made.unique_name!r} is there twice; each needs its own",
                argument="rows",
            )
        found[made.unique_name] = made
    return tuple(found.values())


def _csv_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        columns: list[str] = []
        try:
            for cells in filter(None, reader):
                where = f"{path}, line {reader.line_num:,}"
                if columns:
                    yield reader.line_num, _named(where, columns, cells)
                else:
                    columns = _checked_columns(where, cells)
        except csv.Error as error:
            raise ArgumentError(f"{path}, line {reader.line_num:,}: {error}", argument="rows") from None
        except UnicodeDecodeError:
            raise ArgumentError(f"{path} is not text in UTF-8; save it as that", argument="rows") from None


def _checked_columns(where: str, columns: list[str]) -> list[str]:
    """Refuse columns that are not known, whatever is in them: what somebody wrote there would be lost."""
    problem = _column_problem(columns)
    if problem is not None:
        known = f"known are {', '.join(_COLUMNS)}"
        raise ArgumentError(f"{where}: {problem}; the first line names the columns, {known}", argument="rows")
    return columns


def _column_problem(columns: list[str]) -> str | None:
    unknown = [repr(name) if name else "one without a name" for name in columns if name not in _COLUMNS]
    if unknown:
        return f"unknown columns: {', '.join(unknown)}"
    doubled = [name for name in _COLUMNS if columns.count(name) > 1]
    if doubled:
        return f"columns that are there twice: {', '.join(doubled)}"
    return None if "unique_name" in columns else "there is no column unique_name"


def _named(where: str, columns: list[str], cells: list[str]) -> dict[str, str]:
    if len(cells) > len(columns):
        raise ArgumentError(
            f"{where}: {len(cells)} cells, and {len(columns)} columns; "
            "put quotes around a cell that has a comma in it",
            argument="rows",
        )
    return {name: cell for name, cell in zip(columns, cells, strict=False) if cell}


def _ndjson_rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                try:
                    yield number, msgspec.json.decode(line, type=dict[str, Any])
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise ArgumentError(f"{path}, line {number:,}: {error}", argument="rows") from None


class _Cells(msgspec.Struct, forbid_unknown_fields=True):
    """A row as it was written."""

    unique_name: str
    date_expiry: str | None = None
    ttl: int | float | str | None = None
    mode: str | None = None
    status: str | None = None
    participants: Any = None


def _checked(where: str, row: Mapping[str, Any]) -> NewSession:
    try:
        cells = msgspec.convert(row, _Cells)
        return NewSession(
            unique_name=cells.unique_name,
            date_expiry=_date(cells.date_expiry),
            ttl=_seconds(cells.ttl),
            mode=cells.mode,
            status=cells.status,
            participants=_participants(cells.participants),
        )
    except (ArgumentError, msgspec.MsgspecError) as error:
        raise ArgumentError(f"{where}: {_problem(row, error)}", argument="rows") from None


def _problem(row: Mapping[str, Any], error: Exception) -> str:
    if row.get("unique_name") is None:
        return "unique_name is missing, and each row needs its own"
    return f"{error}; known are {', '.join(_COLUMNS)}" if "unknown field" in str(error) else str(error)


def _seconds(given: float | str | None) -> int | None:
    try:
        return None if given is None else read_seconds(given)
    except ValueError as error:
        raise ArgumentError(f"ttl {error}", argument="ttl") from None


def _date(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentError(
            f"date_expiry must be a date such as 2026-12-31T18:00:00Z; got {text!r}", argument="date_expiry"
        ) from None


def _participants(given: Any) -> tuple[ParticipantSpec, ...]:
    if isinstance(given, str):
        given = msgspec.json.decode(given) if given.lstrip().startswith("[") else given.split()
    if not isinstance(given, list | tuple | None):
        raise ArgumentError("participants must be a list", argument="participants")
    return tuple(map(_participant, cast("Iterable[object]", given or ())))


def _participant(given: object) -> ParticipantSpec:
    if isinstance(given, ParticipantSpec):
        return given
    return ParticipantSpec(given) if isinstance(given, str) else to_spec("participants", given)

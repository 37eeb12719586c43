"""Makes Parquet, CSV, plain NDJSON or a DuckDB file from an archive."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import attrs

from twilio_sessions.errors import ArchiveError, ArgumentError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._cat import tables_of, write_lines
from twilio_sessions.export._csv import write_csv
from twilio_sessions.export._duckdb import load_duckdb, open_duckdb
from twilio_sessions.export._made import MadeHere
from twilio_sessions.export._parquet import load_parquet, write_parquet
from twilio_sessions.export._report import row_name
from twilio_sessions.export._rows import TableRows
from twilio_sessions.export._staging import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from os import PathLike

    from twilio_sessions.export._staging import Stage

__all__ = ["FORMATS", "ConvertReport", "Format", "convert", "converted_path"]

Format: TypeAlias = Literal["parquet", "csv", "ndjson", "duckdb"]
"""What an archive can be made into."""

FORMATS: Final[tuple[Format, ...]] = get_args(Format)

_DUCKDB: Final = "archive.duckdb"


@attrs.frozen
class ConvertReport:
    """What a conversion made.

    Attributes:
        to: The format.
        out: The folder, or the file of a DuckDB database.
        rows: Rows by table.
        extra: By table, how many rows have something that the columns do not hold; it is in their column
            `extra`. Empty for NDJSON, whose rows are as Twilio sent them.
        size: Bytes written.
        seconds: How long it took.
        is_complete: Whether the archive was; otherwise what its export has not read is missing here, too.
    """

    to: Format
    out: Path
    rows: dict[str, int] = attrs.field(hash=False)
    extra: dict[str, int] = attrs.field(hash=False)
    size: int
    seconds: float
    is_complete: bool

    @property
    def total_rows(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


def convert(
    archive_dir: str | PathLike[str],
    to: Format,
    out: str | PathLike[str] | None = None,
    *,
    csv_raw: bool = False,
    replace: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> ConvertReport:
    """Make another format from an archive, which stays as it is.

    There is one table for each resource that the archive was to hold, over all services, with the newest
    version of each row; `docs/export-formats.md` says what is in which column. Nothing is left out: what
    fits no column is in the column `extra`. Nothing is there before it is whole.

    Args:
        archive_dir: The folder of the archive.
        to: `parquet`, `csv` or `ndjson` make a folder with one file for each table; `duckdb` makes one file.
        out: What to make, which must not exist; by default `parquet`, `csv`, `ndjson` or `archive.duckdb`
            in the folder of the archive.
        csv_raw: Leave CSV cells that a spreadsheet would run as a formula as they are.
        replace: Make anew what an earlier conversion made in the folder of the archive. What was changed
            since, be it by one byte, is never written over, nor what is anywhere else.
        on_progress: Called now and then with the rows written so far and how many there are at most.

    Raises:
        ArgumentError: The format is not known, or `out` exists and may not be replaced.
        ConfigurationError: The format needs a package that is not installed.
        ArchiveError: There is no archive, or it is damaged.
        ArchiveLockedError: Another process makes the same thing.
        OSError: The disk is full or cannot be written to.

    Example:
        >>> convert("archive", "parquet").rows["sessions"]
        4000
    """
    _check(to, csv_raw=csv_raw)
    began = time.monotonic()
    archive = open_archive(archive_dir)
    target = converted_path(archive.path, to) if out is None else Path(out)
    done = _Done(sum(sum(layer.manifest.rows.values()) for layer in archive.layers), on_progress)
    tables = [TableRows(archive, table, done.add) for table in tables_of(archive)]
    # Elsewhere no hidden file is left behind.
    memory = MadeHere(target) if out is None else None
    with staged(target, is_folder=to != "duckdb", memory=memory, may_replace=replace) as stage:
        with _writer(to, stage, target.name, csv_raw=csv_raw) as write:
            for table in tables:
                write(table)
                _check_count(table)
        size = stage.size
    return ConvertReport(
        to=to,
        out=target,
        rows={table.table.name: table.rows for table in tables},
        extra={} if to == "ndjson" else {table.table.name: table.extra for table in tables},
        size=size,
        seconds=time.monotonic() - began,
        is_complete=all(layer.manifest.is_complete for layer in archive.layers),
    )


def converted_path(archive: Path, to: Format) -> Path:
    """Return where a conversion goes that is not told where."""
    return archive / (_DUCKDB if to == "duckdb" else to)


@attrs.define
class _Done:
    """How far a conversion is."""

    total: int
    on_progress: Callable[[int, int], None] | None
    rows: int = 0

    def add(self, rows: int) -> None:
        self.rows += rows
        if self.on_progress is not None:
            self.on_progress(self.rows, self.total)


def _check(to: str, *, csv_raw: bool) -> None:
    if to not in FORMATS:
        raise ArgumentError(f"to must be one of {', '.join(FORMATS)}; got {to!r}", argument="to")
    if csv_raw and to != "csv":
        raise ArgumentError(f"csv_raw is for csv; {to} has no use for it", argument="csv_raw")
    if to == "parquet":
        load_parquet()
    elif to == "duckdb":
        load_duckdb()


@contextmanager
def _writer(to: Format, stage: Stage, name: str, *, csv_raw: bool) -> Generator[Callable[[TableRows], None]]:
    """Yield what writes one table."""
    if to == "duckdb":
        with open_duckdb(stage, name) as database:
            yield lambda rows: database.write(rows.table, rows.batches())
        return

    def write(rows: TableRows) -> None:
        with stage.create(f"{rows.table.name}.{to}") as file:
            if to == "parquet":
                write_parquet(rows.table, rows.batches(), file)
            elif to == "csv":
                write_csv(rows.table, rows.batches(), file, raw=csv_raw)
            else:
                write_lines(rows, file)

    yield write


def _check_count(table: TableRows) -> None:
    """Refuse an archive of which lines are missing; what later exports replaced is counted more than once."""
    if len(table.archive.layers) > 1:
        return
    counted = table.archive.manifest.rows.get(row_name(table.table.product, table.table.resource), 0)
    if counted != table.rows:
        raise ArchiveError(
            f"{table.archive.path} has {table.rows:,} rows of {table.table.name}, and its manifest says "
            f"{counted:,}; find out why with: twilio-sessions verify {table.archive.path}"
        )

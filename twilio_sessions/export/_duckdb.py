"""One DuckDB file with all tables, and a view that sums sessions up."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from twilio_sessions.export._optional import load

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from twilio_sessions.export._rows import Row
    from twilio_sessions.export._schema import Table
    from twilio_sessions.export._staging import Stage

__all__ = ["DuckDBFile", "load_duckdb", "open_duckdb"]

_TYPES: Final = {
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "json": "VARCHAR",
}
_SETTINGS: Final = {
    # By default it takes most of the machine's memory before it writes anything out.
    "memory_limit": "256MB",
    "threads": "2",
    # All that is used is built in; nothing is to be fetched from the network for a file on a disk.
    "autoinstall_known_extensions": "false",
}
# Rows are handed over through a file, for DuckDB reads those by itself; it is no longer than this.
_CHUNK_BYTES: Final = 32 * 1024 * 1024
# It makes room for several rows of the greatest length that it is told.
_USUAL_LENGTH: Final = 1024 * 1024
_OVERVIEW: Final = """
CREATE VIEW session_overview AS
SELECT s.sid, s.service_sid, v.unique_name AS service_name, s.unique_name, s.status, s.mode,
       s.date_created, s.date_ended, s.date_last_interaction{columns}
FROM sessions s LEFT JOIN services v ON v.sid = s.service_sid{joins}
"""
_COUNTED: Final = ("participants", "interactions")


def load_duckdb() -> None:
    """Import what a DuckDB file needs.

    Raises:
        ConfigurationError: It is not installed.
    """
    load("duckdb", "duckdb")


class DuckDBFile:
    """A DuckDB file that is being made."""

    def __init__(self, connection: Any, stage: Stage) -> None:
        self._connection = connection
        self._stage = stage
        self._tables = list[str]()

    def write(self, table: Table, batches: Iterable[list[Row]]) -> None:
        """Make a table and fill it.

        Args:
            table: Which columns there are.
            batches: Their values.
        """
        columns = {column.name: _TYPES[column.kind] for column in table.all_columns}
        named = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        self._connection.execute(f"CREATE TABLE {table.name} ({named})")
        self._tables.append(table.name)
        for chunk, longest in self._chunks(list(columns), batches):
            self._connection.execute(
                f"INSERT INTO {table.name} SELECT * FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
                "columns = ?, maximum_object_size = ?)",
                [str(chunk), columns, max(longest, _USUAL_LENGTH)],
            )

    def finish(self) -> None:
        """Make the views, and have everything in the file."""
        if {"services", "sessions"} <= set(self._tables):
            self._connection.execute(_overview([name for name in _COUNTED if name in self._tables]))
        self._connection.execute("CHECKPOINT")

    def _chunks(self, names: list[str], batches: Iterable[list[Row]]) -> Iterator[tuple[Path, int]]:
        """Yield a file of rows and the bytes of the longest one, again and again with the next ones."""
        lines: list[bytes] = []
        size = 0
        for rows in batches:
            new = [msgspec.json.encode(dict(zip(names, row, strict=True))) for row in rows]
            lines += new
            size += sum(map(len, new))
            if size >= _CHUNK_BYTES:
                yield from self._chunk(lines)
                lines, size = [], 0
        if lines:
            yield from self._chunk(lines)

    def _chunk(self, lines: list[bytes]) -> Iterator[tuple[Path, int]]:
        path = self._stage.folder / "rows.ndjson"
        with self._stage.create(path.name) as file:
            file.writelines(line + b"\n" for line in lines)
        try:
            yield path, max(map(len, lines)) + 1
        finally:
            path.unlink()


@contextmanager
def open_duckdb(stage: Stage, name: str) -> Generator[DuckDBFile]:
    """Make a DuckDB file; it is whole when the block has ended.

    Raises:
        OSError: It cannot be written.
    """
    duckdb = load("duckdb", "duckdb")
    path = stage.folder / name
    try:
        with duckdb.connect(str(path), config=_SETTINGS) as connection:
            # It makes its files itself, in a folder that nobody else may enter.
            path.chmod(0o600)
            made = DuckDBFile(connection, stage)
            yield made
            made.finish()
    except RuntimeError as error:
        # This is what it makes of Ctrl-C.
        if "interrupted" in str(error):
            raise KeyboardInterrupt from None
        raise
    except duckdb.Error as error:
        raise OSError(f"{path} cannot be written: {error}") from error
    stage.sync(name)


def _overview(counted: list[str]) -> str:
    columns = "".join(f", coalesce({name}.rows, 0) AS {name}" for name in counted)
    joins = "".join(
        f"\nLEFT JOIN (SELECT session_sid, count(*) AS rows FROM {name} GROUP BY session_sid) {name}"  # noqa: S608
        f" ON {name}.session_sid = s.sid"
        for name in counted
    )
    return _OVERVIEW.format(columns=columns, joins=joins)

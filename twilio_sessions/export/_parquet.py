"""Parquet: typed columns in row groups, each of which is in memory once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

from twilio_sessions.export._optional import load
from twilio_sessions.export._schema import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions.export._rows import Row
    from twilio_sessions.export._schema import Table

__all__ = ["load_parquet", "write_parquet"]

# Readers skip whole row groups, and small ones compress badly; larger ones are more to hold in memory.
_GROUP_ROWS: Final = 65_536
_GROUP_BYTES: Final = 32 * 1024 * 1024


def load_parquet() -> None:
    """Import what Parquet needs.

    Raises:
        ConfigurationError: It is not installed.
    """
    load("pyarrow.parquet", "parquet")


def write_parquet(table: Table, batches: Iterable[list[Row]], file: BinaryIO) -> None:
    """Write a table, compressed with zstd; one of which there are no rows has its columns all the same.

    Args:
        table: Which columns there are.
        batches: Their values.
        file: Where to write to.
    """
    arrow, parquet = load("pyarrow", "parquet"), load("pyarrow.parquet", "parquet")
    schema = _schema(arrow, table)
    with parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        group: list[Any] = []
        for rows in batches:
            group.append(_record_batch(arrow, schema, rows))
            if _is_full(group):
                writer.write_table(arrow.Table.from_batches(group), _GROUP_ROWS)
                group = []
        if group:
            writer.write_table(arrow.Table.from_batches(group), _GROUP_ROWS)


def _schema(arrow: Any, table: Table) -> Any:
    types = {
        "text": arrow.string(),
        "timestamp": arrow.timestamp("us", tz="UTC"),
        "integer": arrow.int64(),
        "boolean": arrow.bool_(),
        "json": arrow.string(),
    }
    fields = [arrow.field(column.name, types[column.kind]) for column in table.all_columns]
    return arrow.schema(fields, {"twilio_sessions.table": table.name, "twilio_sessions.schema": str(SCHEMA)})


def _record_batch(arrow: Any, schema: Any, rows: list[Row]) -> Any:
    columns = zip(*rows, strict=True)
    arrays = [arrow.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return arrow.RecordBatch.from_arrays(arrays, schema=schema)


def _is_full(group: list[Any]) -> bool:
    rows: int = sum(batch.num_rows for batch in group)
    size: int = sum(batch.nbytes for batch in group)
    return rows >= _GROUP_ROWS or size >= _GROUP_BYTES

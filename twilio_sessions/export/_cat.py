"""Writes the rows of one resource of an archive as lines, from all of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from twilio_sessions.errors import ArgumentError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._rows import TableRows
from twilio_sessions.export._schema import TABLES, Table, find_table

if TYPE_CHECKING:
    from os import PathLike

    from twilio_sessions.export._archive import Archive

__all__ = ["cat", "tables_of", "write_lines"]


def cat(
    archive_dir: str | PathLike[str], resource: str, file: BinaryIO, *, product: str | None = None
) -> int:
    """Write the newest version of each row of a resource, as Twilio sent it, one line of JSON each.

    Args:
        archive_dir: The folder of the archive.
        resource: Such as `sessions`; those of Assistants are also known as `assistants-sessions`.
        file: Where to write to.
        product: `proxy` or `assistants`; by default Proxy's, where both have a resource of that name.

    Returns:
        How many rows there are.

    Raises:
        ArgumentError: There is no such resource, or the archive was not to hold it.
        ArchiveError: There is no archive, or it is damaged.
        OSError: They cannot be written.

    Example:
        >>> cat("archive", "sessions", sys.stdout.buffer)
        4000
    """
    table = find_table(resource, product)
    archive = open_archive(archive_dir)
    if table not in (held := tables_of(archive)):
        raise ArgumentError(
            f"{archive.path} was exported without {table.resource} of {table.product}; it has "
            f"{', '.join(each.name for each in held)}",
            argument="resource",
        )
    rows = TableRows(archive, table)
    write_lines(rows, file)
    return rows.rows


def tables_of(archive: Archive) -> list[Table]:
    """Return the tables of an archive: one for each resource that it was to hold, if only of no rows."""
    selections = [layer.manifest.selection for layer in archive.layers]
    return [
        table
        for table in TABLES
        if any(table.product in each.products and table.resource in each.include for each in selections)
    ]


def write_lines(rows: TableRows, file: BinaryIO) -> None:
    """Write the rows of a table, one line each.

    Raises:
        ArchiveError: A file of the archive is missing or damaged.
        OSError: They cannot be written.
    """
    file.writelines(b"\n".join(batch) + b"\n" for batch in rows.raw_batches())

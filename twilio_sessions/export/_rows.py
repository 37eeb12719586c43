"""Rows of an archive as values of the columns of a table; what fits no column is kept beside them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import attrs
import msgspec

from twilio_sessions.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._schema import Kind, Table

__all__ = ["Row", "RowReader", "TableRows", "Value"]

Value: TypeAlias = str | int | bool | datetime | None
"""What a cell of a table holds."""

Row: TypeAlias = list[Value]
"""One value for each column of a table, `extra` included."""

# A batch is what is in memory as Python's objects at a time.
_BATCH_ROWS: Final = 4096
_BATCH_BYTES: Final = 4 * 1024 * 1024

_Aware: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)] | None
_Int64: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None
_TYPES: Final[dict[Kind, Any]] = {
    "text": str | None,
    "timestamp": _Aware,
    "integer": _Int64,
    "boolean": bool | None,
    "json": msgspec.Raw,
}
# A fraction of a second that microseconds cannot hold; the decoder would round it.
_TOO_FINE: Final = re.compile(rb"\.\d{6}0*[1-9]")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_BROKEN: Final = re.compile("[\udc80-\udcff]")


class RowReader:
    """Reads the rows of one table."""

    def __init__(self, table: Table) -> None:
        fields = [(column.name, _TYPES[column.kind], _default(column.kind)) for column in table.columns]
        struct = msgspec.defstruct(table.name, fields, forbid_unknown_fields=True, gc=False)
        self._table = table
        self._whole = msgspec.json.Decoder(struct)
        self._decoders = {kind: msgspec.json.Decoder(type_) for kind, type_ in _TYPES.items()}
        self._places = {
            kind: [at for at, column in enumerate(table.columns) if column.kind == kind] for kind in _TYPES
        }

    def read(self, row: bytes) -> Row:
        """Return the values of a row.

        Raises:
            MsgspecError: It is not a JSON object.
            UnicodeDecodeError: The name of a field is not UTF-8.
        """
        if not _TOO_FINE.search(row):
            try:
                return self._at_once(row)
            except (msgspec.ValidationError, UnicodeDecodeError, OverflowError):
                pass  # Something in it is not as the models say; which fields those are is seen one by one.
        return self._one_by_one(row)

    def _at_once(self, row: bytes) -> Row:
        values: list[Any] = list(msgspec.structs.astuple(self._whole.decode(row)))
        for at in self._places["json"]:
            values[at] = _text_or_null(values[at])
        for at in self._places["timestamp"]:
            if (date := values[at]) is not None and date.tzinfo is not UTC:
                values[at] = date.astimezone(UTC)
        values.append(None)
        return values

    def _one_by_one(self, row: bytes) -> Row:
        fields = _OBJECT.decode(row)
        values: Row = []
        for column in self._table.columns:
            raw = fields.pop(column.name, msgspec.Raw(b"null"))
            try:
                values.append(self._value(column.kind, raw))
            except (msgspec.MsgspecError, ValueError, OverflowError):
                fields[column.name] = raw
                values.append(None)
        values.append(_extra(fields) if fields else None)
        return values

    def _value(self, kind: Kind, raw: msgspec.Raw) -> Value:
        if kind == "json":
            return _text_or_null(raw)
        if kind == "timestamp" and _TOO_FINE.search(bytes(raw)):
            raise ValueError("finer than microseconds")
        value: Value = self._decoders[kind].decode(raw)
        return value.astimezone(UTC) if isinstance(value, datetime) else value


@attrs.define
class TableRows:
    """The rows of one table in an archive, counted while they are read.

    Attributes:
        archive: Where they are.
        table: Which table.
        notify: Called with how many more rows have been read, now and then.
        rows: How many were read.
        extra: How many of them have something that the columns do not hold.
    """

    archive: Archive
    table: Table
    notify: Callable[[int], None] | None = None
    rows: int = 0
    extra: int = 0

    def raw_batches(self) -> Iterator[list[bytes]]:
        """Yield rows as Twilio sent them.

        Raises:
            ArchiveError: A file is missing or damaged.
        """
        batch: list[bytes] = []
        size = 0
        for _, row in self.archive.rows(self.table.product, self.table.resource):
            batch.append(row)
            size += len(row)
            if len(batch) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                yield batch
                self._count(batch)
                batch, size = [], 0
        if batch:
            yield batch
            self._count(batch)

    def batches(self) -> Iterator[list[Row]]:
        """Yield rows as values.

        Raises:
            ArchiveError: A file is missing or damaged, or a row is not a JSON object.
        """
        reader = RowReader(self.table)
        for lines in self.raw_batches():
            batch = [self._read(reader, line) for line in lines]
            self.extra += sum(row[-1] is not None for row in batch)
            yield batch

    def _read(self, reader: RowReader, line: bytes) -> Row:
        try:
            return reader.read(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ArchiveError(
                f"a row of {self.table.resource} of {self.table.product} in {self.archive.path} is not "
                f"a JSON object: {error}; find it with: twilio-sessions verify {self.archive.path}"
            ) from None

    def _count(self, batch: list[bytes]) -> None:
        self.rows += len(batch)
        if self.notify is not None:
            self.notify(len(batch))


def _default(kind: Kind) -> msgspec.Raw | None:
    return msgspec.Raw(b"null") if kind == "json" else None


def _text_or_null(raw: msgspec.Raw) -> str | None:
    data = bytes(raw)
    return None if data == b"null" else _text(data)


def _text(data: bytes) -> str:
    """Return JSON as text; bytes that are not UTF-8 are escaped as `surrogateescape` would decode them."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        text = data.decode(errors="surrogateescape")
        return _BROKEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _extra(fields: dict[str, msgspec.Raw]) -> str:
    """Return fields as a JSON object, each value as it was sent."""
    pairs = (f"{msgspec.json.encode(name).decode()}:{_text(bytes(raw))}" for name, raw in fields.items())
    return "{" + ",".join(pairs) + "}"

"""Checks the rows of an archive one by one, and notes which they are and which they belong to."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from typing import TYPE_CHECKING, Annotated, Final

import attrs
import msgspec

from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions.export._findings import CheckName, Findings, Problem
from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twilio_sessions.export._contents import Found
    from twilio_sessions.export._index import RowIndex
    from twilio_sessions.export._records import PartitionRecord

__all__ = ["PLACE_BITS", "RowChecker", "Totals"]

PLACE_BITS: Final = 32
"""A place is the number of a file, and in its lower bits that of a line."""

_PARENTS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "participants": (("sessions", "session_sid"),),
    "interactions": (("sessions", "session_sid"),),
    "message-interactions": (("sessions", "session_sid"), ("participants", "participant_sid")),
    "messages": (("sessions", "session_id"),),
}


class _Row(msgspec.Struct, gc=False):
    """What a check needs to know of a row."""

    sid: str | None = None
    id: str | None = None
    session_id: str | None = None
    session_sid: str | None = None
    service_sid: str | None = None
    participant_sid: str | None = None
    date_created: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


_DECODE: Final = msgspec.json.Decoder(_Row).decode
# Stands for a line that is none.
_NONE: Final = _Row()


@attrs.frozen
class _What:
    """What is wrong with a row."""

    check: CheckName
    text: str
    expected: str | None = None
    found: str | None = None


def _of_another(service: str, found: str) -> _What:
    return _What("rows", "a row of another service than that of its folder", service, found)


@attrs.define
class Totals:
    """What the rows of one resource of a partition add up to.

    Attributes:
        rows: How many there are.
        first: The oldest `date_created`; None where there is none.
        last: The newest.
        is_damaged: Whether a file of them is, so that the rest says little.
        is_unreadable: Whether there may have been more rows in it than could be read.
    """

    rows: int = 0
    first: datetime | None = None
    last: datetime | None = None
    is_damaged: bool = False
    is_unreadable: bool = False

    def add(self, rows: Sequence[_Row], found: int) -> None:
        """Take rows into account, of as many lines."""
        self.rows += found
        dates = [row.date_created for row in rows if row.date_created is not None]
        if dates:
            self.first = min(*dates, self.first or dates[0])
            self.last = max(*dates, self.last or dates[0])


@attrs.define
class RowChecker:
    """Checks the rows of one data file.

    Attributes:
        record: The partition it belongs to.
        resource: What the rows are.
        where: The name of the file below the archive.
        place: The number of the file, as the upper bits of a place.
        layer: The number of the layer.
        findings: Where problems are noted.
        index: Where rows are noted.
    """

    record: PartitionRecord
    resource: str
    where: str
    place: int
    layer: int
    findings: Findings
    index: RowIndex
    _last: dict[str, str | None] = attrs.field(factory=dict[str, str | None])

    @property
    def kind(self) -> str:
        """The name under which rows are counted."""
        return row_name(self.record.partition.product, self.resource)

    def check(self, found: Found, totals: Totals) -> None:
        """Check the lines of a frame."""
        self.findings.checked["rows"] += len(found.lines)
        rows = self._decode(found)
        totals.add(rows, len(found.lines))
        places = range(self.place + found.line, self.place + found.line + len(rows))
        identities = zip(map(_identity, rows), places, strict=True)
        self.index.add(
            self.kind, self.layer, [(name, place) for name, place in identities if name is not None]
        )
        self._service(found, rows)
        for parent, field in _PARENTS.get(self.resource, ()):
            self._parents(found, rows, parent, field)

    def _decode(self, found: Found) -> list[_Row]:
        try:
            if not all(map(bytes.isascii, found.lines)):
                # The decoder does not look into text that nobody asks for.
                _ = [line.decode() for line in found.lines]
            rows = list(map(_DECODE, found.lines))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            rows = [self._row(found, at) for at in range(len(found.lines))]
        for at, row in enumerate(rows):
            if row.sid is None and row.id is None and row is not _NONE:
                self._problem(found, at, _What("rows", "a row without a sid or an id"))
        return rows

    def _row(self, found: Found, at: int) -> _Row:
        line = found.lines[at]
        try:
            line.decode()
            # With as much good will as the export has, or it could not be checked what it has written.
            return decode_item(line, _Row)
        except UnicodeDecodeError as error:
            why = str(error)
        except DecodeError as error:
            # Without what kind of error it is, which is said here in other words.
            why = str(error).partition(": ")[2]
        self._problem(found, at, _What("rows", f"not a row of JSON: {why}"))
        return _NONE

    def _service(self, found: Found, rows: Sequence[_Row]) -> None:
        """Compare the service of rows with that of the folder, and note that they belong to it."""
        service = self.record.partition.service_sid
        if service is None or not rows:
            return
        for at, row in enumerate(rows):
            # Twilio always names it; where it does not, the folder does.
            if row.service_sid != service and row.service_sid is not None:
                self._problem(found, at, _of_another(service, row.service_sid))
        if self.resource not in _PARENTS and "service_sid" not in self._last:
            self._last["service_sid"] = service
            self.findings.checked["references"] += 1
            self.index.refer("services", self.kind, [(service, self.place + found.line)])

    def _parents(self, found: Found, rows: Sequence[_Row], parent: str, field: str) -> None:
        """Note what rows belong to; once for those that follow one another."""
        place = self.place + found.line
        references: list[tuple[str, int]] = []
        last = self._last.get(field)
        for at, row in enumerate(rows):
            identity: str | None = getattr(row, field)
            if identity is None:
                if row is not _NONE:
                    self._problem(found, at, _What("references", f"a row without {field}"))
            elif identity != last:
                references.append((identity, place + at))
                last = identity
        self._last[field] = last
        self.findings.checked["references"] += len(rows)
        self.index.refer(row_name(self.record.partition.product, parent), self.kind, references)

    def _problem(self, found: Found, at: int, what: _What) -> None:
        # In a compressed file there is a place for the frame, and none for the line.
        is_plain = self.record.partition.compress == "none"
        before = sum(len(line) + 1 for line in found.lines[:at]) if is_plain else 0
        self.findings.add(
            Problem(
                what.check,
                self.where,
                what.text,
                what.expected,
                what.found,
                offset=found.offset + before,
                line=found.line + at,
            )
        )


def _identity(row: _Row) -> str | None:
    """Return what no other row of the resource has."""
    if row.sid is not None or row.id is None:
        return row.sid
    return row.id if row.session_id is None else f"{row.session_id}/{row.id}"

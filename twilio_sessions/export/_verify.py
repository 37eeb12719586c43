"""Checks an archive: hashes, counts, that every row is there once and belongs to one that is there."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import attrs

from twilio_sessions.errors import ArgumentError
from twilio_sessions.export._agreement import check_chain, check_layer
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._contents import FileReader
from twilio_sessions.export._findings import Findings, Problem, VerifyProgress, VerifyReport
from twilio_sessions.export._index import RowIndex
from twilio_sessions.export._listings import head_of
from twilio_sessions.export._records import read_layers
from twilio_sessions.export._report import row_name
from twilio_sessions.export._row_checks import PLACE_BITS, RowChecker, Totals
from twilio_sessions.export._storage import DiskFolder
from twilio_sessions.export._tidy import check_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike

    from twilio_sessions.export._index import Dangling, Duplicate
    from twilio_sessions.export._layout import DataFile
    from twilio_sessions.export._records import LayerRecord, PartitionRecord

__all__ = ["RowCount", "count_rows", "verify"]


class RowCount(NamedTuple):
    """How many rows there are of a resource.

    Attributes:
        rows: Lines.
        distinct: Different SIDs (or ids) in them.
    """

    rows: int
    distinct: int


def count_rows(out: str | PathLike[str]) -> dict[str, RowCount]:
    """Count the rows of an archive, by resource, under the names that `ExportReport.rows` has.

    Raises:
        ArchiveError: A file is missing, or a line is not a row.

    Example:
        >>> count_rows("archive")["sessions"]
        RowCount(rows=4000, distinct=4000)
    """
    rows: dict[str, int] = {}
    identities: dict[str, set[str]] = {}
    for layer in open_archive(out).layers:
        for file in layer.files():
            name = row_name(file.partition.product, file.data.resource)
            for row in file.rows():
                rows[name] = rows.get(name, 0) + 1
                identities.setdefault(name, set()).add(head_of(row, f"a row of {file.path}").identity or "")
    return {name: RowCount(count, len(identities[name])) for name, count in rows.items()}


def verify(
    path: str | PathLike[str], *, on_progress: Callable[[VerifyProgress], None] | None = None
) -> VerifyReport:
    """Check that an archive is as it was written, and complete. Reads every byte of it, and changes nothing.

    Memory stays flat however many rows there are; what is known of them goes to a temporary file that has
    no name, about 100 bytes for each, in `SQLITE_TMPDIR`, `TMPDIR` or `/var/tmp`.

    What a hash tells is that nothing was changed by accident. Whoever changes rows on purpose can compute
    the hashes anew; lines that are missing or doubled are then found where counts, other rows or the
    dates tell of them, and otherwise by `verify_against_api`.

    Args:
        path: The folder of the archive.
        on_progress: Called with how far it has come, many times.

    Raises:
        ArgumentError: There is no such folder.
        ArchiveError: There is no archive in it, or an export is writing to it (`ArchiveLockedError`).
        ConfigurationError: The package for `zstd` is not installed.

    Example:
        >>> report = verify("archive")
        >>> report.holds, [str(problem) for problem in report.problems]
        (True, [])
    """
    root = Path(path)
    if not root.is_dir():
        raise ArgumentError(f"{root} is no folder; name the folder of an archive", argument="path")
    with ExitStack() as stack:
        if (root / ".lock").exists():
            # It may be on something that cannot be written to; nobody else writes to it then, either.
            with suppress(OSError):
                stack.enter_context(DiskFolder(root).lock())
        return _Verification(root, on_progress or (lambda _: None)).run()


@attrs.frozen
class _File:
    """One data file that is to be checked."""

    layer: LayerRecord
    record: PartitionRecord
    data: DataFile

    @property
    def where(self) -> str:
        return self.record.name(self.data.name)

    @property
    def kind(self) -> str:
        return row_name(self.record.partition.product, self.data.resource)

    @property
    def totals_key(self) -> tuple[str, str]:
        return self.record.where, self.data.resource


@attrs.define
class _Verification:
    """One check of an archive."""

    root: Path
    notify: Callable[[VerifyProgress], None]
    findings: Findings = attrs.field(factory=Findings)
    progress: VerifyProgress = attrs.field(factory=VerifyProgress)
    files: list[_File] = attrs.field(factory=list[_File])
    totals: dict[tuple[str, str], Totals] = attrs.field(factory=dict[tuple[str, str], Totals])
    rows: Counter[str] = attrs.field(factory=Counter[str])

    def run(self) -> VerifyReport:
        began = time.monotonic()
        layers = read_layers(self.root, self.findings)
        for layer in layers:
            check_layer(layer, self.findings)
        check_chain(layers, self.findings)
        check_folders(self.root, layers, self.findings)
        self.files = list(_files(layers))
        self.progress.total = sum(file.data.size for file in self.files)
        with RowIndex() as index:
            self._read(index)
            self._check_totals(layers)
            self.progress.step = "references"
            self.notify(self.progress)
            self._check_index(index, layers)
        return VerifyReport(
            path=self.root,
            layers=len(layers),
            unfinished=tuple(self.findings.unfinished),
            checks=self.findings.checks(),
            problems=tuple(self.findings.problems),
            warnings=tuple(self.findings.warnings),
            rows=dict(self.rows),
            size=self.progress.total,
            seconds=time.monotonic() - began,
        )

    def _read(self, index: RowIndex) -> None:
        """Read every data file."""
        owners = {file.data.sha256: file.where for file in self.files}
        for number, file in enumerate(self.files):
            is_open = file.data in file.record.open_files
            reader = FileReader(file.record, file.data, self.findings, owners, is_open)
            place = number << PLACE_BITS
            resource, layer = file.data.resource, file.layer.number
            checker = RowChecker(file.record, resource, file.where, place, layer, self.findings, index)
            totals = self.totals.setdefault(file.totals_key, Totals())
            before = self.progress.done
            for found in reader.read():
                checker.check(found, totals)
                self.rows[file.kind] += len(found.lines)
                self.progress.rows += len(found.lines)
                self.progress.done = before + found.offset
                self.notify(self.progress)
            self.progress.done = before + file.data.size
            totals.is_damaged |= reader.is_damaged
            totals.is_unreadable |= reader.is_unreadable
        self.notify(self.progress)

    def _check_totals(self, layers: tuple[LayerRecord, ...]) -> None:
        """Compare what the rows add up to with what was counted when they were read from Twilio."""
        for layer in layers:
            for record in layer.partitions:
                for resource, tally in record.tallies.items():
                    found = self.totals.get((record.where, resource), Totals())
                    if found.is_damaged:
                        continue  # It was said what is wrong; all else follows from it.
                    where = record.name(resource)
                    compare = self.findings.compare
                    compare("counts", where, "the number of lines", expected=tally.rows, found=found.rows)
                    for name, expected, seen in (
                        ("first", tally.first_created, found.first),
                        ("last", tally.last_created, found.last),
                    ):
                        compare("dates", where, f"the {name} date_created", expected=expected, found=seen)

    def _check_index(self, index: RowIndex, layers: tuple[LayerRecord, ...]) -> None:
        self.findings.checked["duplicates"] += self.progress.rows
        for duplicate in index.duplicates():
            self._duplicate(duplicate)
        gone, unreadable = set(_gone_services(layers)), self._unreadable()
        for dangling in index.dangling():
            # As long as the export goes on, the list of the services may be still to come.
            is_known = dangling.identity in gone or self.findings.unfinished
            if dangling.parent != "services" or not is_known:
                self._dangling(dangling, unreadable)

    def _duplicate(self, duplicate: Duplicate) -> None:
        first, line = self._place(duplicate.first)
        again, again_line = self._place(duplicate.again)
        what = f"{duplicate.identity} is there twice; first in {first.where}, line {line:,}"
        problem = Problem("duplicates", again.where, what, line=again_line, sid=duplicate.identity)
        self.findings.add(problem)

    def _dangling(self, dangling: Dangling, unreadable: set[tuple[str, str]]) -> None:
        file, line = self._place(dangling.place)
        partition = file.record.partition
        if {(partition.folder, dangling.parent), (partition.product, dangling.parent)} & unreadable:
            return  # What it belongs to may be in what cannot be read.
        what = f"it belongs to {dangling.identity}, which is not among the {dangling.parent} of the archive"
        self.findings.add(Problem("references", file.where, what, line=line, sid=dangling.identity))

    def _unreadable(self) -> set[tuple[str, str]]:
        """Return which resources cannot be read wholly, by the folder of their partition."""
        return {
            (file.record.partition.folder, file.kind)
            for file in self.files
            if self.totals[file.totals_key].is_unreadable
        }

    def _place(self, place: int) -> tuple[_File, int]:
        return self.files[place >> PLACE_BITS], place & ((1 << PLACE_BITS) - 1)


def _files(layers: tuple[LayerRecord, ...]) -> Iterator[_File]:
    for layer in layers:
        for record in layer.partitions:
            for data in record.files:
                yield _File(layer, record, data)


def _gone_services(layers: tuple[LayerRecord, ...]) -> Iterator[str]:
    """Yield the services that vanished while they were read, and so perhaps before they were listed."""
    for layer in layers:
        for record in layer.partitions:
            sid = record.partition.service_sid
            skipped = () if record.manifest is None else record.manifest.skipped
            if sid is not None and any(each.what.endswith(sid) for each in skipped):
                yield sid

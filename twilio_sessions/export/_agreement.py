"""Whether the records of an archive agree with one another: the manifest can be edited, its parts tell."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias, cast

import attrs
import msgspec

from twilio_sessions.export._findings import Findings, Problem
from twilio_sessions.export._layout import MANIFEST, PARTITION, PLAN, part_name
from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twilio_sessions.export._layout import DataFile, Part, PartitionManifest
    from twilio_sessions.export._manifest import Manifest
    from twilio_sessions.export._records import LayerRecord, PartitionRecord

__all__ = ["check_chain", "check_layer", "differences"]

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"  # what JSON can say


def check_layer(layer: LayerRecord, findings: Findings) -> None:
    """Compare manifest, plan, partitions and parts of one layer."""
    for record in layer.partitions:
        _check_partition(record, findings)
    if layer.manifest is not None:
        _check_manifest(layer, layer.manifest, findings)
        _check_plan(layer, layer.manifest, findings)
    _note_unfinished(layer, findings)


def check_chain(layers: Iterable[LayerRecord], findings: Findings) -> None:
    """Compare what each manifest says of the one before it with that one."""
    ordered = list(layers)
    first = ordered[0]
    if first.manifest is not None:
        what = "it names a manifest before it, and there is none"
        where = first.prefix + MANIFEST
        findings.compare("layers", where, what, expected=None, found=first.manifest.since)
    for before, layer in pairwise(ordered):
        if layer.manifest is None or before.sha256 is None:
            continue
        where = layer.prefix + MANIFEST
        what = f"the SHA-256 of {before.prefix}{MANIFEST} is another one than when this was added to it"
        findings.compare("layers", where, what, expected=layer.manifest.since, found=before.sha256)
    for layer in ordered[1:]:
        name = layer.folder.path.name
        what = "an increment is missing before it, or its folder has another name"
        findings.compare("layers", layer.prefix, what, expected=f"{layer.number:04}", found=name)


def differences(expected: object, found: object) -> Iterator[tuple[str, str, str]]:
    """Yield where two records differ: the path, what was expected, what was found.

    Example:
        >>> list(differences({"rows": {"sessions": 1}}, {"rows": {"sessions": 2}}))
        [('rows.sessions', '1', '2')]
    """
    yield from _differ("", _plain(expected), _plain(found))


def _plain(value: object) -> Plain:
    return cast("Plain", msgspec.json.decode(msgspec.json.encode(value)))


def _differ(path: str, expected: Plain, found: Plain) -> Iterator[tuple[str, str, str]]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            inner = f"{path}.{name}" if path else name
            yield from _differ(inner, expected.get(name), found.get(name))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for at, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differ(f"{path}[{at}]", one, other)
    elif expected != found:
        yield path, _short(expected), _short(found)


def _short(value: Plain) -> str:
    return f"{len(value)} of them" if isinstance(value, list | dict) else str(value)


def _agree(findings: Findings, where: str, other: str, expected: object, found: object) -> None:
    """Note each difference between a record and one that says the same."""
    findings.checked["records"] += 1
    for path, wanted, seen in differences(expected, found):
        what = f"{path} is another one than in {other}"
        findings.add(Problem("records", where, what, expected=wanted, found=seen))


def _check_partition(record: PartitionRecord, findings: Findings) -> None:
    for part in record.parts:
        where = record.name(part_name(part.number))
        for file in part.files:
            _check_sums(file, where, findings)
    manifest = record.manifest
    if manifest is None:
        where = record.name("checkpoint.json")
        for file in record.open_files:
            _check_sums(file, where, findings)
    else:
        where = record.name(PARTITION)
        _agree(findings, where, PLAN, record.partition, manifest.partition)
        for listed, part in zip(manifest.parts, record.parts, strict=True):
            name = record.name(part_name(listed.number))
            _agree(findings, name, PARTITION, listed, _without_frames(part))
    for resource, tally in record.tallies.items():
        rows = sum(file.rows for file in record.files if file.resource == resource)
        what = f"{resource}: the tally is not the rows of its files"
        findings.compare("counts", where, what, expected=rows, found=tally.rows)


def _check_sums(file: DataFile, where: str, findings: Findings) -> None:
    if not file.frames and file.rows:
        return  # The record of the part cannot be read, which was noted.
    sums = (
        ("rows", file.rows, [frame.rows for frame in file.frames]),
        ("size", file.size, [frame.size for frame in file.frames]),
    )
    for name, whole, each in sums:
        what = f"{file.name}: its {name} and those of its frames differ"
        findings.compare("counts", where, what, expected=sum(each), found=whole)


def _without_frames(part: Part) -> Part:
    return attrs.evolve(part, files=tuple(attrs.evolve(file, frames=()) for file in part.files))


def _check_manifest(layer: LayerRecord, manifest: Manifest, findings: Findings) -> None:
    where = layer.prefix + MANIFEST
    records = {record.partition.key: record for record in layer.partitions}
    for listed in manifest.partitions:
        record = records.get(listed.partition.key)
        if record is None:
            what = "it lists a partition that was not planned"
            findings.add(Problem("records", where, what, found=listed.partition.key))
        elif record.manifest is not None:
            _agree(findings, where, record.name(PARTITION), record.manifest, listed)
    rows = _rows(manifest.partitions)
    stated = {name: count for name, count in manifest.rows.items() if count}
    for name in sorted(rows.keys() | stated.keys()):
        what = f"rows.{name} is not the sum of the partitions"
        findings.compare("counts", where, what, expected=rows[name], found=stated.get(name, 0))
    is_complete = not manifest.unfinished and all(each.is_gone for each in manifest.skipped)
    what = "is_complete contradicts unfinished and skipped"
    findings.compare("records", where, what, expected=is_complete, found=manifest.is_complete)
    if unknown := {failure.what for failure in manifest.failures} - set(manifest.unfinished):
        what = "it names a failure of a partition that is not unfinished"
        findings.add(Problem("records", where, what, found=min(unknown)))


def _check_plan(layer: LayerRecord, manifest: Manifest, findings: Findings) -> None:
    plan = layer.plan
    if plan is None:
        return
    where = layer.prefix + MANIFEST
    for name in ("account_sid", "selection", "began", "since"):
        _agree(
            findings, where, layer.prefix + PLAN, {name: getattr(plan, name)}, {name: getattr(manifest, name)}
        )
    finished = {each.partition.key for each in manifest.partitions}
    unfinished = [each.key for each in plan.partitions if each.key not in finished]
    what = "unfinished is not what was planned without what is there"
    findings.compare("records", where, what, expected=unfinished, found=list(manifest.unfinished))
    known = Counter((*plan.skipped, *(each for part in manifest.partitions for each in part.skipped)))
    for missing in known - Counter(manifest.skipped):
        what = f"it does not say that {missing.what} was skipped"
        findings.add(Problem("records", where, what, expected=missing.why))


def _note_unfinished(layer: LayerRecord, findings: Findings) -> None:
    """Note what the export has still to do."""
    manifest, where = layer.manifest, layer.prefix + MANIFEST
    finished = {record.partition.key for record in layer.partitions if record.manifest is not None}
    if manifest is None:
        planned = layer.plan.partitions if layer.plan is not None else ()
        missing = [each.key for each in planned if each.key not in finished]
    else:
        missing = [key for key in manifest.unfinished if key not in finished]
        late = [key for key in manifest.unfinished if key in finished]
        findings.unfinished += [f"{key} was finished after {where} was written" for key in late]
        lost = [each for each in manifest.skipped if not each.is_gone]
        findings.unfinished += [f"{each.what} was not read: {each.why}" for each in lost]
    findings.unfinished += [f"{key} was not read to its end" for key in missing]


def _rows(partitions: Iterable[PartitionManifest]) -> Counter[str]:
    rows = Counter[str]()
    for manifest in partitions:
        for resource, tally in manifest.tallies.items():
            rows[row_name(manifest.partition.product, resource)] += tally.rows
    return rows

"""The manifest of an archive: what is in it, in which files, with which hashes, and what is not."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import msgspec

from twilio_sessions._version import __version__
from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._layout import FORMAT, MANIFEST, PartitionManifest, Skipped
from twilio_sessions.export._plan import RESOURCES, Selection
from twilio_sessions.export._report import row_name
from twilio_sessions.export._storage import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions.export._archive_plan import Plan
    from twilio_sessions.export._storage import DiskFolder

__all__ = ["Failure", "Manifest", "manifest_hash", "read_manifest", "write_manifest"]


@attrs.frozen
class Failure:
    """A partition that was not read to its end.

    Attributes:
        what: The key of the partition.
        why: What Twilio answered.
        request_id: The `Twilio-Request-Id` of the answer, where there was one.
    """

    what: str
    why: str
    request_id: str | None = None


@attrs.frozen
class Manifest:
    """What is in an archive.

    Attributes:
        is_complete: Whether everything that existed was read.
        rows: Rows by resource; those of Assistants are called `assistants-sessions` and
            `assistants-messages`.
        began: When the export began (UTC).
        ended: When it ended (UTC).
        account_sid: The account, where it is known.
        selection: What was asked for.
        partitions: The partitions that were read to their end, with their parts.
        unfinished: The keys of those that were not.
        skipped: What had vanished, or could not be reached.
        failures: Why partitions were not read to their end.
        since: The SHA-256 of the manifest of the export that this one adds to; None when it is the first.
        version: The version of this package that wrote it.
        format: The version of the layout.
        sha256: Of all the rest, as `manifest_hash` computes it.
    """

    is_complete: bool
    rows: dict[str, int] = attrs.field(hash=False)
    began: datetime
    ended: datetime
    account_sid: str | None
    selection: Selection
    partitions: tuple[PartitionManifest, ...]
    unfinished: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    failures: tuple[Failure, ...]
    since: str | None = None
    version: str = __version__
    format: int = FORMAT
    sha256: str | None = None


def manifest_hash(data: bytes) -> str:
    """Return the SHA-256 of what a manifest says: of its JSON without `sha256`, sorted and without spaces."""
    content = msgspec.json.decode(data, type=dict[str, object])
    content.pop("sha256", None)
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def write_manifest(
    folder: DiskFolder,
    plan: Plan,
    partitions: Iterable[PartitionManifest],
    *,
    skipped: Iterable[Skipped] = (),
    failures: Iterable[Failure] = (),
) -> Manifest:
    """Write the manifest of an archive from those of its partitions, and return it.

    Args:
        folder: The folder of the archive.
        plan: What was planned.
        partitions: What `export_partition` returned.
        skipped: What was left out besides what the partitions say.
        failures: Why partitions were not read to their end.
    """
    finished = {manifest.partition.key: manifest for manifest in partitions}
    ordered = [finished[each.key] for each in plan.partitions if each.key in finished]
    left_out = (*plan.skipped, *skipped, *(each for manifest in ordered for each in manifest.skipped))
    unfinished = tuple(each.key for each in plan.partitions if each.key not in finished)
    manifest = Manifest(
        is_complete=not unfinished and all(each.is_gone for each in left_out),
        rows=_rows(plan, ordered),
        began=plan.began,
        ended=datetime.now(UTC),
        account_sid=plan.account_sid,
        selection=plan.selection,
        partitions=tuple(ordered),
        unfinished=unfinished,
        skipped=left_out,
        failures=tuple(failures),
        since=plan.since,
    )
    if (kept := _complete_already(folder, manifest)) is not None:
        return kept
    manifest = attrs.evolve(manifest, sha256=manifest_hash(msgspec.json.encode(manifest)))
    replace(folder, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    return manifest


def _complete_already(folder: DiskFolder, manifest: Manifest) -> Manifest | None:
    """Return the manifest that is there, if it says the same: later exports refer to it by its hash."""
    try:
        found = read_manifest(folder)
    except ArchiveError:
        return None
    same = attrs.evolve(manifest, ended=found.ended, version=found.version, sha256=found.sha256)
    return found if found.is_complete and found == same else None


def read_manifest(folder: DiskFolder) -> Manifest:
    """Return the manifest of an archive.

    Raises:
        ArchiveError: There is none, or it cannot be read.
    """
    where = folder.path / MANIFEST
    try:
        manifest = msgspec.json.decode(folder.read(MANIFEST), type=Manifest)
    except FileNotFoundError:
        raise ArchiveError(f"{where} is missing: this is no archive, or its export never ended") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(f"{where} cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise ArchiveError(
            f"{where} has format {manifest.format}; this version of twilio-sessions knows {FORMAT}"
        )
    return manifest


def _rows(plan: Plan, partitions: Iterable[PartitionManifest]) -> dict[str, int]:
    # A resource of which there is nothing is reported as 0, not left out, and be it for want of services.
    wanted = plan.selection
    names = [
        row_name(product, name)
        for product in wanted.products
        for name in RESOURCES[product]
        if name in wanted.include
    ]
    rows = Counter(dict.fromkeys(names, 0))
    for manifest in partitions:
        for resource, tally in manifest.tallies.items():
            rows[row_name(manifest.partition.product, resource)] += tally.rows
    return dict(rows)

"""An archive of given rows, written by the exporter's own journal, without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from twilio_sessions.export import Filters, Selection, Skipped, Tally, open_archive
from twilio_sessions.export._archive_plan import Plan, write_plan
from twilio_sessions.export._journal import Journal
from twilio_sessions.export._manifest import write_manifest
from twilio_sessions.export._plan import RESOURCES
from twilio_sessions.export._stage import Walk
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from twilio_sessions.export import Archive, Partition, PartitionManifest
    from twilio_sessions.export._frames import Compress
    from twilio_sessions.export._plan import Product

SERVICE = "KS" + "1" * 32


def written(
    path: Path,
    rows: Mapping[tuple[Product, str], Sequence[bytes]],
    *,
    include: Sequence[str] = (),
    skipped: Sequence[Skipped] = (),
    compress: Compress = "zstd",
    frame: int = 1000,
) -> Archive:
    """Write an archive of `rows`, so many of them to a frame, and of what is in `include`, without rows."""
    products: tuple[Product, ...] = tuple(dict.fromkeys(product for product, _ in rows)) or ("proxy",)
    names = {name for _, name in rows} | set(include)
    ordered = tuple(name for product in RESOURCES for name in RESOURCES[product] if name in names)
    selection = Selection(products, (), tuple(dict.fromkeys(ordered)), Filters(), compress)
    folder = DiskFolder(path)
    folder.make()
    partitions = [
        selection.partition(product, sid)
        for product in products
        for sid in ((None, SERVICE) if product == "proxy" else (None,))
    ]
    plan = Plan(selection, None, tuple(partitions), (), datetime(2026, 1, 1, tzinfo=UTC))
    write_plan(folder, plan)
    manifests = [_partition(folder, partition, rows, frame) for partition in partitions]
    write_manifest(folder, plan, manifests, skipped=skipped)
    return open_archive(path)


def _partition(
    root: DiskFolder, partition: Partition, rows: Mapping[tuple[Product, str], Sequence[bytes]], frame: int
) -> PartitionManifest:
    folder = DiskFolder(root.path / partition.folder)
    folder.make()
    journal = Journal(folder, partition)
    journal.begin()
    for resource in partition.include:
        lines = rows.get((partition.product, resource), ())
        for first in range(0, len(lines), frame):
            some = lines[first : first + frame]
            journal.add(resource, some, Tally(rows=first + len(some)), Walk(0, is_done=True))
            batch = journal.take()
            assert batch is not None
            journal.commit(batch)
    return journal.finish()

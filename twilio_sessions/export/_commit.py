"""Makes one archive of partitions that were exported wherever, in any order."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from twilio_sessions.errors import ArchiveError, ArgumentError
from twilio_sessions.export._archive_plan import Plan, read_plan, write_plan
from twilio_sessions.export._manifest import Manifest, write_manifest
from twilio_sessions.export._plan import Selection, select
from twilio_sessions.export._recovery import read_finished
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

    from twilio_sessions.export._plan import Partition

__all__ = ["commit"]


def commit(
    out: str | PathLike[str], partitions: Iterable[Partition], selection: Selection | None = None
) -> Manifest:
    """Write the manifest of an archive whose partitions were exported one by one.

    It may be called at any time and again: partitions that are not finished are named in the manifest, which
    is complete when there are none. Blocks on the disk.

    Args:
        out: The folder that each `export_partition` was given.
        partitions: All that `plan` returned.
        selection: What `plan` was given; by default everything.

    Raises:
        ArgumentError: There is not one partition.
        ArchiveError: These are not the partitions that were planned here, one is of another plan, or the
            folder is written to by another process.

    Example:
        >>> partitions = await plan(client)
        >>> for partition in partitions:  # anywhere, in any order
        ...     await export_partition(client, partition, "archive")
        >>> commit("archive", partitions).is_complete
        True
    """
    ordered = tuple(partitions)
    if not ordered:
        raise ArgumentError("partitions: there is none; give all that plan() returned", argument="partitions")
    folder = DiskFolder(Path(out))
    folder.make()
    with folder.lock():
        found = (read_finished(DiskFolder(folder.path / each.folder), each) for each in ordered)
        finished = [manifest for manifest in found if manifest is not None]
        planned = read_plan(folder)
        if planned is not None and planned.partitions != ordered:
            raise ArchiveError(
                f"{folder.path} was planned with {len(planned.partitions)} partitions, and these "
                f"{len(ordered)} are others; give all that plan() returned for it, or name another folder"
            )
        if planned is None:
            began = min((each.began for each in finished), default=datetime.now(UTC))
            planned = Plan(selection or select(), ordered[0].account_sid, ordered, (), began)
            write_plan(folder, planned)
        return write_manifest(folder, planned, finished)

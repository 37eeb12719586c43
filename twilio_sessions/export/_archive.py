"""Reads an archive back: its manifest, its files, and its rows, the newest of each if there are several."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._frames import to_lines
from twilio_sessions.export._layout import MANIFEST, Part, part_name, unseal
from twilio_sessions.export._listings import head_of
from twilio_sessions.export._manifest import Manifest, read_manifest
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from twilio_sessions.export._layout import DataFile, Frame
    from twilio_sessions.export._plan import Partition, Product

__all__ = ["INCREMENTS", "Archive", "ArchiveFile", "Layer", "open_archive"]

INCREMENTS: Final = "increments"
"""The folder below an archive that holds what later exports added to it, each an archive of its own."""


@attrs.frozen
class ArchiveFile:
    """One data file of an archive.

    Attributes:
        folder: The folder it is in.
        partition: The partition it belongs to.
        part: The number of its part.
        data: Its name, resource, rows, size, hash and frames.
    """

    folder: DiskFolder
    partition: Partition
    part: int
    data: DataFile

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.folder.path / self.data.name

    def frames(self) -> Iterator[tuple[Frame, list[bytes]]]:
        """Yield each frame and its rows.

        Raises:
            ArchiveError: A frame cannot be read; the file and the place are named.
        """
        offset = 0
        for frame in self.data.frames:
            try:
                stored = self.folder.read(self.data.name, offset, frame.size)
                rows = to_lines(stored, self.partition.compress)
            except (ArchiveError, FileNotFoundError) as error:
                raise ArchiveError(f"{self.path}, at byte {offset:,}: {error}") from None
            yield frame, rows
            offset += frame.size

    def rows(self) -> Iterator[bytes]:
        """Yield each row as Twilio sent it, without a line break."""
        for _, rows in self.frames():
            yield from rows


@attrs.frozen
class Layer:
    """An archive, or what a later export added to one.

    Attributes:
        folder: Where it is.
        manifest: What is in it.
    """

    folder: DiskFolder
    manifest: Manifest

    def files(
        self, product: Product | None = None, resource: str | None = None, partition: str | None = None
    ) -> Iterator[ArchiveFile]:
        """Yield the data files, in the order in which they were written within each partition.

        Args:
            product: Only of this product.
            resource: Only of this resource.
            partition: Only of the partition that has this folder.

        Raises:
            ArchiveError: A part is missing or cannot be read.
        """
        for manifest in self.manifest.partitions:
            found = manifest.partition
            if product not in {None, found.product} or partition not in {None, found.folder}:
                continue
            folder = DiskFolder(self.folder.path / found.folder)
            for part in manifest.parts:
                names = [file.resource for file in part.files]
                if resource is None or resource in names:
                    yield from _files(folder, found, part.number, resource)


@attrs.frozen
class Archive:
    """An archive with all that was added to it.

    Attributes:
        path: Its folder.
        layers: The first export, and then what later ones added, oldest first.
    """

    path: Path
    layers: tuple[Layer, ...]

    @property
    def manifest(self) -> Manifest:
        """The manifest of the newest export."""
        return self.layers[-1].manifest

    def rows_of(self, partition: Partition, resource: str) -> Iterator[bytes]:
        """Yield the newest version of each row of a resource of one partition.

        Raises:
            ArchiveError: A file is missing or damaged.
        """
        for _, row in self._rows(partition.product, resource, partition.folder):
            yield row

    def rows(self, product: Product, resource: str) -> Iterator[tuple[Partition, bytes]]:
        """Yield the newest version of each row of a resource, with the partition it belongs to.

        Rows that were deleted at Twilio since the first export are still here.

        Raises:
            ArchiveError: A file is missing or damaged.
        """
        return self._rows(product, resource, None)

    def _rows(self, product: Product, resource: str, folder: str | None) -> Iterator[tuple[Partition, bytes]]:
        newer = set[str]()
        for at in range(len(self.layers) - 1, -1, -1):
            is_oldest = at == 0
            seen = set[str]()
            for file in self.layers[at].files(product, resource, folder):
                for row in file.rows():
                    if newer or not is_oldest:
                        identity = head_of(row, f"a row of {file.path}").identity or ""
                        if identity in newer:
                            continue
                        if not is_oldest:
                            seen.add(identity)
                    yield file.partition, row
            newer |= seen


def open_archive(path: str | PathLike[str]) -> Archive:
    """Open an archive for reading.

    What a later export has begun to add and not brought to an end is left out.

    Raises:
        ArchiveError: There is none, or its manifest cannot be read.

    Example:
        >>> for partition, row in open_archive("archive").rows("proxy", "sessions"):
        ...     print(partition.service_sid, row.decode())
    """
    root = Path(path)
    added = sorted(each.parent for each in (root / INCREMENTS).glob(f"*/{MANIFEST}"))
    folders = [DiskFolder(each) for each in (root, *added)]
    return Archive(root, tuple(Layer(folder, read_manifest(folder)) for folder in folders))


def _files(
    folder: DiskFolder, partition: Partition, number: int, resource: str | None
) -> Iterator[ArchiveFile]:
    where = folder.path / part_name(number)
    try:
        part = unseal(folder.read(part_name(number)), Part, str(where))
    except FileNotFoundError:
        raise ArchiveError(f"{where} is missing; it says what is in the files of this part") from None
    for data in part.files:
        if resource is None or data.resource == resource:
            yield ArchiveFile(folder, partition, number, data)

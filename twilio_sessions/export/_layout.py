"""What lies in an archive besides rows: checkpoints and manifests, as values and as JSON."""

from __future__ import annotations

import hashlib
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from typing import Final, Protocol, TypeVar

import attrs
import msgspec

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._compare import Changes
from twilio_sessions.export._plan import Partition  # noqa: TC001 - msgspec reads the annotations when it runs
from twilio_sessions.export._stage import StageState  # noqa: TC001 - msgspec reads the annotations when it runs

__all__ = [
    "CHECKPOINT",
    "FORMAT",
    "MANIFEST",
    "PARTITION",
    "PLAN",
    "Checkpoint",
    "DataFile",
    "Frame",
    "Hash",
    "Part",
    "PartitionManifest",
    "Skipped",
    "Tally",
    "part_name",
    "seal",
    "unseal",
]

T = TypeVar("T")


class Hash(Protocol):
    """A hash that is being computed."""

    def update(self, data: bytes, /) -> None:
        """Go on with these bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far."""
        ...


FORMAT: Final = 1
"""Raised when an older version could not read what a newer one writes."""

CHECKPOINT: Final = "checkpoint.json"
PARTITION: Final = "partition.json"
PLAN: Final = "plan.json"
MANIFEST: Final = "manifest.json"


@attrs.frozen
class Frame:
    """Rows that were committed together.

    Attributes:
        size: Bytes in the file.
        rows: How many rows.
        crc32: Of these bytes, so that damage can be told where it is; None where nobody computed it.
    """

    size: int
    rows: int
    crc32: int | None = None


@attrs.frozen
class DataFile:
    """The rows of one resource in one part.

    Attributes:
        name: The name of the file in the folder of its partition.
        resource: Such as `sessions`.
        rows: How many rows.
        size: Bytes.
        sha256: Of these bytes, in hexadecimal.
        frames: What was committed together, in the order of the file.
    """

    name: str
    resource: str
    rows: int = 0
    size: int = 0
    sha256: str = hashlib.sha256().hexdigest()
    frames: tuple[Frame, ...] = ()


@attrs.frozen
class Part:
    """Some rows of a partition, which do not change any more.

    Attributes:
        partition: The key of the partition.
        number: Counted from 0.
        files: One for each resource of which there are rows in this part.
    """

    partition: str
    number: int
    files: tuple[DataFile, ...]


@attrs.frozen
class Tally:
    """What was read of one resource.

    Attributes:
        rows: Rows written.
        pages: Pages read.
        duplicates: Rows that came again on a later page, and were written once.
        filtered: Rows that were not asked for.
        unchanged: Rows that an earlier export has as they are, and that were not written again.
        first_created: The oldest `date_created` of the rows; None where there is none.
        last_created: The newest.
    """

    rows: int = 0
    pages: int = 0
    duplicates: int = 0
    filtered: int = 0
    unchanged: int = 0
    first_created: datetime | None = None
    last_created: datetime | None = None


@attrs.frozen
class Skipped:
    """Something that was not exported.

    Attributes:
        what: What was asked for.
        why: What Twilio answered.
        is_gone: True when it does not exist any more, False when it could not be reached and may be there.
        request_id: The `Twilio-Request-Id` of the answer, where there was one.
    """

    what: str
    why: str
    is_gone: bool = True
    request_id: str | None = None


@attrs.frozen
class Checkpoint:
    """What of a partition is durable, and where its listings go on.

    Attributes:
        partition: What is exported, and how it is stored.
        part: The number of the part that is written to; those before it do not change any more.
        files: Its files: bytes after their size are not part of the archive.
        stages: How far the listings of each resource have been read.
        tallies: What was read of each resource.
        skipped: What had vanished.
        began: When this partition was begun.
        removed: What an earlier export has and is not listed any more, by resource.
        format: The version of all this.
    """

    partition: Partition
    part: int
    files: tuple[DataFile, ...]
    stages: dict[str, StageState] = attrs.field(hash=False)
    tallies: dict[str, Tally] = attrs.field(hash=False)
    skipped: tuple[Skipped, ...]
    began: datetime
    removed: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]], hash=False)
    format: int = FORMAT


@attrs.frozen
class PartitionManifest:
    """A partition that was read to its end.

    Attributes:
        partition: What was exported, and how it is stored.
        parts: Its parts, without their frames.
        tallies: What was read of each resource.
        skipped: What had vanished.
        began: When it was begun.
        ended: When it was ended.
        removed: What an earlier export has and is not listed any more, by resource.
        moved: The sessions that were created, changed or deleted at Twilio while this was read.
        format: The version of all this.
    """

    partition: Partition
    parts: tuple[Part, ...]
    tallies: dict[str, Tally] = attrs.field(hash=False)
    skipped: tuple[Skipped, ...]
    began: datetime
    ended: datetime
    removed: dict[str, tuple[str, ...]] = attrs.field(factory=dict[str, tuple[str, ...]], hash=False)
    moved: Changes = attrs.field(factory=Changes)
    format: int = FORMAT


class _Sealed(msgspec.Struct):
    """JSON with a hash of itself, so that what was edited or is torn is not taken for what was written."""

    sha256: str
    content: msgspec.Raw


def seal(content: object) -> bytes:
    """Return a value as JSON, with a hash of it."""
    encoded = msgspec.json.encode(content)
    digest = hashlib.sha256(encoded).hexdigest()
    return msgspec.json.encode(_Sealed(digest, msgspec.Raw(encoded))) + b"\n"


def unseal(data: bytes, type_: type[T], where: str) -> T:
    """Read what `seal` made.

    Raises:
        ArchiveError: It was changed, or is of another version; `where` is named.
    """
    try:
        sealed = msgspec.json.decode(data, type=_Sealed)
        if hashlib.sha256(sealed.content).hexdigest() != sealed.sha256:
            raise ArchiveError(f"{where} was changed after it was written: its hash is another one")
        return msgspec.json.decode(sealed.content, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ArchiveError(f"{where} cannot be read, it is damaged or of another version: {error}") from None


def part_name(number: int) -> str:
    """Return the name of the file that says what is in a part."""
    return f"part-{number:05}.json"

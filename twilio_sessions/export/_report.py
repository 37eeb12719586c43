"""What an export has done so far, and what it did in the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["ExportProgress", "ExportReport", "Skipped"]


@attrs.frozen
class Skipped:
    """Something that was not exported.

    Attributes:
        what: What was asked for.
        why: What Twilio answered.
        is_gone: True when it does not exist any more, False when it could not be reached and may be there.
    """

    what: str
    why: str
    is_gone: bool = True


@attrs.define
class ExportProgress:
    """What has been written so far; the same object is updated and handed over again and again.

    Attributes:
        rows: Rows written, by resource; those of Assistants are called `assistants-sessions` and
            `assistants-messages`.
        partitions: How many independent parts there are; 0 until that is known.
        partitions_done: How many of them are finished.
        skipped: What had vanished when it was asked for.
        duplicates: Rows that came again on a later page and were written once.
    """

    rows: Counter[str] = attrs.field(factory=Counter[str])
    partitions: int = 0
    partitions_done: int = 0
    skipped: list[Skipped] = attrs.field(factory=list[Skipped])
    duplicates: int = 0

    @property
    def total_rows(self) -> int:
        """All rows written so far."""
        return self.rows.total()


@attrs.frozen
class ExportReport:
    """The outcome of a whole export.

    Attributes:
        out: The folder.
        rows: Rows written, by resource; those of Assistants are called `assistants-sessions` and
            `assistants-messages`.
        seconds: How long it took.
        skipped: What had vanished when it was asked for, and a product that could not be reached at all.
    """

    out: Path
    rows: dict[str, int] = attrs.field(hash=False)
    seconds: float
    skipped: tuple[Skipped, ...]

    @property
    def total_rows(self) -> int:
        """All rows written."""
        return sum(self.rows.values())

    @property
    def is_complete(self) -> bool:
        """Whether everything that exists was exported."""
        return all(skipped.is_gone for skipped in self.skipped)


def row_name(product: str, resource: str) -> str:
    """Return the name under which rows are counted; `sessions` alone are Proxy's."""
    return resource if product == "proxy" else f"{product}-{resource}"

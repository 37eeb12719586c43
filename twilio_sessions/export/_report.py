"""What an export did in the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions.export._layout import Skipped
    from twilio_sessions.export._manifest import Failure

__all__ = ["ExportReport", "row_name"]


@attrs.frozen
class ExportReport:
    """The outcome of a whole export.

    Attributes:
        out: The folder.
        rows: Rows in it, by resource; those of Assistants are called `assistants-sessions` and
            `assistants-messages`.
        seconds: How long this run took.
        skipped: What had vanished when it was asked for, and a product that could not be reached at all.
        failures: What was not read to its end.
        requests: Requests made in this run.
        throttled: How many of them were answered 429.
        rows_read: Rows read in this run; the others are of earlier runs.
    """

    out: Path
    rows: dict[str, int] = attrs.field(hash=False)
    seconds: float
    skipped: tuple[Skipped, ...] = ()
    failures: tuple[Failure, ...] = ()
    requests: int = 0
    throttled: int = 0
    rows_read: int = 0

    @property
    def total_rows(self) -> int:
        """All rows in the archive."""
        return sum(self.rows.values())

    @property
    def is_complete(self) -> bool:
        """Whether everything that exists was exported."""
        return not self.failures and all(skipped.is_gone for skipped in self.skipped)


def row_name(product: str, resource: str) -> str:
    """Return the name under which rows are counted; `sessions` alone are Proxy's."""
    return resource if product == "proxy" else f"{product}-{resource}"

"""Exports at a moment of choice, without running one."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from twilio_sessions.export import ExportProgress, Partition

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ROWS", "Status", "at_rate", "service"]


@attrs.frozen
class Status:
    """A partition that is being exported."""

    partition: Partition
    remaining: dict[str, int] = attrs.field(hash=False)
    pages: dict[str, tuple[int, int]] = attrs.field(hash=False)


def service(number: int, pages: Mapping[str, tuple[int, int]] | None = None, **remaining: int) -> Status:
    """Return a service with so many listings left, by resource."""
    listings = {name.replace("_", "-"): count for name, count in remaining.items()}
    partition = Partition("proxy", f"KS{number:x}".ljust(34, "0"), tuple(listings))
    return Status(partition, listings, dict.fromkeys(listings, (0, 0)) | dict(pages or {}))


@attrs.define
class _AtRate(ExportProgress):
    """An export whose pace is known."""

    pace: tuple[float, float] = (0.0, 0.0)

    @property
    def requests_per_second(self) -> float:
        return self.pace[0]

    @property
    def rows_per_second(self) -> float:
        return self.pace[1]


def at_rate(requests: float, rows: float = 0.0, /, **fields: Any) -> ExportProgress:
    """Return an export at so many requests and rows per second."""
    return _AtRate(pace=(requests, rows), **fields)


ROWS = Counter(
    {
        "services": 4,
        "phone-numbers": 24,
        "sessions": 20_000,
        "participants": 30_120,
        "interactions": 61_034,
        "assistants-sessions": 800,
        "assistants-messages": 4_800,
    }
)
"""What a large account has."""

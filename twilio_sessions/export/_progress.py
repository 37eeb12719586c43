"""What an export has done so far and what is left of it, as far as that is known."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.export._outlook import PUBLISHED, look_out
from twilio_sessions.export._report import row_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._layout import Skipped, Tally
    from twilio_sessions.export._outlook import Outlook, PartitionStatus

__all__ = ["ExportProgress", "PartitionProgress"]

# What came in so many seconds is the rate of now, and it is looked at no more often than this.
_NOW: Final = 10.0
_SPACING: Final = 0.2


@attrs.define
class _Meter:
    """How fast a number grows of late."""

    began: float
    # The first one is never younger than the time that counts, however seldom somebody looks: the limit
    # lets requests go in bursts, and a part of its window would be counted as none of them or all.
    _samples: deque[tuple[float, int]] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._samples = deque([(self.began, 0)])

    def rate(self, value: int) -> float:
        """Return the growth per second, over the last ten seconds or since the beginning."""
        now = time.monotonic()
        samples = self._samples
        if now - samples[-1][0] >= _SPACING:
            samples.append((now, value))
        while len(samples) > 1 and samples[1][0] <= now - _NOW:
            samples.popleft()
        since, before = samples[0]
        return max(0.0, (value - before) / max(now - since, _SPACING))


@attrs.define
class ExportProgress:
    """What has been read so far; the same object is updated and handed over again and again.

    Attributes:
        rows: Rows read, by resource, with those of earlier runs; those of Assistants are called
            `assistants-sessions` and `assistants-messages`.
        rows_before: How many of them earlier runs had read.
        duplicates: Rows that came again on a later page and were written once.
        partitions: How many independent partitions there are; 0 until that is known.
        partitions_done: How many of them are finished.
        skipped: What had vanished when it was asked for.
        waiting_for: What Twilio said when it could last not be reached; None when it can.
        began: When this run began, on the monotonic clock.
        current: The partitions that are being read.
        limit: Requests per second that the client allows each endpoint of a Proxy service; None when it
            keeps no limit.
    """

    rows: Counter[str] = attrs.field(factory=Counter[str])
    rows_before: int = 0
    duplicates: int = 0
    partitions: int = 0
    partitions_done: int = 0
    skipped: list[Skipped] = attrs.field(factory=list["Skipped"])
    waiting_for: str | None = None
    began: float = attrs.field(factory=time.monotonic)
    current: list[PartitionStatus] = attrs.field(factory=list["PartitionStatus"])
    limit: float | None = PUBLISHED
    _client: AsyncClient | None = None
    _requests_before: int = 0
    _throttled_before: int = 0
    _rows_meter: _Meter = attrs.field(init=False)
    _requests_meter: _Meter = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._rows_meter, self._requests_meter = _Meter(self.began), _Meter(self.began)

    def watch(self, client: AsyncClient) -> None:
        """Count the requests of a client from now on."""
        self._client = client
        self._requests_before = client.counters.requests
        self._throttled_before = client.counters.throttled
        if not client._options.rate_limit:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
            self.limit = None

    @property
    def seconds(self) -> float:
        """How long this run has taken so far."""
        return time.monotonic() - self.began

    @property
    def total_rows(self) -> int:
        """All rows read so far, with those of earlier runs."""
        return self.rows.total()

    @property
    def requests(self) -> int:
        """Requests made in this run."""
        return self._client.counters.requests - self._requests_before if self._client else 0

    @property
    def throttled(self) -> int:
        """Requests of this run that were answered 429."""
        return self._client.counters.throttled - self._throttled_before if self._client else 0

    @property
    def rows_per_second(self) -> float:
        """Rows per second of late."""
        return self._rows_meter.rate(self.total_rows - self.rows_before)

    @property
    def requests_per_second(self) -> float:
        """Requests per second of late."""
        return self._requests_meter.rate(self.requests)

    @property
    def outlook(self) -> Outlook:
        """What is left now, as far as that is known, and how long it takes."""
        return look_out(
            self.current,
            are_all_open=0 < self.partitions <= self.partitions_done + len(self.current),
            limit=self.limit,
            requests_per_second=self.requests_per_second,
        )

    @property
    def remaining(self) -> int:
        """Listings that are left, as far as that is known; each is one request or more."""
        return self.outlook.listings

    @property
    def eta(self) -> float | None:
        """Seconds until the end, as far as is known; None when nobody can know."""
        return None if self.waiting_for is not None or not self.partitions else self.outlook.seconds


@attrs.define
class PartitionProgress:
    """What one partition says of itself.

    Attributes:
        product: Its product.
        export: The progress of the whole export.
        notify: Called whenever that changed.
    """

    product: str
    export: ExportProgress
    notify: Callable[[], None]

    def resumed(self, resource: str, tally: Tally) -> None:
        """Count what earlier runs had read."""
        self.export.rows_before += tally.rows
        self.read(resource, tally.rows, tally.duplicates)

    def read(self, resource: str, rows: int, duplicates: int) -> None:
        """Count what was read of a page."""
        self.export.rows[row_name(self.product, resource)] += rows
        self.export.duplicates += duplicates
        self.export.waiting_for = None
        self.notify()

    def waiting(self, why: str) -> None:
        """Say that Twilio cannot be reached."""
        self.export.waiting_for = why
        self.notify()

    def skip(self, skipped: Skipped) -> None:
        """Say that something had vanished."""
        self.export.skipped.append(skipped)
        self.notify()

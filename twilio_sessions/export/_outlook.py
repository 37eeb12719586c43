"""What is left of an export at one moment, and how long that takes under the published limit; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import attrs

from twilio_sessions._core.window import PROXY_LIMIT
from twilio_sessions.export._plan import PARENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions.export._plan import Partition

__all__ = ["PUBLISHED", "Left", "Outlook", "PartitionStatus", "look_out"]

PUBLISHED: Final = PROXY_LIMIT.requests / PROXY_LIMIT.window
"""Twilio's limit: so many requests per second, per endpoint and service (Proxy limits page)."""

# So many listings tell how many pages one has.
_TELLING: Final = 20


class PartitionStatus(Protocol):
    """A partition that is being exported."""

    @property
    def partition(self) -> Partition:
        """Which one."""
        ...

    @property
    def remaining(self) -> dict[str, int]:
        """How many listings are still to be read, by resource, as far as that is known."""
        ...

    @property
    def pages(self) -> dict[str, tuple[int, int]]:
        """How many pages were read, of how many listings that were read to their end, by resource."""
        ...


@attrs.frozen
class Left:
    """What is left of one endpoint of a service, or of Assistants.

    Attributes:
        partition: Whose.
        resource: What it lists.
        listings: How many listings.
        requests: How many requests, if the others have as many pages as those read so far.
    """

    partition: Partition
    resource: str
    listings: int
    requests: float

    @property
    def is_limited(self) -> bool:
        """Whether a limit is published for it."""
        return self.partition.product == "proxy"


@attrs.frozen
class Outlook:
    """What is left of an export at one moment.

    Attributes:
        left: What is left of each endpoint that has something left, as far as that is known.
        is_all_known: Whether everything has been found whose listings are left; until then there may be
            more.
        limit: Requests per second that Twilio allows each endpoint; None when the client keeps no limit.
        requests_per_second: How fast it goes on.
    """

    left: tuple[Left, ...]
    is_all_known: bool
    limit: float | None
    requests_per_second: float

    @property
    def listings(self) -> int:
        """Listings that are left; each is one request or more."""
        return sum(left.listings for left in self.left)

    @property
    def allowed_per_second(self) -> float | None:
        """Requests per second that Twilio allows what is left.

        None when the client keeps no limit, and when only Assistants is left, which has none published.
        """
        endpoints = sum(left.is_limited for left in self.left)
        return self.limit * endpoints if self.limit and endpoints else None

    @property
    def longest(self) -> Left | None:
        """The endpoint that has most left under a limit; nothing ends before it does."""
        limited = [left for left in self.left if left.is_limited] if self.limit else []
        return max(limited, key=lambda left: left.requests, default=None)

    @property
    def seconds(self) -> float | None:
        """How long it takes, or longer if not `is_all_known`; None when nothing moves.

        Everything goes on as fast as of late, and no endpoint of a service faster than its limit.
        """
        requests, longest = sum(left.requests for left in self.left), self.longest
        if not requests:
            return 0.0
        if not self.requests_per_second:
            return None
        alone = longest.requests / self.limit if longest is not None and self.limit else 0.0
        return max(requests / self.requests_per_second, alone)


def look_out(
    statuses: Iterable[PartitionStatus],
    *,
    are_all_open: bool,
    limit: float | None,
    requests_per_second: float,
) -> Outlook:
    """Return what is left of partitions; there may be more if not all of them are open."""
    left: list[Left] = []
    is_all_known = are_all_open
    for status in statuses:
        remaining, pages = status.remaining, status.pages
        # A list of sessions has pages that nobody knows yet, and what is left of a parent has children.
        parents = {"sessions", *(PARENTS.get(resource, "") for resource in remaining)}
        is_all_known &= not any(remaining.get(parent) for parent in parents)
        left += [
            Left(status.partition, resource, listings, listings * _pages_per_listing(*pages[resource]))
            for resource, listings in remaining.items()
            if listings
        ]
    return Outlook(tuple(left), is_all_known, limit, requests_per_second)


def _pages_per_listing(pages: int, listings: int) -> float:
    return max(1.0, pages / listings) if listings >= _TELLING else 1.0

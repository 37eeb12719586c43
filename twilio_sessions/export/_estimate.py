"""Says how long an export will take, and why: lists services and sessions, and writes nothing."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from twilio_sessions._core import arguments
from twilio_sessions._core.recent import Recent
from twilio_sessions._core.window import PROXY_LIMIT
from twilio_sessions.errors import APIConnectionError, NotFoundError
from twilio_sessions.events import RequestFinished
from twilio_sessions.export._common import DEFAULT_CONCURRENCY, first_error
from twilio_sessions.export._layout import Skipped
from twilio_sessions.export._listings import Head, Listings
from twilio_sessions.export._plan import Partition, Selection, select
from twilio_sessions.export._planning import find_partitions

if TYPE_CHECKING:
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.events import Event

__all__ = ["Estimate", "PartitionEstimate", "estimate"]

# Twilio's published limit (Proxy limits page): so many requests in any five seconds, so many per second,
# per endpoint and service.
_BUDGET: Final = PROXY_LIMIT.requests
_RATE: Final = PROXY_LIMIT.requests / PROXY_LIMIT.window
# A session has at most two participants (Twilio error 80609); how many is not known before they are listed.
_PARTICIPANTS: Final = 2


@attrs.frozen
class PartitionEstimate:
    """What the export of one service will take, or that of Assistants.

    Attributes:
        partition: Which one.
        name: The unique name of the service, if it has one.
        sessions: Its sessions that are wanted.
        listed: All its sessions; they are listed all the same, for the API has no filters.
        requests: Requests that are needed, by resource: one per listing, and two participants per session.
        seconds: How long that takes at least: listing its sessions one page after another, and then what
            the limit of its busiest endpoint allows.
    """

    partition: Partition
    name: str | None
    sessions: int
    listed: int
    requests: dict[str, int] = attrs.field(hash=False)
    seconds: float

    @property
    def total_requests(self) -> int:
        """Requests that are needed, over all resources."""
        return sum(self.requests.values())

    @property
    def busiest(self) -> str:
        """The resource that needs most requests."""
        return max(self.requests, key=lambda name: self.requests[name])


@attrs.frozen
class Estimate:
    """How long an export will take at least.

    Attributes:
        partitions: Services and Assistants, the one that takes longest first.
        seconds: How long the whole will take: as long as its longest part, or as long as all requests
            take with so many at once.
        latency: Seconds that one request took, on average.
        concurrency: How many listings will be read at once.
        limit: Requests per second that Twilio allows each endpoint of a service; None when the client
            keeps no limit.
        skipped: What is not there any more, or could not be reached.
    """

    partitions: tuple[PartitionEstimate, ...]
    seconds: float
    latency: float
    concurrency: int
    limit: float | None
    skipped: tuple[Skipped, ...] = ()

    @property
    def sessions(self) -> int:
        """All sessions that are wanted."""
        return sum(each.sessions for each in self.partitions)

    @property
    def requests(self) -> int:
        """All requests that are needed."""
        return sum(each.total_requests for each in self.partitions)

    @property
    def why(self) -> str:
        """What bounds it, in a sentence."""
        longest = self.partitions[0] if self.partitions else None
        if longest is None or longest.seconds < self.seconds:
            return (
                f"{self.requests:,} requests or more, {self.concurrency} at once, "
                f"and each takes {self.latency:.3f} s"
            )
        name = longest.partition.service_sid or longest.partition.product
        most = longest.requests[longest.busiest]
        if self.limit is None or longest.partition.product != "proxy" or most <= _BUDGET:
            return f"the sessions of {name} are listed page by page, and each page takes {self.latency:.3f} s"
        return (
            f"{name} needs {most:,} requests for its {longest.busiest}, and Twilio answers "
            f"{self.limit:.0f} a second for each endpoint of a service; nothing makes that faster"
        )


async def estimate(
    client: AsyncClient, selection: Selection | None = None, *, concurrency: int = DEFAULT_CONCURRENCY
) -> Estimate:
    """Return how long an export will take at least; only services and sessions are listed for it.

    It may take longer: a listing of more than 100 rows needs more than one request, and other programs
    that ask the same services share their limits with this one.

    Args:
        client: The client to list with.
        selection: What `select` returned; by default everything.
        concurrency: How many listings will be read at once.

    Raises:
        ArgumentError: A service that was asked for does not exist, or `concurrency` is below 1.
        TwilioSessionsError: Something cannot be listed.

    Example:
        >>> estimated = await estimate(client, select(products=["proxy"]))
        >>> print(estimated.seconds, estimated.why)
    """
    arguments.count("concurrency", concurrency, least=1)
    run = _Estimating(client, concurrency)
    return await run.run(selection or select())


@attrs.define
class _Counted:
    """What was found of one partition."""

    partition: Partition
    sessions: int = 0
    listed: int = 0
    pages: int = 0
    seconds: float = 0.0


@attrs.define
class _Estimating:
    """One estimate under way."""

    client: AsyncClient
    concurrency: int
    took: list[float] = attrs.field(factory=list[float])
    skipped: list[Skipped] = attrs.field(factory=list[Skipped])
    counted: list[_Counted] = attrs.field(factory=list[_Counted])

    async def run(self, selection: Selection) -> Estimate:
        self.client = self.client.with_options(on_event=self._on_event)
        partitions, gone = await find_partitions(self.client, selection)
        self.skipped += gone
        with_sessions = [each for each in partitions if "sessions" in each.include]
        names = await self._names(with_sessions)
        await self._count(with_sessions)
        limit = _RATE if self.client._options.rate_limit else None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        estimates = [self._estimated(each, names, limit) for each in self.counted]
        estimates.sort(key=lambda each: (-round(each.seconds), -each.total_requests))
        requests = sum(each.total_requests for each in estimates)
        latency = sum(self.took) / len(self.took) if self.took else 0.0
        at_once = requests * latency / self.concurrency
        longest = max((each.seconds for each in estimates), default=0.0)
        return Estimate(
            tuple(estimates), max(longest, at_once), latency, self.concurrency, limit, tuple(self.skipped)
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RequestFinished):
            self.took.append(event.seconds)

    async def _names(self, partitions: list[Partition]) -> dict[str, str | None]:
        if not any(each.service_sid for each in partitions):
            return {}
        return {each.sid: each.unique_name async for each in self.client.proxy.v1.services.list()}

    async def _count(self, partitions: list[Partition]) -> None:
        room = anyio.CapacityLimiter(self.concurrency)
        try:
            async with anyio.create_task_group() as tasks:
                for partition in partitions:
                    await room.acquire_on_behalf_of(partition)
                    tasks.start_soon(self._count_one, partition, room)
        except BaseExceptionGroup as group:
            raise first_error(group) from None

    async def _count_one(self, partition: Partition, room: anyio.CapacityLimiter) -> None:
        counted = _Counted(partition)
        began = time.monotonic()
        try:
            await self._walk(counted)
        except NotFoundError as error:
            self.skipped.append(Skipped(partition.folder, str(error), request_id=error.request_id))
            return
        except APIConnectionError as error:
            # As in an export: Assistants, which Twilio is switching off, must not cost the rest.
            if partition.product != "assistants" or error.maybe_processed:
                raise
            self.skipped.append(Skipped("assistants", f"it cannot be reached: {error}", is_gone=False))
            return
        finally:
            room.release_on_behalf_of(partition)
        counted.seconds = time.monotonic() - began
        self.counted.append(counted)

    async def _walk(self, counted: _Counted) -> None:
        recent, filters = Recent(), counted.partition.filters
        async for page in Listings(self.client, counted.partition, "sessions").of(None).pages():
            counted.pages += 1
            for head in page.decode(Head):
                if recent.is_new(head.identity or ""):
                    counted.listed += 1
                    counted.sessions += filters.wants(head.status, head.date_created)

    def _estimated(
        self, counted: _Counted, names: dict[str, str | None], limit: float | None
    ) -> PartitionEstimate:
        partition = counted.partition
        requests = _requests(counted)
        seconds = counted.seconds
        if limit is not None and partition.product == "proxy":
            seconds = max(seconds, *((count - _BUDGET) / limit for count in requests.values()))
        return PartitionEstimate(
            partition,
            names.get(partition.service_sid or ""),
            counted.sessions,
            counted.listed,
            requests,
            seconds,
        )


def _requests(counted: _Counted) -> dict[str, int]:
    """Return how many requests each resource needs: one per listing."""
    requests = Counter[str]()
    for resource in counted.partition.include:
        if resource == "sessions":
            requests[resource] = counted.pages
        elif resource == "phone-numbers":
            requests[resource] = 1
        elif resource == "message-interactions":
            requests[resource] = counted.sessions * _PARTICIPANTS
        else:
            requests[resource] = counted.sessions
    return dict(requests)

"""Exports one partition: its listings page by page, and under each session what belongs to it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import attrs

from twilio_sessions._core.recent import Recent
from twilio_sessions.errors import NotFoundError, TwilioSessionsError
from twilio_sessions.export._report import Skipped, row_name

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions._core.page import Page
    from twilio_sessions._core.resource import AsyncCollection
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._report import ExportProgress
    from twilio_sessions.export._sink import NdjsonFolder
    from twilio_sessions.proxy import AsyncParticipants, AsyncSessionContext

__all__ = ["PartitionWriter", "export_assistants", "export_service"]


@attrs.frozen
class PartitionWriter:
    """Where the rows of one partition go, and what it shares with the other partitions.

    Attributes:
        partition: The part that is exported.
        include: Which resources of it.
        sink: Where rows go.
        limiter: How many nested listings may be read at once, over all partitions.
        progress: What has been written so far, over all partitions.
        notify: Called whenever `progress` changed.
    """

    partition: Partition
    include: frozenset[str]
    sink: NdjsonFolder
    limiter: anyio.CapacityLimiter
    progress: ExportProgress
    notify: Callable[[], None]

    def write(self, resource: str, page: Page[Any], recent: Recent) -> list[Any]:
        """Write the rows of a page as they were sent, and return those that came for the first time.

        Rows move to a later page when others come meanwhile; those were written already.
        """
        name = "sid" if self.partition.product == "proxy" else "id"
        pairs = zip(page, page.raw_items(), strict=True)
        new = [(item, row) for item, row in pairs if recent.is_new(getattr(item, name))]
        self.sink.write(resource, [row for _, row in new])
        self.progress.rows[row_name(self.partition.product, resource)] += len(new)
        self.progress.duplicates += len(page) - len(new)
        self.notify()
        return [item for item, _ in new]

    async def copy(self, resource: str, collection: AsyncCollection[Any]) -> None:
        """Read a listing to its end and write it."""
        recent = Recent()
        async for page in collection.pages():
            self.write(resource, page, recent)

    async def nested(self, what: str, read: Callable[[], Awaitable[None]]) -> None:
        """Read what belongs to a session, which may have been deleted since it was listed."""
        async with self.limiter:
            try:
                await read()
            except NotFoundError as error:
                self.progress.skipped.append(Skipped(what, str(error)))
            except TwilioSessionsError as error:
                error.add_note(f"while exporting {what}")
                raise


async def export_service(writer: PartitionWriter, client: AsyncClient, service_sid: str) -> None:
    """Export one Proxy service.

    Raises:
        TwilioSessionsError: What went wrong; what was written before stays.
    """
    service = client.proxy.v1.services(service_sid)
    if "phone-numbers" in writer.include:
        await writer.copy("phone-numbers", service.phone_numbers)
    recent = Recent()
    async for page in service.sessions.pages():
        new = writer.write("sessions", page, recent)
        # The next page is on its way while what belongs to the sessions of this one is read.
        async with anyio.create_task_group() as tasks:
            for listed in new:
                session = service.sessions(listed.sid)
                if writer.include & {"participants", "message-interactions"}:
                    what = f"participants of {listed.sid} in {service_sid}"
                    tasks.start_soon(writer.nested, what, partial(_participants, writer, session))
                if "interactions" in writer.include:
                    what = f"interactions of {listed.sid} in {service_sid}"
                    read = partial(writer.copy, "interactions", session.interactions)
                    tasks.start_soon(writer.nested, what, read)


async def _participants(writer: PartitionWriter, session: AsyncSessionContext) -> None:
    participants: AsyncParticipants = session.participants
    recent = Recent()
    async for page in participants.pages():
        if "participants" in writer.include:
            writer.write("participants", page, recent)
        if "message-interactions" in writer.include:
            for listed in page:
                messages = participants(listed.sid).message_interactions
                await writer.copy("message-interactions", messages)


async def export_assistants(writer: PartitionWriter, client: AsyncClient) -> None:
    """Export the sessions of Assistants with their messages.

    Raises:
        TwilioSessionsError: What went wrong; what was written before stays.
    """
    sessions = client.assistants.v1.sessions
    recent = Recent()
    async for page in sessions.pages():
        new = writer.write("sessions", page, recent)
        if "messages" not in writer.include:
            continue
        async with anyio.create_task_group() as tasks:
            for listed in new:
                read = partial(writer.copy, "messages", sessions(listed.id).messages)
                tasks.start_soon(writer.nested, f"messages of {listed.id}", read)

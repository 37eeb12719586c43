"""Which listing of the client a resource of a partition comes from, and what of its rows an export reads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import attrs
import msgspec

if TYPE_CHECKING:
    from twilio_sessions._core.page import Page
    from twilio_sessions._core.resource import AsyncCollection
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._source import Parent

__all__ = ["Head", "heads", "listing"]


_Date = Annotated[datetime, msgspec.Meta(tz=True)]


class Head(msgspec.Struct, frozen=True, gc=False):
    """What an export needs to know of a row; everything else stays as it was sent."""

    sid: str | None = None
    id: str | None = None
    session_id: str | None = None
    status: str | None = None
    date_created: _Date | None = None

    @property
    def identity(self) -> str | None:
        """What no other row of the resource has."""
        if self.sid is not None or self.id is None:
            return self.sid
        # Nothing says that ids of messages are unique beyond their session.
        return self.id if self.session_id is None else f"{self.session_id}/{self.id}"


@attrs.frozen
class _Loose:
    """The same for rows that are off the contract, which are read with good will."""

    sid: str | None = None
    id: str | None = None
    session_id: str | None = None
    status: str | None = None
    date_created: datetime | None = None


_DECODER: Final = msgspec.json.Decoder(list[Head])


def heads(page: Page[Any]) -> list[Head]:
    """Return what an export needs to know of the rows of a page.

    Raises:
        InvalidResponseError: A row cannot be read at all.
    """
    try:
        return _DECODER.decode(page.raw_rows)
    except msgspec.MsgspecError:
        rows = page.decode(_Loose)
    return [Head(row.sid, row.id, row.session_id, row.status, row.date_created) for row in rows]


def listing(
    client: AsyncClient, partition: Partition, resource: str, parent: Parent | None
) -> AsyncCollection[Any]:
    """Return the listing of a resource: that of a parent, or the only one of the partition."""
    if partition.product == "assistants":
        sessions = client.assistants.v1.sessions
        return sessions if parent is None else sessions(parent.sid).messages
    if partition.service_sid is None:
        return client.proxy.v1.services
    service = client.proxy.v1.services(partition.service_sid)
    if parent is None:
        return service.sessions if resource == "sessions" else service.phone_numbers
    if resource == "participants":
        return service.sessions(parent.sid).participants
    if resource == "interactions":
        return service.sessions(parent.sid).interactions
    session = service.sessions(cast("str", parent.session_sid))
    return session.participants(parent.sid).message_interactions

"""Which listing of the client a resource of a partition comes from, and what of its rows an export reads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import attrs
import msgspec

from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions.errors import ArchiveError

if TYPE_CHECKING:
    from twilio_sessions._core.resource import AsyncCollection
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._plan import Partition
    from twilio_sessions.export._source import Parent
    from twilio_sessions.proxy import AsyncServiceContext

__all__ = ["Head", "Listings", "head_of"]

# So many bytes of a row that cannot be read are shown, so that it can be found.
_SHOWN: Final = 60


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


def head_of(row: bytes, where: str) -> Head:
    """Return what is known of a row of an archive, read with as much good will as when it was listed.

    Args:
        row: The row.
        where: What row it is, for the error.

    Raises:
        ArchiveError: It cannot be read.
    """
    try:
        return decode_item(row, Head)
    except DecodeError as error:
        raise ArchiveError(f"{where} cannot be read: {error}; it begins with {row[:_SHOWN]!r}") from None


@attrs.define
class Listings:
    """The listings of one resource of a partition.

    Attributes:
        client: The client to list with.
        partition: The partition.
        resource: Of which resource.
    """

    client: AsyncClient
    partition: Partition
    resource: str
    # Made once: there may be a hundred thousand listings below it.
    _service: AsyncServiceContext | None = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        sid = self.partition.service_sid
        self._service = None if sid is None else self.client.proxy.v1.services(sid)

    def of(self, parent: Parent | None) -> AsyncCollection[Any]:
        """Return the listing of a parent, or the only one of the partition."""
        if self.partition.product == "assistants":
            sessions = self.client.assistants.v1.sessions
            return sessions if parent is None else sessions(parent.sid).messages
        if self._service is None:
            return self.client.proxy.v1.services
        if parent is None:
            return self._service.sessions if self.resource == "sessions" else self._service.phone_numbers
        if self.resource == "participants":
            return self._service.sessions(parent.sid).participants
        if self.resource == "interactions":
            return self._service.sessions(parent.sid).interactions
        session = self._service.sessions(cast("str", parent.session_sid))
        return session.participants(parent.sid).message_interactions

"""Closes and deletes sessions, each looked at again right before it is changed."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import attrs

from twilio_sessions.bulk._results import ChangeResult
from twilio_sessions.errors import APIError, InvalidResponseError, NotFoundError, TwilioSessionsError
from twilio_sessions.proxy._models import SessionStatus

if TYPE_CHECKING:
    from twilio_sessions._core.resource import AsyncCollection
    from twilio_sessions.bulk._archived import ArchivedRows
    from twilio_sessions.bulk._plan import ChangePlan, PlannedSession
    from twilio_sessions.bulk._records import Entry
    from twilio_sessions.bulk._results import Outcome
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.proxy._sessions import AsyncSessionContext

__all__ = ["Closer", "Deleter", "failure"]

# "Session is closed and cannot be updated", "Session status change not supported".
_NOT_OPEN: Final = frozenset({80607, 80608})
# Seconds from the look at a session to the end of its deletion; after them it is looked at again.
_AT_ONCE: Final = 5.0
_GONE: Final = "it is not there any more"
_BEGUN: Final = "a run that was interrupted may have done it"


@attrs.frozen
class _Sessions:
    """What closing and deleting have in common.

    Attributes:
        client: The client.
        plan: The plan.
    """

    client: AsyncClient
    plan: ChangePlan
    _there: set[str] = attrs.field(factory=set[str], init=False)

    async def probe(self, item: PlannedSession) -> None:
        """Ask for something harmless."""
        await self.client.proxy.v1.services(item.service_sid).fetch()

    async def gone(self, item: PlannedSession, why: str) -> ChangeResult:
        """Return the outcome of a session that is not there.

        Raises:
            NotFoundError: Nor is its service: this is another account, or another place.
        """
        if item.service_sid not in self._there:
            await self.probe(item)
            self._there.add(item.service_sid)
        return self.ended(item, "already", why)

    def context(self, item: PlannedSession) -> AsyncSessionContext:
        return self.client.proxy.v1.services(item.service_sid).sessions(item.sid)

    def result(self, item: PlannedSession, entry: Entry) -> ChangeResult:
        """Return an outcome that stands in the journal."""
        return entry.result(sid=item.sid, service_sid=item.service_sid, unique_name=item.unique_name)

    def failed(self, item: PlannedSession, error: TwilioSessionsError) -> ChangeResult:
        """Return the outcome of a session that could not be changed."""
        return failure(error, sid=item.sid, service_sid=item.service_sid, unique_name=item.unique_name)

    def ended(self, item: PlannedSession, outcome: Outcome, why: str | None = None) -> ChangeResult:
        return ChangeResult(
            outcome=outcome,
            sid=item.sid,
            service_sid=item.service_sid,
            unique_name=item.unique_name,
            why=why,
        )


def failure(
    error: TwilioSessionsError, *, sid: str | None, service_sid: str, unique_name: str | None
) -> ChangeResult:
    """Return the outcome that tells of an error."""
    answer = error if isinstance(error, APIError | InvalidResponseError) else None
    return ChangeResult(
        outcome="failed",
        sid=sid,
        service_sid=service_sid,
        unique_name=unique_name,
        why=error.message if isinstance(error, APIError) else str(error),
        status=None if answer is None else answer.status,
        code=error.code if isinstance(error, APIError) else None,
        request_id=None if answer is None else answer.request_id,
    )


@attrs.frozen
class Closer(_Sessions):
    """Closes sessions."""

    async def look(self, item: PlannedSession, *, is_begun: bool) -> ChangeResult | None:
        """Say what became of a session that is not to be closed any more."""
        try:
            session = await self.context(item).fetch()
        except NotFoundError:
            return await self.gone(item, _GONE)
        if session.status.lower() == SessionStatus.CLOSED:
            return self.ended(item, "already", _BEGUN if is_begun else None)
        unmet = self.plan.where.unmet(session, self.plan.listed_at)
        return None if unmet is None else self.ended(item, "skipped", f"since it was listed: {unmet}")

    async def change(self, item: PlannedSession) -> ChangeResult:
        """Close a session."""
        try:
            session = await self.context(item).update(status=SessionStatus.CLOSED)
        except NotFoundError:
            return await self.gone(item, _GONE)
        except APIError as error:
            if error.code not in _NOT_OPEN:
                raise
            session = await self.context(item).fetch()
            if session.status.lower() != SessionStatus.CLOSED:
                raise
            return self.ended(item, "already")
        if session.status.lower() != SessionStatus.CLOSED:
            return self.ended(item, "failed", f"Twilio says that its status is {session.status}")
        return self.ended(item, "closed")


@attrs.frozen
class Deleter(_Sessions):
    """Deletes sessions.

    Attributes:
        archived: What is archived; None where that does not matter.
    """

    archived: ArchivedRows | None

    async def look(self, item: PlannedSession, *, is_begun: bool) -> ChangeResult | None:
        """Say what became of a session that may not, or need not, be deleted."""
        try:
            answer = await self.client.with_response(self.context(item).fetch)
            if answer.value.sid != item.sid:
                return self.ended(item, "skipped", f"Twilio answers with another one, {answer.value.sid}")
            unmet = self.plan.where.unmet(answer.value, self.plan.listed_at)
            if unmet is not None:
                return self.ended(item, "skipped", f"since it was listed: {unmet}")
            why = None if self.archived is None else await self._unsafe(self.archived, item, answer.body)
        except NotFoundError:
            return await self.gone(item, _BEGUN if is_begun else _GONE)
        return None if why is None else self.ended(item, "skipped", why)

    async def _unsafe(self, archived: ArchivedRows, item: PlannedSession, row: bytes) -> str | None:
        """Say what would be lost: the session itself first, then what belongs to it."""
        difference = archived.difference(row)
        if difference is not None:
            return difference
        context = self.context(item)
        strange = await _strange(archived, "participants", context.participants)
        return strange or await _strange(archived, "interactions", context.interactions)

    async def change(self, item: PlannedSession) -> ChangeResult:
        """Delete a session, at once or not at all: what was looked at is not what is there later."""
        client = self.client
        if self.archived is not None:
            client = client.with_options(max_attempts=1, timeout=_AT_ONCE)
        try:
            await client.proxy.v1.services(item.service_sid).sessions(item.sid).delete()
        except NotFoundError:
            return await self.gone(item, _GONE)
        return self.ended(item, "deleted")


async def _strange(archived: ArchivedRows, resource: str, listing: AsyncCollection[Any]) -> str | None:
    """Say which row that is deleted with a session is not archived as it is."""
    async with aclosing(listing.pages()) as pages:
        async for page in pages:
            strange = archived.strange(resource, page.raw_items())
            if strange is not None:
                return f"{strange}, one of its {resource}, is not in the archive as it is now"
    return None

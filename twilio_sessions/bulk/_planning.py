"""Lists the sessions of services and plans what is to be done to which of them; changes nothing."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
import attrs

from twilio_sessions._core import arguments
from twilio_sessions.bulk._filter import ACTIVE, SessionFilter
from twilio_sessions.bulk._folder import PLAN
from twilio_sessions.bulk._journal import read_plan
from twilio_sessions.bulk._plan import ChangePlan, PlannedSession, plan_from, request_of
from twilio_sessions.bulk._records import Header
from twilio_sessions.bulk._request import check_request
from twilio_sessions.bulk._run import nobody
from twilio_sessions.errors import ArgumentError, InvalidResponseError, JournalError
from twilio_sessions.export._common import first_error
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from os import PathLike

    from twilio_sessions.client import AsyncClient

__all__ = ["load_plan", "plan_close", "plan_delete", "to_service_sid"]


async def plan_close(
    client: AsyncClient,
    services: str | Iterable[str],
    where: SessionFilter | None = None,
    *,
    journal: str | PathLike[str] | None = None,
    on_listed: Callable[[int], None] | None = None,
) -> ChangePlan:
    """List the sessions of services and plan which of them to close; nothing is changed.

    Without `statuses` and without `sids`, it is the active ones: `open` and `in-progress`.

    Args:
        client: The client to list with.
        services: One or more services, each by its SID (`KS...`) or unique name.
        where: Which sessions; by default all.
        journal: The folder where an earlier run may have left its plan: then that is returned, and nothing is
            listed.
        on_listed: Called with how many sessions were listed so far, page by page, in the event loop.

    Raises:
        ArgumentError: An argument cannot be right.
        JournalError: The journal is of another plan.
        NotFoundError: There is no such service.
        TwilioSessionsError: The sessions cannot be listed.

    Example:
        >>> plan = await plan_close(client, "KS...", SessionFilter(idle=timedelta(days=30)))
        >>> len(plan.sessions), plan.listed
        (120, 4000)
    """
    where = where or SessionFilter()
    if not where.statuses and where.sids is None:
        where = attrs.evolve(where, statuses=ACTIVE)
    return await _Planning(client, "close", where, on_listed or nobody).run(services, journal)


async def plan_delete(
    client: AsyncClient,
    services: str | Iterable[str],
    where: SessionFilter | None = None,
    *,
    journal: str | PathLike[str] | None = None,
    on_listed: Callable[[int], None] | None = None,
) -> ChangePlan:
    """List the sessions of services and plan which of them to delete; nothing is changed.

    Arguments and errors are those of `plan_close`; without `statuses` it is sessions of every status.

    Example:
        >>> where = SessionFilter(statuses=["closed"], older_than=timedelta(days=90))
        >>> plan = await plan_delete(client, ["KS...", "support"], where)
    """
    return await _Planning(client, "delete", where or SessionFilter(), on_listed or nobody).run(
        services, journal
    )


def load_plan(journal: str | PathLike[str]) -> ChangePlan:
    """Return the plan of a journal, to go on with it knowing nothing but the folder. Blocks on the disk.

    Raises:
        JournalError: There is none, or it cannot be read.

    Example:
        >>> report = await close(client, load_plan("close-2026-11"), journal="close-2026-11")
    """
    path = Path(journal)
    found = read_plan(
        DiskFolder(path), PlannedSession, str(path), lambda header: plan_from(header, (), str(path))
    )
    if found is None:
        raise JournalError(
            f"{path} is not the journal of a bulk change: it has no {PLAN}; name the folder of an earlier run"
        )
    return plan_from(*found, str(path))


async def to_service_sid(client: AsyncClient, service: str) -> str:
    """Return the SID of a service that is named by its SID or unique name.

    Raises:
        NotFoundError: There is none of this unique name.
    """
    if arguments.is_sid(service, "KS"):
        return service
    return (await client.proxy.v1.services(service).fetch()).sid


@attrs.define
class _Planning:
    """One plan that is being made."""

    client: AsyncClient
    action: Literal["close", "delete"]
    where: SessionFilter
    notify: Callable[[int], None]
    now: datetime = attrs.field(factory=lambda: datetime.now(UTC))
    listed: int = 0
    chosen: dict[str, dict[str, PlannedSession]] = attrs.field(factory=dict[str, dict[str, PlannedSession]])
    seen: set[str] = attrs.field(factory=set[str])

    async def run(self, services: str | Iterable[str], journal: str | PathLike[str] | None) -> ChangePlan:
        asked = [services] if isinstance(services, str) else list(services)
        if not asked:
            raise ArgumentError("services must name one at least; got none", argument="services")
        sids = tuple(sorted({await to_service_sid(self.client, each) for each in asked}))
        if journal is not None:
            found = await anyio.to_thread.run_sync(self._found, sids, Path(journal))
            if found is not None:
                return found
        await self._list_all(sids)
        return self._plan(sids)

    def _found(self, sids: tuple[str, ...], journal: Path) -> ChangePlan | None:
        """Return the plan of an earlier run with the same journal."""
        asked = Header(request_of(self.action, self.client.account_sid, sids, self.where), self.now)
        where = str(journal)
        found = read_plan(
            DiskFolder(journal), PlannedSession, where, lambda found: check_request(found, asked, where)
        )
        return None if found is None else plan_from(*found, where)

    async def _list_all(self, sids: tuple[str, ...]) -> None:
        try:
            async with anyio.create_task_group() as group:
                for sid in sids:
                    self.chosen[sid] = {}
                    group.start_soon(self._list, sid)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None

    async def _list(self, service_sid: str) -> None:
        wanted = None if self.where.sids is None else frozenset(self.where.sids)
        # A row that moves to the next page while it is listed comes twice.
        chosen = self.chosen[service_sid]
        async with aclosing(self.client.proxy.v1.services(service_sid).sessions.pages()) as pages:
            async for page in pages:
                for session in page:
                    if wanted is not None and session.sid not in wanted:
                        continue
                    self.seen.add(session.sid)
                    if self.where.unmet(session, self.now) is None:
                        chosen[_checked(session.sid)] = PlannedSession.of(session, service_sid)
                self.listed += len(page)
                self.notify(self.listed)

    def _plan(self, sids: tuple[str, ...]) -> ChangePlan:
        # By turns, because each service has a rate limit of its own.
        turns = chain.from_iterable(zip_longest(*(each.values() for each in self.chosen.values())))
        return ChangePlan(
            action=self.action,
            account_sid=self.client.account_sid,
            services=sids,
            where=self.where,
            listed_at=self.now,
            listed=self.listed,
            sessions=tuple(session for session in turns if session is not None),
            missing=tuple(sid for sid in self.where.sids or () if sid not in self.seen),
        )


def _checked(sid: str) -> str:
    try:
        return arguments.sid("the sid of a listed session", sid, "KC")
    except ArgumentError as error:
        raise InvalidResponseError(str(error), status=200, method="GET", url="/Sessions") from None

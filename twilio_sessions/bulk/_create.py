"""Creates sessions from rows, each unique name once, with a journal from which the same call goes on."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
import attrs
import msgspec

from twilio_sessions.bulk._changers import failure
from twilio_sessions.bulk._changes import DEFAULT_CONCURRENCY
from twilio_sessions.bulk._folder import held
from twilio_sessions.bulk._journal import open_journal
from twilio_sessions.bulk._planning import to_service_sid
from twilio_sessions.bulk._records import Header
from twilio_sessions.bulk._results import ChangeResult
from twilio_sessions.bulk._rows import NewSession, check_rows
from twilio_sessions.bulk._run import Run, check_way, nobody
from twilio_sessions.errors import APIError, NotFoundError, TwilioSessionsError
from twilio_sessions.export._outage import DEFAULT_PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike

    from twilio_sessions.bulk._journal import Journal
    from twilio_sessions.bulk._records import Entry
    from twilio_sessions.bulk._results import ChangeProgress, ChangeReport, Outcome
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._storage import DiskFolder
    from twilio_sessions.proxy._models import Session
    from twilio_sessions.proxy._services import AsyncServiceContext

__all__ = ["create"]

# "Session UniqueName must be unique."
_NAME_TAKEN: Final = 80603
_BEGUN: Final = "a run that was interrupted may have created it"


async def create(
    client: AsyncClient,
    service: str,
    rows: Iterable[NewSession | Mapping[str, Any]],
    *,
    journal: str | PathLike[str],
    concurrency: int = DEFAULT_CONCURRENCY,
    patience: float = DEFAULT_PATIENCE,
    on_result: Callable[[ChangeResult], None] | None = None,
    on_progress: Callable[[ChangeProgress], None] | None = None,
) -> ChangeReport:
    """Create sessions, each unique name exactly once, through any interruption.

    A name that is taken counts as done (`already`), whatever the session that has it is like: its SID is in
    the result. Lost answers are settled as in `sessions.create`. One failure does not stop the rest.

    Args:
        client: The client; its rate limit is kept.
        service: Where to create them: a service's SID (`KS...`) or unique name.
        rows: What to create; each row has a `unique_name` that no other has.
        journal: The folder of the journal: a new or empty one, or that of an earlier run with the same rows.
        concurrency: How many sessions at a time.
        patience: For how many seconds an outage is waited for.
        on_result: Called with what became of each row when that is durable, in the event loop; first with
            what earlier runs did.
        on_progress: Called whenever anything changed, always with the same object.

    Raises:
        ArgumentError: A row cannot be right; nothing was sent.
        JournalError: The journal is of other rows, or another process writes to it (`JournalLockedError`).
        NotFoundError: There is no such service.
        TwilioSessionsError: Going on is of no use, as in `close`. The same call goes on.
        OSError: The disk is full, or cannot be written to. The same call goes on.

    Example:
        >>> report = await create(client, "KS...", read_rows("sessions.csv"), journal="create-2026-11")
        >>> report.counts
        {'created': 500}
    """
    check_way(concurrency, patience)
    checked = check_rows(rows)
    sid = await to_service_sid(client, service)
    with held(journal) as folder:
        header = Header(_request(client.account_sid, sid, checked), datetime.now(UTC), listed=len(checked))
        opened = await anyio.to_thread.run_sync(_opened, folder, header, checked)
        creator = Creator(client.proxy.v1.services(sid), sid)
        run = Run(
            "create",
            client,
            opened,
            creator,
            concurrency,
            patience,
            on_result or nobody,
            on_progress or nobody,
        )
        return await run.run(Path(journal))


def _request(account_sid: str | None, service_sid: str, rows: tuple[NewSession, ...]) -> dict[str, object]:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(msgspec.json.encode(row) + b"\n")
    return {
        "action": "create",
        "account_sid": account_sid,
        "service_sid": service_sid,
        "rows_sha256": digest.hexdigest(),
    }


def _opened(folder: DiskFolder, header: Header, rows: tuple[NewSession, ...]) -> Journal[NewSession]:
    return open_journal(folder, header, rows, NewSession, str(folder.path))


@attrs.frozen
class Creator:
    """Creates sessions.

    Attributes:
        service: Where.
        service_sid: Its SID.
    """

    service: AsyncServiceContext
    service_sid: str

    async def probe(self, item: NewSession) -> None:  # noqa: ARG002 - any will do
        """Ask for something harmless."""
        await self.service.fetch()

    async def look(self, item: NewSession, *, is_begun: bool) -> ChangeResult | None:
        """Say what became of a session that an interrupted run may have created."""
        # Only then: to ask for a thousand names that nobody has is a thousand errors.
        if not is_begun:
            return None
        try:
            found = await self.service.sessions(item.unique_name).fetch()
        except NotFoundError:
            return None
        return self._ended(item, "already", found, _BEGUN)

    async def change(self, item: NewSession) -> ChangeResult:
        """Create a session, or find out who has its name."""
        try:
            made = await self.service.sessions.create(
                unique_name=item.unique_name,
                date_expiry=item.date_expiry,
                ttl=item.ttl,
                mode=item.mode,
                status=item.status,
                participants=item.participants or None,
            )
        except APIError as error:
            if error.code != _NAME_TAKEN:
                raise
        else:
            return self._ended(item, "created", made, None)
        found = await self.service.sessions(item.unique_name).fetch()
        return self._ended(item, "already", found, "the name was taken")

    def result(self, item: NewSession, entry: Entry) -> ChangeResult:
        """Return an outcome that stands in the journal."""
        return entry.result(sid=entry.sid, service_sid=self.service_sid, unique_name=item.unique_name)

    def failed(self, item: NewSession, error: TwilioSessionsError) -> ChangeResult:
        """Return the outcome of a session that could not be created."""
        return failure(error, sid=None, service_sid=self.service_sid, unique_name=item.unique_name)

    def _ended(self, item: NewSession, outcome: Outcome, session: Session, why: str | None) -> ChangeResult:
        return ChangeResult(
            outcome=outcome,
            sid=session.sid,
            service_sid=self.service_sid,
            unique_name=item.unique_name,
            why=why,
        )

"""What a bulk change is going to do, as values: which sessions, chosen how and when."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Self

import attrs
import msgspec

from twilio_sessions.bulk._filter import SessionFilter
from twilio_sessions.bulk._records import Header
from twilio_sessions.bulk._results import ChangeResult
from twilio_sessions.errors import ArgumentError, JournalError

if TYPE_CHECKING:
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.proxy._models import Session

__all__ = ["ChangePlan", "PlannedSession", "check_account", "not_found", "plan_from", "request_of"]

_MISSING: Final = "there is no such session in these services"


@attrs.frozen(kw_only=True)
class PlannedSession:
    """A session of a plan, as it was listed.

    Attributes:
        sid: `KC...`.
        service_sid: Its service (`KS...`).
        unique_name: Its unique name, where it has one.
        status: Its status.
        date_created: UTC.
        date_updated: UTC.
        date_last_interaction: UTC.
    """

    sid: str
    service_sid: str
    unique_name: str | None = None
    status: str = "unknown"
    date_created: datetime | None = None
    date_updated: datetime | None = None
    date_last_interaction: datetime | None = None

    @property
    def key(self) -> str:
        """What it is called in a journal."""
        return self.sid

    @classmethod
    def of(cls, session: Session, service_sid: str) -> Self:
        """Return what a plan keeps of a session."""
        return cls(
            sid=session.sid,
            service_sid=service_sid,
            unique_name=session.unique_name,
            status=session.status,
            date_created=session.date_created,
            date_updated=session.date_updated,
            date_last_interaction=session.date_last_interaction,
        )


@attrs.frozen(kw_only=True)
class ChangePlan:
    """What `close` or `delete` is going to do. It takes about half a kilobyte for each session.

    Attributes:
        action: `close` or `delete`.
        account_sid: The account, where it is known.
        services: The SIDs of the services, sorted.
        where: Which of their sessions.
        listed_at: When they were listed; `idle` and `older_than` are counted back from here.
        listed: How many sessions the services had.
        sessions: Those that are to be changed, services by turns.
        missing: SIDs that were asked for and that no service had.
        is_resumed: Whether it was found in a journal, and nothing was listed.
    """

    action: Literal["close", "delete"]
    account_sid: str | None
    services: tuple[str, ...]
    where: SessionFilter
    listed_at: datetime
    listed: int
    sessions: tuple[PlannedSession, ...] = attrs.field(repr=False)
    missing: tuple[str, ...] = ()
    is_resumed: bool = attrs.field(default=False, eq=False)

    def header(self) -> Header:
        """Return what of it stands at the head of a journal."""
        return Header(
            request=request_of(self.action, self.account_sid, self.services, self.where),
            listed_at=self.listed_at,
            listed=self.listed,
            missing=self.missing,
        )


def request_of(
    action: str, account_sid: str | None, services: tuple[str, ...], where: SessionFilter
) -> dict[str, object]:
    """Return what was asked for, in the types that JSON has, so that two runs can be compared."""
    return {
        "action": action,
        "account_sid": account_sid,
        "services": list(services),
        "statuses": list(where.statuses),
        "idle_seconds": _seconds(where.idle),
        "older_than_seconds": _seconds(where.older_than),
        "name_prefix": where.name_prefix,
        "sids": None if where.sids is None else list(where.sids),
    }


def check_account(client: AsyncClient, plan: ChangePlan) -> None:
    """Refuse to look for the sessions of one account in another one, where none of them is.

    Raises:
        ArgumentError: The plan is of another account than the client.
    """
    known = {client.account_sid, plan.account_sid} - {None}
    if len(known) > 1:
        raise ArgumentError(
            f"plan is of account {plan.account_sid}, and the client is of {client.account_sid}; "
            "use the credentials of the account that the plan was made with",
            argument="client",
        )


def not_found(plan: ChangePlan) -> tuple[ChangeResult, ...]:
    """Return the outcomes of SIDs that no service had: they may be in a service that was not named."""
    return tuple(
        ChangeResult(outcome="failed", sid=sid, service_sid=None, why=_MISSING) for sid in plan.missing
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


class _Request(msgspec.Struct, frozen=True):
    """What `request_of` made, read back."""

    action: Literal["close", "delete"]
    account_sid: str | None
    services: tuple[str, ...]
    statuses: tuple[str, ...]
    idle_seconds: float | None
    older_than_seconds: float | None
    name_prefix: str | None
    sids: tuple[str, ...] | None

    @property
    def where(self) -> SessionFilter:
        return SessionFilter(
            statuses=self.statuses,
            idle=_span(self.idle_seconds),
            older_than=_span(self.older_than_seconds),
            name_prefix=self.name_prefix,
            sids=self.sids,
        )


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def plan_from(header: Header, sessions: tuple[PlannedSession, ...], where: str) -> ChangePlan:
    """Return the plan that stands in a journal.

    Raises:
        JournalError: It is the journal of something else.
    """
    if header.request.get("action") == "create":
        raise JournalError(
            f"{where} is the journal of a bulk create, and does not say what to close or delete; go on with "
            "it by a create with the same rows, or name another folder"
        )
    try:
        request = msgspec.convert(header.request, _Request)
    except msgspec.ValidationError as error:
        raise JournalError(f"{where} is not the journal of a bulk close or delete: {error}") from None
    return ChangePlan(
        action=request.action,
        account_sid=request.account_sid,
        services=request.services,
        where=request.where,
        listed_at=header.listed_at,
        listed=header.listed,
        sessions=sessions,
        missing=header.missing,
        is_resumed=True,
    )

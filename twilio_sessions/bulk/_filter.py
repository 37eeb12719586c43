"""Which sessions a bulk change is for; pure, for Twilio's API has no filters."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions._core import arguments
from twilio_sessions.errors import ArgumentError
from twilio_sessions.proxy._models import SessionStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twilio_sessions.proxy._models import Session

__all__ = ["ACTIVE", "SessionFilter"]

ACTIVE: Final = (SessionStatus.OPEN.value, SessionStatus.IN_PROGRESS.value)
"""The statuses of sessions that can be closed."""

_STATUSES: Final = tuple(status.value for status in SessionStatus)


def _to_statuses(given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ArgumentError(
            f"statuses must be several, such as [{given!r}]; got a string", argument="statuses"
        )
    chosen = sorted({str(status).lower() for status in given})
    unknown = [status for status in chosen if status not in _STATUSES]
    if unknown:
        raise ArgumentError(
            f"statuses does not know {', '.join(map(repr, unknown))}; known are {', '.join(_STATUSES)}",
            argument="statuses",
        )
    return tuple(chosen)


def _to_sids(given: Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, str):
        raise ArgumentError("sids must be several SIDs; got a string", argument="sids")
    # An empty list is not None: it asks for nothing, and must not come to mean everything.
    return tuple(sorted({arguments.sid("sids", sid, "KC") for sid in given}))


def _check_span(_: object, field: attrs.Attribute[timedelta | None], value: timedelta | None) -> None:
    given: object = value
    if given is not None and not isinstance(given, timedelta):
        raise ArgumentError(f"{field.name} must be a timedelta; got {given!r}", argument=field.name)
    if given is not None and given < timedelta():
        raise ArgumentError(f"{field.name} must not be negative; got {given}", argument=field.name)


def _check_prefix(_: object, field: attrs.Attribute[str | None], value: str | None) -> None:
    arguments.text(field.name, value, longest=191)


@attrs.frozen(kw_only=True)
class SessionFilter:
    """Which sessions are wanted: those that meet every condition that is given.

    A session that does not say what a condition asks about does not meet it.

    Attributes:
        statuses: Of these only; none means all.
        idle: Without an interaction for so long; of a session that never had one, `date_updated` counts.
        older_than: Created so long ago, or longer.
        name_prefix: Only those whose unique name begins like this.
        sids: Only these; None means all, and an empty list means none.

    Raises:
        ArgumentError: A value cannot be right.

    Example:
        >>> SessionFilter(statuses=["open"], idle=timedelta(days=30), name_prefix="ride-")
        SessionFilter(statuses=('open',), idle=datetime.timedelta(days=30), older_than=None, \
name_prefix='ride-', sids=None)
    """

    statuses: tuple[str, ...] = attrs.field(default=(), converter=_to_statuses)
    idle: timedelta | None = attrs.field(default=None, validator=_check_span)
    older_than: timedelta | None = attrs.field(default=None, validator=_check_span)
    name_prefix: str | None = attrs.field(default=None, validator=_check_prefix)
    sids: tuple[str, ...] | None = attrs.field(default=None, converter=_to_sids)

    def unmet(self, session: Session, now: datetime) -> str | None:
        """Say which condition a session does not meet, the SID aside; None where it is wanted.

        Args:
            session: The session.
            now: The moment that `idle` and `older_than` are counted back from; with a time zone.
        """
        if self.statuses and session.status.lower() not in self.statuses:
            return f"its status is {session.status}"
        if self.name_prefix is not None and not (session.unique_name or "").startswith(self.name_prefix):
            return "its unique name begins otherwise"
        if not _is_past(session.date_created, self.older_than, now):
            return f"it was created at {_shown(session.date_created)}"
        last = session.date_last_interaction or session.date_updated
        if not _is_past(last, self.idle, now):
            return f"its last interaction or change was at {_shown(last)}"
        return None


def _is_past(moment: datetime | None, span: timedelta | None, now: datetime) -> bool:
    return span is None or (moment is not None and moment <= now - span)


def _shown(moment: datetime | None) -> str:
    return "a time that Twilio does not say" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"

"""How an outcome that is in doubt is settled: by looking, instead of guessing or doing it again."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import attrs

from twilio_sessions.errors import APIError, ConflictError, NotFoundError, ServerError, TwilioSessionsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from twilio_sessions._core.request import Request, Response

__all__ = [
    "Doubt",
    "Refused",
    "Settled",
    "Settlement",
    "began_at",
    "settle_create",
    "settle_delete",
    "settle_update",
]

T = TypeVar("T")

# The `Date` header and `date_created` are whole seconds; two roundings may add up.
_SLACK: Final = timedelta(seconds=2)


@attrs.frozen
class Settled(Generic[T]):
    """The call has succeeded after all, with this result."""

    value: T


@attrs.frozen
class Refused:
    """The call has failed for good, with this error."""

    error: TwilioSessionsError


@attrs.frozen
class Doubt(Generic[T]):
    """What is known when an outcome is in doubt.

    Attributes:
        error: What the last attempt ended with.
        elapsed: Seconds since the call began.
        deadline: When the call has to end, by the monotonic clock.
        look: Fetches the resource as it is now, with the answer that it came in.
    """

    error: TwilioSessionsError
    elapsed: float
    deadline: float
    look: Callable[[], Awaitable[tuple[T, Response]]]


@attrs.frozen
class Settlement(Generic[T]):
    """How to settle one call.

    Attributes:
        judge: Is asked after a failed attempt when this or an earlier one may have been processed. None
            means that nothing is known, and the policy goes on.
        look: The request that fetches the resource; None where looking is of no use.
        model: What the resource is.
        absent_may_repeat: Whether None from `judge` after a doubtful attempt means that it was not
            processed, so that even a create may be sent again.
    """

    judge: Callable[[Doubt[T]], Awaitable[Settled[T] | Refused | None]]
    look: Request | None = None
    model: type[T] | None = None
    absent_may_repeat: bool = False


def began_at(response: Response, elapsed: float) -> datetime | None:
    """Return when a call began by the server's clock; None when the server does not tell the time.

    Args:
        response: An answer that has just arrived.
        elapsed: Seconds since the call began, by a clock that nobody can set.
    """
    try:
        now = parsedate_to_datetime(response.headers["date"])
    except (KeyError, ValueError, OverflowError):
        return None
    return None if now.tzinfo is None else now - timedelta(seconds=elapsed) - _SLACK


def settle_create(
    look: Request,
    model: type[T],
    *,
    name: str,
    conflict: int,
    created: Callable[[T], datetime | None],
    matches: Callable[[T, float], Awaitable[bool]],
) -> Settlement[T]:
    """Settle a create with a unique name by fetching that name.

    Found, created since this call began, and as it was asked for: that is the result. Not found: it may be
    sent again. Found but older or different: the name is somebody else's.

    Args:
        look: Fetches the resource by its name.
        model: What it is.
        name: The unique name.
        conflict: Twilio's error code for a name that is taken.
        created: Returns when a resource was created.
        matches: Tells, before a deadline, whether a resource is what was asked for.
    """

    async def judge(doubt: Doubt[T]) -> Settled[T] | Refused | None:
        if _is_refusal(doubt.error) and getattr(doubt.error, "code", None) != conflict:
            return None
        try:
            found, response = await doubt.look()
        except NotFoundError:
            return None
        began, date_created = began_at(response, doubt.elapsed), created(found)
        if began is None or date_created is None:
            # Nobody can tell whose it is, so nobody is told that it is theirs.
            return Refused(doubt.error)
        if date_created >= began and await matches(found, doubt.deadline):
            return Settled(found)
        return Refused(_taken(name, conflict, date_created, response))

    return Settlement(judge, look, model, absent_may_repeat=True)


def _is_refusal(error: TwilioSessionsError) -> bool:
    """Tell whether Twilio said no, as against an attempt whose outcome is unknown."""
    return isinstance(error, APIError) and not isinstance(error, ServerError)


def _taken(name: str, code: int, date_created: datetime, response: Response) -> ConflictError:
    when = f"{date_created:%Y-%m-%dT%H:%M:%SZ}"
    return ConflictError(
        f"unique_name {name!r} belongs to another resource, created at {when}; this call did not create it",
        status=409,
        code=code,
        more_info=f"https://www.twilio.com/docs/api/errors/{code}",
        request_id=response.request_id,
        method="POST",
        url=response.url,
    )


def settle_update(
    look: Request, model: type[T], *, codes: frozenset[int], reached: Callable[[T], bool]
) -> Settlement[T]:
    """Settle an update that Twilio refuses because an earlier attempt has already done it.

    Args:
        look: Fetches the resource.
        model: What it is.
        codes: The error codes with which Twilio refuses to do it twice.
        reached: Tells whether a resource is as the update wants it.
    """

    async def judge(doubt: Doubt[T]) -> Settled[T] | None:
        if getattr(doubt.error, "code", None) not in codes:
            return None
        found, _ = await doubt.look()
        return Settled(found) if reached(found) else None

    return Settlement(judge, look, model)


def settle_delete() -> Settlement[None]:
    """Settle a delete: not found after an attempt that may have been processed means that it was."""

    async def judge(doubt: Doubt[None]) -> Settled[None] | None:
        return Settled(None) if isinstance(doubt.error, NotFoundError) else None

    return Settlement(judge)

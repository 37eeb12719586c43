"""What the partitions of one export share while it runs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, cast

import attrs

from twilio_sessions.errors import AuthenticationError, TwilioSessionsError
from twilio_sessions.export._commits import Backlog
from twilio_sessions.export._outage import DEFAULT_PATIENCE, Reached
from twilio_sessions.export._progress import ExportProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._plan import Product
    from twilio_sessions.export._shares import Shares

__all__ = ["DEFAULT_CONCURRENCY", "Common", "first_error"]

DEFAULT_CONCURRENCY: Final = 64


def _silent() -> None:
    pass


def _never() -> defaultdict[Product, Reached]:
    return defaultdict(Reached)


@attrs.define
class Common:
    """What the partitions of one export share.

    Attributes:
        client: What is read with.
        base: The archive that this export adds to; None when it is the first.
        shares: How many listings are read at once.
        backlog: What waits for the disk.
        reached: When each product last answered.
        patience: For how many seconds an outage is waited for.
        progress: What has been done so far.
        notify: Called whenever that changed.
    """

    client: AsyncClient
    shares: Shares
    backlog: Backlog = attrs.field(factory=Backlog)
    reached: defaultdict[Product, Reached] = attrs.field(factory=_never)
    patience: float = DEFAULT_PATIENCE
    base: Archive | None = None
    progress: ExportProgress = attrs.field(factory=ExportProgress)
    notify: Callable[[], None] = _silent


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error of a group that says most: the disk's, then refused credentials, then the first."""
    errors = list(_leaves(group))
    return min(errors, key=_rank)


def _rank(error: BaseException) -> int:
    if not isinstance(error, TwilioSessionsError):
        return 0
    return 1 if isinstance(error, AuthenticationError) else 2


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(cast("BaseExceptionGroup[BaseException]", error))
        else:
            yield error

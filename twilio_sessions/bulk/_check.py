"""Says of each session whether a bulk delete would leave it alone, as the delete itself finds out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from twilio_sessions.bulk._archive_reading import read_archived
from twilio_sessions.bulk._changers import Deleter
from twilio_sessions.bulk._plan import check_account
from twilio_sessions.bulk._severity import may_pass, stops
from twilio_sessions.errors import TwilioSessionsError
from twilio_sessions.export._common import first_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twilio_sessions.bulk._plan import ChangePlan, PlannedSession
    from twilio_sessions.bulk._results import ChangeResult
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export._findings import VerifyProgress

__all__ = ["check_delete"]


async def check_delete(
    client: AsyncClient,
    plan: ChangePlan,
    archive: Path,
    *,
    concurrency: int,
    on_check: Callable[[PlannedSession, ChangeResult | None], None],
    on_verify: Callable[[VerifyProgress], None],
) -> None:
    """Verify an archive, and look at each session of a plan as it is now; nothing is changed.

    Args:
        client: The client; its rate limit is kept.
        plan: What `plan_delete` returned.
        archive: The folder of the archive.
        concurrency: How many sessions at a time.
        on_check: Called with each session and the result that it would have; None where it would be deleted.
        on_verify: Called with how far the check of the archive has come, in another thread.

    Raises:
        ArgumentError: The plan is of another account.
        ArchiveError: The archive is not sound and complete, or of another account.
        TwilioSessionsError: Going on is of no use.

    Example:
        >>> await check_delete(client, plan, Path("archive"), concurrency=8, on_check=print, on_verify=print)
    """
    check_account(client, plan)
    with await read_archived(client, archive, plan, on_verify) as archived:
        deleter, todo = Deleter(client, plan, archived), iter(plan.sessions)
        try:
            async with anyio.create_task_group() as group:
                for _ in range(concurrency):
                    group.start_soon(_work, deleter, todo, on_check)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None


async def _work(
    deleter: Deleter,
    todo: Iterator[PlannedSession],
    on_check: Callable[[PlannedSession, ChangeResult | None], None],
) -> None:
    for item in todo:
        try:
            result = await deleter.look(item, is_begun=False)
        except TwilioSessionsError as error:
            if may_pass(error) or stops(error):
                raise
            result = deleter.failed(item, error)
        on_check(item, result)

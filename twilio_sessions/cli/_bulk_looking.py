"""What changes nothing: listing sessions for a bulk change, and looking at them for `--dry-run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import attrs

from twilio_sessions import bulk
from twilio_sessions.bulk._check import check_delete
from twilio_sessions.bulk._request import other_action
from twilio_sessions.cli import _codes
from twilio_sessions.cli._bulk_progress import checking_words
from twilio_sessions.cli._bulk_screen import print_checks, print_plan
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.client import AsyncClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path
    from typing import Literal

    from twilio_sessions.bulk import ChangePlan, ChangeResult, PlannedSession
    from twilio_sessions.cli._bulk_asked import BulkOutput, Chosen, How

__all__ = ["NOTHING_CHANGED", "planned", "print_rows", "rehearse_delete"]

NOTHING_CHANGED: Final = "nothing was changed: this was --dry-run"


def planned(action: Literal["close", "delete"], chosen: Chosen, how: How) -> ChangePlan | int:
    """Return the plan: of the journal where nothing else is said, else listed now; or the code of its end.

    Raises:
        JournalError: The journal is of something else.
        TwilioSessionsError: The sessions cannot be listed.
    """
    if chosen.is_empty and how.journal is not None:
        plan = bulk.load_plan(how.journal)
        if plan.action != action:
            raise other_action(str(how.journal), plan.action, action)
        return plan
    where = chosen.where()
    found: list[ChangePlan] = []

    async def work(tell: Callable[[str], None]) -> None:
        make = bulk.plan_close if action == "close" else bulk.plan_delete
        async with AsyncClient(rate_limit=how.rate_limit, trust_env=True) as client:
            plan = await make(
                client,
                chosen.service,
                where,
                journal=how.journal,
                on_listed=lambda count: tell(f"listing sessions: {count:,} so far"),
            )
            found.append(plan)

    code = anyio.run(_looking, work, "listing sessions ...", how)
    return found[0] if code == _codes.OK else code


def rehearse_delete(plan: ChangePlan, archive: Path, how: How, output_format: BulkOutput) -> int:
    """Say of each session whether it would be deleted: what the archive has of it, and what it is now.

    Raises:
        ArchiveError: The archive is not sound and complete, or of another account.
        TwilioSessionsError: The sessions cannot be looked at.
    """
    results: dict[str, ChangeResult | None] = {}

    async def work(tell: Callable[[str], None]) -> None:
        def note(session: PlannedSession, result: ChangeResult | None) -> None:
            results[session.sid] = result
            tell(f"looking at sessions: {len(results):,} of {len(plan.sessions):,}")

        async with AsyncClient(rate_limit=how.rate_limit, trust_env=True) as client:
            await check_delete(
                client,
                plan,
                archive,
                concurrency=how.concurrency,
                on_check=note,
                on_verify=lambda progress: tell(checking_words(progress)),
            )

    code = anyio.run(_looking, work, "checking the archive ...", how)
    if code == _codes.OK:
        _tell(plan, [results[each.sid] for each in plan.sessions], archive, output_format)
    return code


async def _looking(work: Callable[[Callable[[str], None]], Awaitable[None]], title: str, how: How) -> int:
    """Do some work that changes nothing, showing how far it is."""
    console = errors()

    async def show() -> int:
        with console.status(title) as status:
            await work(status.update)
            # A Ctrl-C of this moment is heard before anything is changed.
            await anyio.lowlevel.checkpoint()
        return _codes.OK

    async def hide() -> int:
        await work(lambda _: None)
        await anyio.lowlevel.checkpoint()
        return _codes.OK

    words = "interrupted; nothing was changed"
    return await interruptible(
        show if console.is_terminal and how.progress == "auto" else hide,
        last_words=words,
        farewell=lambda: console.print(words),
    )


def _tell(
    plan: ChangePlan, results: list[ChangeResult | None], archive: Path, output_format: BulkOutput
) -> None:
    if output_format == "text":
        print_plan(output(), plan)
        print_checks(output(), results, archive)
        output().print(NOTHING_CHANGED)
        return
    print_rows(map(_facts, plan.sessions, results), output_format)


def _facts(session: PlannedSession, result: ChangeResult | None) -> dict[str, object]:
    facts: dict[str, object] = attrs.asdict(session)
    facts["would_be"] = "deleted" if result is None else result.outcome
    facts["why"] = None if result is None else result.why
    return facts


def print_rows(rows: Iterable[dict[str, object]], output_format: BulkOutput) -> None:
    """Print rows for programs: a line for each, or one JSON array."""
    lines = map(to_json, rows)
    text = "".join(f"{line}\n" for line in lines)
    if output_format == "json":
        text = "[\n" + text.rstrip("\n").replace("\n", ",\n") + "\n]\n"
    sys.stdout.write(text)
    sys.stdout.flush()

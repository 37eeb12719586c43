"""What changes nothing: listing sessions for a bulk change, and looking at them for `--dry-run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import attrs

from twilio_sessions import bulk
from twilio_sessions.bulk._check import check_delete
from twilio_sessions.bulk._plan import PlannedSession, check_account, not_found
from twilio_sessions.bulk._request import other_action
from twilio_sessions.cli import _codes
from twilio_sessions.cli._bulk_progress import checking_words
from twilio_sessions.cli._bulk_screen import print_checks, print_plan
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.client import AsyncClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from pathlib import Path
    from typing import Literal

    from twilio_sessions.bulk import ChangePlan, ChangeResult, Outcome
    from twilio_sessions.cli._bulk_asked import BulkOutput, Chosen, How

__all__ = ["NOTHING_CHANGED", "plan_rows", "print_rows", "rehearse_delete", "with_plan"]

NOTHING_CHANGED: Final = "nothing was changed: this was --dry-run"
_COLUMNS: Final = tuple(field.name for field in attrs.fields(PlannedSession))


def with_plan(
    action: Literal["close", "delete"], chosen: Chosen, how: How, go_on: Callable[[ChangePlan], int]
) -> int:
    """Go on with the plan, that of the journal where nothing else is said, else listed now.

    The exit code is that of going on, or of the signal that interrupted the listing.

    Raises:
        ArgumentError: The journal is of another account, or an option cannot be right.
        JournalError: The journal is of something else.
        TwilioSessionsError: The sessions cannot be listed.
    """
    if chosen.is_empty and how.journal is not None:
        return go_on(_loaded(action, how.journal))
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
    return go_on(found[0]) if code == _codes.OK else code


def _loaded(action: str, journal: Path) -> ChangePlan:
    plan = bulk.load_plan(journal)
    if plan.action != action:
        raise other_action(str(journal), plan.action, action)

    async def check() -> None:
        async with AsyncClient(trust_env=True) as client:
            check_account(client, plan)

    # The change itself finds out as well, but --dry-run should, too, and nobody is asked in vain.
    anyio.run(check)
    return plan


def rehearse_delete(plan: ChangePlan, archive: Path, how: How, output_format: BulkOutput) -> int:
    """Say of each session whether it would be deleted: what the archive has of it, and what it is now.

    The exit code is that for incomplete where that cannot be said of all.

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
    if code != _codes.OK:
        return code
    return _tell(plan, [results[each.sid] for each in plan.sessions], archive, output_format)


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
    plan: ChangePlan, looks: Sequence[ChangeResult | None], archive: Path, output_format: BulkOutput
) -> int:
    results = [*looks, *not_found(plan)]
    if output_format == "text":
        print_plan(output(), plan)
        print_checks(output(), results, archive)
        output().print(NOTHING_CHANGED)
    else:
        print_rows([*map(_looked_at, plan.sessions, looks), *_missing_rows(plan)], output_format)
    is_failed = any(each is not None and each.outcome == "failed" for each in results)
    return _codes.INCOMPLETE if is_failed else _codes.OK


def _looked_at(session: PlannedSession, result: ChangeResult | None) -> dict[str, object]:
    if result is None:
        return _facts(session, would_be="deleted", why=None)
    return _facts(session, would_be=result.outcome, why=result.why)


def _facts(session: PlannedSession, *, would_be: Outcome | None, why: str | None) -> dict[str, object]:
    facts: dict[str, object] = attrs.asdict(session)
    return facts | {"would_be": would_be, "why": why}


def plan_rows(plan: ChangePlan) -> list[dict[str, object]]:
    """Return rows for programs, of what was listed only: nobody has looked what would become of it."""
    listed = [_facts(session, would_be=None, why=None) for session in plan.sessions]
    return [*listed, *_missing_rows(plan)]


def _missing_rows(plan: ChangePlan) -> list[dict[str, object]]:
    """Return rows with the members of the others: a program reads all of them alike."""
    facts = [{"sid": each.sid, "would_be": each.outcome, "why": each.why} for each in not_found(plan)]
    return [{**dict.fromkeys(_COLUMNS), **each} for each in facts]


def print_rows(rows: Iterable[dict[str, object]], output_format: BulkOutput) -> None:
    """Print rows for programs: a line for each, or one JSON array."""
    lines = map(to_json, rows)
    text = "".join(f"{line}\n" for line in lines)
    if output_format == "json":
        text = "[\n" + text.rstrip("\n").replace("\n", ",\n") + "\n]\n"
    sys.stdout.write(text)
    sys.stdout.flush()

"""The option `--estimate`: how long an export will take, as a table or as JSON; nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from twilio_sessions.cli import _codes
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import estimate_facts, to_json
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._words import counted, duration
from twilio_sessions.client import AsyncClient
from twilio_sessions.export import estimate

if TYPE_CHECKING:
    from rich.console import Console

    from twilio_sessions.cli._asked import Asked
    from twilio_sessions.export import Estimate, PartitionEstimate

__all__ = ["print_estimate", "run_estimate", "tell_estimate"]

_SHOWN: Final = 20
# Names of services are shown where there is room for them, and how many requests; SIDs always are.
_ROOM_FOR_NAMES: Final = 100
_ROOM_FOR_REQUESTS: Final = 70


async def run_estimate(asked: Asked) -> int:
    """Estimate for one account."""
    asked.check()
    return await interruptible(
        lambda: _estimate(asked), last_words="interrupted", farewell=lambda: errors().print("interrupted")
    )


async def _estimate(asked: Asked) -> int:
    async with AsyncClient(rate_limit=asked.rate_limit, trust_env=True) as client:
        estimated = await estimate(client, asked.selection(), concurrency=asked.concurrency)
    tell_estimate(asked, estimated)
    return _codes.OK


def tell_estimate(asked: Asked, estimated: Estimate, account: str = "") -> None:
    """Print an estimate in the form that was asked for."""
    if asked.is_for_programs:
        facts = estimate_facts(estimated)
        print(to_json({"account": account, **facts} if account else facts))  # noqa: T201 - the output
    else:
        print_estimate(output(), estimated)


def print_estimate(console: Console, estimated: Estimate) -> None:
    """Print what takes how long, the longest first, and what bounds the whole."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("service", overflow="fold")
    with_names = console.width >= _ROOM_FOR_NAMES and any(each.name for each in estimated.partitions)
    if with_names:
        table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=30)
    with_requests = console.width >= _ROOM_FOR_REQUESTS
    for heading in ("sessions", *(["requests"] if with_requests else []), "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in estimated.partitions[:_SHOWN]:
        table.add_row(*_row(each, with_names=with_names, with_requests=with_requests))
    console.print(table)
    more = estimated.partitions[_SHOWN:]
    if more:
        console.print(f"and {len(more):,} more, {duration(more[0].seconds)} or less each")
    for skipped in estimated.skipped:
        console.print(f"left out: {skipped.what}: {skipped.why}", style="yellow", markup=False)
    sessions, requests = counted(estimated.sessions, "session"), counted(estimated.requests, "request")
    console.print(
        Text.assemble(f"{sessions}, {requests}: ", (f"{duration(estimated.seconds)} or more", "bold"))
    )
    console.print(f"why: {estimated.why}", markup=False)


def _row(each: PartitionEstimate, *, with_names: bool, with_requests: bool) -> list[str]:
    return [
        each.partition.service_sid or each.partition.product,
        *([each.name or ""] if with_names else []),
        f"{each.sessions:,}",
        *([f"{each.total_requests:,}"] if with_requests else []),
        duration(each.seconds) if each.seconds >= 1 else "<1 s",
    ]

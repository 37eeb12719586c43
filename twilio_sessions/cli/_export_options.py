"""The options of the command `export`, and which of its ways they choose."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - cyclopts reads the annotations when it runs
from typing import Annotated

from cyclopts import Parameter

from twilio_sessions.cli._accounts import estimate_accounts, export_accounts
from twilio_sessions.cli._advice import command_line
from twilio_sessions.cli._asked import Asked, Compression, names, to_date
from twilio_sessions.cli._estimate import run_estimate
from twilio_sessions.cli._export import run_export
from twilio_sessions.cli._progress import ProgressMode  # noqa: TC001 - cyclopts reads the annotations, too
from twilio_sessions.export import DEFAULT_CONCURRENCY, DEFAULT_PATIENCE, Format
from twilio_sessions.export._plan import DEFAULT_PART_ROWS

__all__ = ["export"]


async def export(  # noqa: PLR0913 - each is an option
    *,
    out: Path,
    service: Annotated[tuple[str, ...], Parameter(show_default=False)] = (),
    product: Annotated[str | None, Parameter(metavar="NAMES")] = None,
    include: Annotated[str | None, Parameter(metavar="NAMES")] = None,
    status: Annotated[str | None, Parameter(metavar="NAMES")] = None,
    created_after: Annotated[str | None, Parameter(metavar="DATE")] = None,
    created_before: Annotated[str | None, Parameter(metavar="DATE")] = None,
    concurrency: int = DEFAULT_CONCURRENCY,
    compress: Compression = "zstd",
    part_rows: int = DEFAULT_PART_ROWS,
    to: Format | None = None,
    since_last: Annotated[bool, Parameter(show_default=False)] = False,
    estimate: Annotated[bool, Parameter(show_default=False)] = False,
    accounts: Path | None = None,
    patience: float = DEFAULT_PATIENCE,
    progress: ProgressMode = "auto",
    quiet: Annotated[bool, Parameter(show_default=False)] = False,
    rate_limit: Annotated[bool, Parameter(negative="--no-rate-limit", show_default=False)] = True,
) -> int:
    """Export sessions and what belongs to them to a folder, one JSON line per row, as Twilio sent it.

    Credentials come from TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, from TWILIO_API_KEY and
    TWILIO_API_SECRET, or from a profile. Whatever interrupts it, the same command goes on where it ended.

    Example: twilio-sessions export --out ./archive

    Parameters
    ----------
    out
        The folder of the archive: a new or empty one, or that of the same export begun earlier.
    service
        SID or unique name of a Proxy service; repeat for more. By default all.
    product
        proxy, assistants, or both with a comma. By default both; only proxy if services are named.
    include
        Names with commas, or all: phone-numbers, participants, interactions, message-interactions, messages.
        Services and sessions always are. By default all but message-interactions, which are among the
        interactions as well.
    status
        Only Proxy sessions with one of these, with commas: open, in-progress, closed, failed, unknown.
    created_after
        Only Proxy sessions created then or later, such as 2026-01-31; UTC unless it says otherwise.
    created_before
        Only Proxy sessions created before then.
    concurrency
        Listings read at once.
    compress
        How rows are stored: .ndjson.zst, or plain .ndjson with none.
    part_rows
        After so many rows the next files begin.
    to
        Make this of the archive, too, when it is complete.
    since_last
        Add to the archive what is new or has changed since it was made, asking for the same as then. What
        belongs to a session is read only where the session is new or has changed.
    estimate
        Only list services and sessions, and say how long the export will take, and why. Writes nothing.
    accounts
        Export all accounts of this TOML file at once, each to a folder of its own below --out.
    patience
        Seconds to go on trying when Twilio cannot be reached any more.
    progress
        auto shows progress on a terminal; json writes a line of JSON to standard error every 2 seconds, and
        the result as JSON to standard output.
    quiet
        Show errors only.
    rate_limit
        Keep Twilio's published limit, 30 requests/s for each endpoint of a service, which is the default;
        only a local Twilio answers more.
    """
    asked = Asked(
        command=command_line(*sys.argv[1:]),
        out=out,
        services=service,
        products=names(product),
        include=names(include),
        statuses=names(status) or (),
        created_after=to_date("--created-after", created_after),
        created_before=to_date("--created-before", created_before),
        compress=compress,
        part_rows=part_rows,
        concurrency=concurrency,
        patience=patience,
        rate_limit=rate_limit,
        to=to,
        progress=progress,
        quiet=quiet,
        since_last=since_last,
    )
    if accounts is not None:
        return await (estimate_accounts if estimate else export_accounts)(asked, accounts)
    return await (run_estimate if estimate else run_export)(asked)

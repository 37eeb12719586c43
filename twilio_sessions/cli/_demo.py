"""The command `demo`: a local Twilio, an export of all of it, and a check of every row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread
from rich.console import Console

from twilio_sessions.cli._progress import ExportBar, print_summary
from twilio_sessions.client import AsyncClient
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import RowCount, count_rows, export

__all__ = ["run_demo"]


async def run_demo(*, out: Path | None, services: int, sessions: int) -> int:
    """Run the whole main job once; the exit code says whether every row arrived exactly once."""
    console = Console(stderr=True, highlight=False)
    try:
        seed = Seed(services=services, sessions=sessions)
    except ValueError as error:
        raise ArgumentError(str(error), argument="demo") from None
    async with Emulator(seed=seed) as emulator:
        console.print(
            f"a local Twilio runs at {emulator.base_url}: {services} services, {sessions:,} sessions"
        )
        expected = _expected(emulator)
        folder = out or _new_folder()
        told = emulator.environment()
        async with AsyncClient(
            told["TWILIO_ACCOUNT_SID"],
            told["TWILIO_AUTH_TOKEN"],
            proxy_url=emulator.base_url,
            assistants_url=emulator.base_url,
            # The local Twilio keeps no limit here; at the published one this would take a minute.
            rate_limit=False,
        ) as client:
            with ExportBar(total_rows=sum(expected.values())) as bar:
                report = await export(client, folder, on_progress=bar.update)
    print_summary(report, expected)
    found = await anyio.to_thread.run_sync(count_rows, folder)
    wrong = [
        name for name, count in expected.items() if found.get(name, RowCount(0, 0)) != RowCount(count, count)
    ]
    if not wrong:
        console.print("every row arrived exactly once", style="green")
        return 0
    for name in wrong:
        console.print(f"{name}: expected {expected[name]} rows, found {found.get(name)}", style="red")
    return 1


def _expected(emulator: Emulator) -> dict[str, int]:
    """Return what the local Twilio holds of what an export takes, by the export's names."""
    counts = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    # They are counted among the interactions, where an export finds them.
    del counts["message-interactions"]
    return counts


def _new_folder() -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Path(f"twilio-sessions-demo-{stamp}")

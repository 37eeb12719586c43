"""The command `demo`: a local Twilio, an export of all of it, and a check of every row."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread

from twilio_sessions.cli._advice import command_line
from twilio_sessions.cli._codes import FAILED, OK
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._progress import Watcher, display_for
from twilio_sessions.cli._summary import print_next, print_summary
from twilio_sessions.client import AsyncClient
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import RowCount, count_rows, export

__all__ = ["run_demo"]


async def run_demo(*, out: Path | None, services: int, sessions: int) -> int:
    """Run the whole main job once; the exit code says whether every row arrived exactly once."""
    try:
        seed = Seed(services=services, sessions=sessions)
    except ValueError as error:
        raise ArgumentError(str(error), argument="demo") from None
    return await interruptible(
        lambda: _demo(seed, out or _new_folder()),
        last_words="stopped at once",
        farewell=lambda: errors().print("interrupted; the local Twilio is gone, begin anew"),
    )


async def _demo(seed: Seed, folder: Path) -> int:
    async with Emulator(seed=seed) as emulator:
        holds = f"{seed.services} services, {seed.sessions:,} sessions"
        errors().print(f"a local Twilio runs at {emulator.base_url}: {holds}")
        expected = _expected(emulator)
        told = emulator.environment()
        async with (
            AsyncClient(
                told["TWILIO_ACCOUNT_SID"],
                told["TWILIO_AUTH_TOKEN"],
                proxy_url=emulator.base_url,
                assistants_url=emulator.base_url,
                # The local Twilio keeps no limit here; at the published one this would take a minute.
                rate_limit=False,
            ) as client,
            Watcher(display_for("auto", f"exporting to {folder}")) as watcher,
        ):
            report = await export(client, folder, on_progress=watcher.of())
    print_summary(output(), report, account=None, is_complete=report.is_complete, expected=expected)
    return await _check(folder, expected)


async def _check(folder: Path, expected: dict[str, int]) -> int:
    found = await anyio.to_thread.run_sync(count_rows, folder)
    wrong = [
        name for name, count in expected.items() if found.get(name, RowCount(0, 0)) != RowCount(count, count)
    ]
    for name in wrong:
        errors().print(f"{name}: expected {expected[name]} rows, found {found.get(name)}", style="red")
    if wrong:
        return FAILED
    print_next(output(), [("check:", command_line("verify", folder))])
    errors().print("every row arrived exactly once", style="green")
    return OK


def _expected(emulator: Emulator) -> dict[str, int]:
    """Return what the local Twilio holds of what an export takes, by the export's names."""
    counts = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    # They are counted among the interactions, where an export finds them.
    del counts["message-interactions"]
    return counts


def _new_folder() -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Path(f"twilio-sessions-demo-{stamp}")

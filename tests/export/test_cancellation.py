"""An export cancelled at any of its await points: nothing is left behind, and the next run is exact."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, get_args

import pytest
from archives import client_of, rows_held, rows_in
from cancelling import How, strike
from interruption import quiet
from served import emulated

from twilio_sessions import ExportIncompleteError
from twilio_sessions.emulator import Seed
from twilio_sessions.export import commit, export, export_partition, select
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator

# One point in so many is struck, each kind of strike at others; with TWILIO_SESSIONS_SOAK every one is.
STRIDE = 1 if os.environ.get("TWILIO_SESSIONS_SOAK") else 23
SELECTION = select(include=["all"], part_rows=40)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A local Twilio in a loop of its own, so that every task of the test's loop is the export's."""
    with emulated(
        Seed(services=2, sessions=5, participants=6, interactions=130, assistants_sessions=2, random_seed=1)
    ) as one:
        yield one


async def sweep(run: Callable[[Path], Awaitable[None]], how: How, folder: Path) -> dict[int, Path]:
    """Strike a run at one point after the other, each in a folder of its own; return what was made anew."""
    tasks = asyncio.all_tasks()
    at = 1 + list(get_args(How)).index(how) * STRIDE // 3
    made: dict[int, Path] = {}
    while True:
        out = made[at] = folder / str(at)
        outcome = await strike(run(out), at, how)  # type: ignore[arg-type]
        # At once: a thread that still wrote would be seen in what follows.
        if outcome.error is not None:
            assert isinstance(outcome.error, asyncio.CancelledError | ExportIncompleteError), at
            await run(out)
        await quiet()
        assert asyncio.all_tasks() == tasks, f"point {at}: a task is left"
        with DiskFolder(out).lock():
            pass
        if outcome.steps < at:
            return made
        at += STRIDE


# What is not begun when all tasks are cancelled at once anyio does not close.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.timeout(180 if STRIDE > 1 else 1200),
    pytest.mark.parametrize("how", get_args(How)),
]


async def test_a_whole_export(emulator: Emulator, tmp_path: Path, how: How):
    async def run(out: Path) -> None:
        async with client_of(emulator.base_url) as client:
            await export(client, out, include=["all"], part_rows=40)

    made, expected = await sweep(run, how, tmp_path), rows_held(emulator)
    assert len(made) > 150 // STRIDE
    for at, out in made.items():
        assert rows_in(out) == expected, f"point {at}"


async def test_a_partition_alone(emulator: Emulator, tmp_path: Path, how: How):
    """The call itself waits for the disk here, and not only tasks that it began."""
    service = max(emulator.store.services, key=lambda each: len(each.sessions)).sid
    partition = SELECTION.partition("proxy", service, emulator.account_sid)

    async def run(out: Path) -> None:
        async with client_of(emulator.base_url) as client:
            await export_partition(client, partition, out)

    made, held = await sweep(run, how, tmp_path), rows_held(emulator)
    assert len(made) > 60 // STRIDE
    mine = f'"service_sid":"{service}"'.encode()
    expected = {name: [row for row in rows if mine in row] for name, rows in held.items()}
    for at, out in made.items():
        commit(out, [partition], SELECTION)
        assert rows_in(out) == expected, f"point {at}"

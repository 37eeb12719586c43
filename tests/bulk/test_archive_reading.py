"""The archive of a delete is read in a thread: whose it is, and that it ends when nobody waits any more."""

from __future__ import annotations

import itertools
import threading
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import attrs
import pytest
from changed import deletions, services_of

from twilio_sessions import ArchiveError, AsyncClient
from twilio_sessions.bulk import delete, load_plan, plan_delete
from twilio_sessions.export import export
from twilio_sessions.export._archive import Archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.bulk import ChangePlan
    from twilio_sessions.emulator import Emulator


async def test_it_ends_soon_when_it_is_cancelled(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """An archive that takes long: a thread that listens does not come to the end of it."""
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = await plan_delete(client, services_of(emulator)[0].sid)
    begun, left = threading.Event(), threading.Event()

    def many(*_: object) -> Iterator[bytes]:
        begun.set()
        try:
            yield from itertools.repeat(b'{"sid":"KC"}', 5_000_000)
        except GeneratorExit:
            left.set()
            raise

    monkeypatch.setattr(Archive, "rows_of", many)
    async with anyio.create_task_group() as group:
        group.start_soon(_delete, client, plan, tmp_path)
        await anyio.to_thread.run_sync(begun.wait)
        group.cancel_scope.cancel()
    assert left.is_set(), "the thread was waited for, and did not read on"
    monkeypatch.undo()
    assert not deletions(emulator)
    # The journal says what is true: nothing was done.
    report = await delete(
        client, load_plan(tmp_path / "j"), journal=tmp_path / "j", archive=tmp_path / "archive"
    )
    assert (report.done_before, report.counts) == (0, {"deleted": len(plan.sessions)})


async def _delete(client: AsyncClient, plan: ChangePlan, where: Path) -> None:
    await delete(client, plan, journal=where / "j", archive=where / "archive")


async def test_an_archive_of_another_account_than_the_clients(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    """A plan that does not say whose it is, is that of whoever deletes."""
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = attrs.evolve(await plan_delete(client, services_of(emulator)[0].sid), account_sid=None)
    other = AsyncClient(
        "AC" + "9" * 32, "a token", proxy_url=emulator.base_url, assistants_url=emulator.base_url
    )
    async with other:
        with pytest.raises(ArchiveError, match=r"is an archive of AC\w+, and the sessions are of AC9999"):
            await delete(other, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert not deletions(emulator)

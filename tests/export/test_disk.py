"""Disks that are full, read-only or slow, and folders that somebody else holds or has prepared."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import textwrap
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from archives import client_of, emulator_of, rows_held, rows_in
from watching import anyio_backend  # noqa: F401 - a fixture

from twilio_sessions import ArchiveError, ArchiveLockedError, AuthenticationError, ExportIncompleteError
from twilio_sessions.emulator import Fault, Seed
from twilio_sessions.export import _commits as commits
from twilio_sessions.export import export
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator

SEED = Seed(services=2, sessions=60, assistants_sessions=5, random_seed=5)
SUPPORT = os.path.join(os.path.dirname(__file__), "..", "support")  # noqa: PTH118, PTH120 - for an environment


@asynccontextmanager
async def twilio() -> AsyncGenerator[tuple[Emulator, AsyncClient]]:
    async with emulator_of(SEED) as emulator, client_of(emulator.base_url) as client:
        yield emulator, client


async def run(client: AsyncClient, out: Path, **options: Any) -> None:
    chosen: dict[str, Any] = {"include": ["all"], "compress": "none", "part_rows": 75}
    await export(client, out, **chosen | options)


@pytest.mark.parametrize("after", [0, 1, 4, 12])
@pytest.mark.parametrize("step", ["write", "sync", "rename", "sync_folder"])
async def test_a_step_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, after: int):
    """Whichever step finds the disk full, nothing more is written, and the next run goes on exactly."""
    steps, failed = 0, 0
    real = getattr(DiskFolder, step)

    def fail(folder: DiskFolder, *arguments: Any) -> None:
        nonlocal steps, failed
        steps += 1
        if steps > after:
            failed += 1
            if step == "write" and arguments[2]:
                # As much as there is room for is written before the disk says that it is full.
                real(folder, *arguments[:2], arguments[2][: len(arguments[2]) // 2])
            raise OSError(28, "No space left on device", str(folder.path))
        real(folder, *arguments)

    async with twilio() as (emulator, client):
        with monkeypatch.context() as patch:
            patch.setattr(DiskFolder, step, fail)
            with pytest.raises(OSError, match="No space left on device"):
                await run(client, tmp_path)
        # One for each partition that was writing at that moment, and one for the manifest.
        assert 1 <= failed <= 6
        await run(client, tmp_path)
        assert rows_in(tmp_path) == rows_held(emulator)


CHILD = """
    import asyncio, errno, pathlib, resource, signal, subprocess, sys
    from archives import client_of, emulator_of, rows_held, rows_in
    from twilio_sessions.export import export
    from test_disk import SEED, run

    async def main(out, limit, free):
        async with emulator_of(SEED) as emulator, client_of(emulator.base_url) as client:
            limit()
            try:
                await run(client, out)
            except OSError as error:
                print(errno.errorcode[error.errno], error.filename or "", flush=True)
            else:
                raise SystemExit("it was not noticed")
            free()
            await run(client, out)
            assert rows_in(out) == rows_held(emulator)

    out = pathlib.Path(sys.argv[1])
"""


def child(tmp_path: Path, script: str, *before: str) -> str:
    """Run a script with an export that fails and one that goes on; return what it said of the failure."""
    command = [*before, sys.executable, "-c", textwrap.dedent(CHILD) + textwrap.dedent(script), str(tmp_path)]
    path = os.pathsep.join([SUPPORT, os.path.dirname(__file__)])  # noqa: PTH120
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path, "PYTHONASYNCIODEBUG": ""},
        capture_output=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no such limits here")
def test_files_must_not_grow(tmp_path: Path):
    """As under `ulimit -f`: what does not fit is said, and fits later."""
    said = child(
        tmp_path,
        """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, most))
        free = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        asyncio.run(main(out, limit, free))
        """,
    )
    assert said.startswith("EFBIG")


def can_mount() -> bool:
    command = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"]
    return (
        bool(shutil.which("unshare"))
        and not subprocess.run(command, capture_output=True, check=False).returncode
    )


needs_mounts = pytest.mark.skipif(not can_mount(), reason="file systems must not be mounted here")


@needs_mounts
@pytest.mark.parametrize("kilobytes", [16, 100, 300])
def test_a_full_file_system(tmp_path: Path, kilobytes: int):
    said = child(
        tmp_path,
        f"""
        mount = lambda *options: subprocess.run(["mount", *options, "tmpfs", str(out)], check=True)
        mount("-t", "tmpfs", "-o", "size={kilobytes}k")
        asyncio.run(main(out / "archive", lambda: None, lambda: mount("-o", "remount,size=50m")))
        """,
        *("unshare", "-rm"),
    )
    assert said.startswith("ENOSPC")


@needs_mounts
def test_a_read_only_file_system(tmp_path: Path):
    said = child(
        tmp_path,
        """
        mount = lambda *options: subprocess.run(["mount", *options, "tmpfs", str(out)], check=True)
        mount("-t", "tmpfs")
        readonly, writable = (lambda: mount("-o", "remount,ro")), (lambda: mount("-o", "remount,rw"))
        asyncio.run(main(out / "archive", readonly, writable))
        (out / "other").mkdir()
        asyncio.run(main(out / "other", readonly, writable))
        """,
        *("unshare", "-rm"),
    )
    assert said.splitlines() == [f"EROFS {tmp_path}/archive", f"EROFS {tmp_path}/other/.lock"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_is_not_ours_to_write(tmp_path: Path):
    folder = anyio.Path(tmp_path)
    await folder.chmod(0o500)
    async with twilio() as (emulator, client):
        with pytest.raises(PermissionError):
            await run(client, tmp_path)
        assert len(emulator.requests) == 0
        await folder.chmod(0o700)
        await run(client, tmp_path)


async def test_two_exports_to_one_folder(tmp_path: Path):
    async with twilio() as (emulator, client):
        emulator.faults.add(Fault("delay", delay=0.3))
        first = asyncio.create_task(run(client, tmp_path))
        while not emulator.requests:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        with pytest.raises(ArchiveLockedError, match="is being written to by another process; wait until"):
            await run(client, tmp_path)
        await first
        assert rows_in(tmp_path) == rows_held(emulator)


@pytest.mark.parametrize("planted", ["proxy", "assistants", "proxy/services-00000.ndjson", "plan.json"])
async def test_links_that_somebody_planted(tmp_path: Path, planted: str):
    """In a folder that others could write to before: nothing goes where they point."""
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.mkdir()
    (out / planted).parent.mkdir(parents=True)
    (out / planted).symlink_to(victim)
    async with twilio() as (_, client):
        with pytest.raises(ArchiveError, match=r"is no archive|is a link|must be a folder"):
            await run(client, out)
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize("planted", ["proxy", "assistants"])
async def test_links_planted_after_the_plan_was_made(tmp_path: Path, planted: str):
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.mkdir()
    async with twilio() as (emulator, client):
        emulator.faults.add(Fault("answer", status=401, operation="sessions.list", times=None))
        with pytest.raises(AuthenticationError):
            await run(client, out)
        shutil.rmtree(out / planted, ignore_errors=True)
        (out / planted).symlink_to(victim)
        emulator.faults.clear()
        with pytest.raises(ExportIncompleteError, match="must be a folder, and it is something else"):
            await run(client, out)
    assert list(victim.iterdir()) == []


async def test_a_disk_slower_than_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What is read and not yet written is bounded; the network waits."""
    monkeypatch.setattr(commits, "_MOST_PENDING", 40_000)
    write, most = DiskFolder.write, 0

    def slow(folder: DiskFolder, name: str, offset: int, data: bytes) -> None:
        time.sleep(0.02 + len(data) / 1_000_000)
        write(folder, name, offset, data)

    added, largest = commits.Commits.added, 0

    def watch(self: commits.Commits, size: int) -> None:
        nonlocal most, largest
        added(self, size)
        most, largest = max(most, self.backlog.size), max(largest, size)

    monkeypatch.setattr(DiskFolder, "write", slow)
    monkeypatch.setattr(commits.Commits, "added", watch)
    async with twilio() as (emulator, client):
        await run(client, tmp_path, concurrency=4)
        rows = rows_in(tmp_path)
        assert rows == rows_held(emulator)
    # The limit, and a page of each who was reading when it was reached: for each partition and resource one,
    # and four more at most.
    assert 40_000 < most <= 40_000 + (4 + 4) * largest
    assert most < sum(len(row) for each in rows.values() for row in each) / 2

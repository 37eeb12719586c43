"""When what was read is made durable, and what happens when that is slow, fails or is interrupted."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import anyio
import pytest
from journals import add, open_again, rows_of
from powerloss import MemoryFolder

from twilio_sessions.export import _commits as module
from twilio_sessions.export._commits import Backlog, Commits

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = b'{"sid":"KC1"}'


class Disk(MemoryFolder):
    """A disk that takes its time, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        self.error: OSError | None = None
        self.go_on = threading.Event()
        self.go_on.set()
        self.writing = threading.Event()
        self.commits = 0

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.writing.set()
        time.sleep(self.seconds)
        assert self.go_on.wait(10)
        if self.error is not None:
            raise self.error
        super().write(name, offset, data)

    def rename(self, old: str, new: str) -> None:
        self.commits += 1
        super().rename(old, new)


class Bench:
    """A journal on such a disk, and what commits it."""

    def __init__(self, backlog: Backlog | None = None) -> None:
        self.disk = Disk()
        self.journal = open_again(self.disk)
        self.disk.commits = 0
        self.disk.writing.clear()
        self.noticed = 0
        self.commits = Commits(self.journal, backlog or Backlog(), self.notice)

    def notice(self) -> None:
        self.noticed += 1

    def add(self, count: int = 1, size: int = 0) -> None:
        rows = [ROW.ljust(size)] * count
        add(self.journal, "sessions", rows)
        self.commits.added(sum(map(len, rows)))

    @property
    def durable(self) -> int:
        return self.journal.durable.rows("sessions")


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.001)


async def test_what_is_added_becomes_durable_and_that_is_told(bench: Bench):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        for count in range(1, 4):
            bench.add()
            await until(lambda count=count: bench.durable == count)  # type: ignore[misc]
        await until(lambda: bench.noticed == 3)
        tasks.cancel_scope.cancel()
    assert rows_of(bench.journal, "sessions") == [ROW] * 3
    assert bench.commits.backlog.size == 0


async def test_nothing_new_is_no_commit(bench: Bench):
    await bench.commits.commit()
    assert bench.disk.commits == bench.noticed == 0


async def test_a_commit_of_somebody_else_in_between(bench: Bench):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        for count in range(1, 6):
            # While nothing is there to be committed, and the run waits for that to change.
            await asyncio.sleep(0.01)
            await bench.commits.commit()
            bench.add()
            await until(lambda count=count: bench.durable == count)  # type: ignore[misc]
        tasks.cancel_scope.cancel()


async def test_what_comes_meanwhile_is_committed_together(bench: Bench):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        bench.disk.seconds = 0.01
        began = time.monotonic()
        for _ in range(100):
            bench.add()
            await asyncio.sleep(0.005)
        took = time.monotonic() - began
        tasks.cancel_scope.cancel()
    # Ten times as long as a commit takes is waited for more; without that there would be one per row.
    assert 1 <= bench.disk.commits <= 2 + took / 0.1
    await bench.commits.last()
    assert bench.durable == 100


async def test_much_is_committed_at_once(bench: Bench):
    bench.commits._wait = 60.0  # noqa: SLF001 - as after a commit that was very slow
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        bench.add(2, size=2_200_000)
        await until(lambda: bench.durable == 2)
        tasks.cancel_scope.cancel()


async def test_many_partitions_wait_longer(bench: Bench):
    backlog, alone = bench.commits.backlog, Bench()
    for each in (bench, alone):
        each.disk.seconds = 0.02
        backlog.writers = 50 if each is bench else 0
        each.add()
        await each.commits.commit()
    # Two writes each take so long, and ten times as much is waited for.
    assert 0.4 <= alone.commits._wait < 2.0  # noqa: SLF001
    assert bench.commits._wait == 5.0  # noqa: SLF001


@pytest.mark.parametrize("first", [True, False])
async def test_who_cannot_go_on_does_not_wait_for_other_partitions(bench: Bench, *, first: bool):
    bench.commits._wait = 60.0  # noqa: SLF001 - as with many partitions
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        if first:
            bench.commits.hurry()
        bench.add()
        await asyncio.sleep(0.01)
        bench.commits.hurry()
        await until(lambda: bench.durable == 1)
        # But it does wait for as long as it would alone.
        bench.commits._soon, bench.commits._wait = anyio.current_time() + 0.1, 60.0  # noqa: SLF001
        bench.add()
        bench.commits.hurry()
        await asyncio.sleep(0.05)
        assert bench.durable == 1
        await until(lambda: bench.durable == 2)
        tasks.cancel_scope.cancel()
    assert bench.commits.backlog.writers == 0


async def test_the_wait_has_its_bounds(bench: Bench):
    bench.add()
    await bench.commits.commit()
    assert 0.02 <= bench.commits._wait < 2.0  # noqa: SLF001
    bench.disk.seconds = 0.3
    bench.add()
    await bench.commits.commit()
    assert bench.commits._wait == 2.0  # noqa: SLF001


async def test_the_network_waits_for_the_disk(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_PENDING", 10_000)
    bench.disk.go_on.clear()
    most = 0

    async def read() -> None:
        nonlocal most
        for _ in range(50):
            bench.add(size=1000)
            most = max(most, bench.commits.backlog.size)
            await bench.commits.room()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.run)
        async with anyio.create_task_group() as readers:
            for _ in range(3):
                readers.start_soon(read)
            await until(bench.disk.writing.is_set)
            await asyncio.sleep(0.05)
            stuck = bench.commits.backlog.size
            await asyncio.sleep(0.05)
            # Nobody reads on while nothing is written, whatever became of the first.
            assert bench.commits.backlog.size == stuck
            bench.disk.go_on.set()
        tasks.cancel_scope.cancel()
    await bench.commits.last()
    assert bench.durable == 150
    # One page more for everybody who reads, at the moment when it became full, and once more for those
    # whose rows are being written.
    assert most <= 10_000 + 2 * 3 * 1000
    assert bench.commits.backlog.size == 0


async def test_a_partition_with_nothing_to_write_does_not_wait_for_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_MOST_PENDING", 100)
    backlog = Backlog()
    full, idle = Bench(backlog), Bench(backlog)
    full.add(size=1000)
    with anyio.fail_after(1):
        await idle.commits.room()
    full.commits.leave()
    # Otherwise what a partition leaves behind would slow down the others for ever.
    assert backlog.size == 0


async def test_a_failed_commit_is_the_last_one(bench: Bench):
    bench.disk.error = OSError(28, "No space left on device")
    bench.add()
    with pytest.raises(OSError, match="No space left"):
        await bench.commits.commit()
    bench.disk.error = None
    bench.add()
    # Rows that follow rows which are missing must not be written.
    await bench.commits.last()
    assert bench.durable == 0
    assert rows_of(open_again(bench.disk), "sessions") == []
    bench.commits.leave()
    assert bench.commits.backlog.size == 0


async def test_an_error_ends_the_run(bench: Bench):
    bench.disk.error = OSError(28, "No space left on device")
    bench.add()
    with pytest.raises(OSError, match="No space left"):
        await bench.commits.run()


async def test_a_commit_that_has_begun_is_not_cancelled(bench: Bench):
    bench.disk.go_on.clear()
    bench.add()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.commits.commit)
        await until(bench.disk.writing.is_set)
        tasks.cancel_scope.cancel()
        asyncio.get_running_loop().call_later(0.02, bench.disk.go_on.set)
    assert bench.durable == 1
    bench.add()
    await bench.commits.last()
    assert bench.durable == 2


async def test_last_words_while_everything_is_cancelled(bench: Bench):
    bench.add()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await bench.commits.last()
    assert bench.durable == 1


async def test_last_words_are_short(monkeypatch: pytest.MonkeyPatch):
    """Of many partitions that write to a slow disk some will lose what they had read."""
    monkeypatch.setattr(module, "_LAST_WORDS", 0.1)
    backlog = Backlog()
    benches = [Bench(backlog) for _ in range(20)]
    for bench in benches:
        bench.disk.seconds = 0.03
        bench.add()
    async with anyio.create_task_group() as tasks:
        for bench in benches:
            tasks.start_soon(bench.commits.last)
    written = [bench.durable for bench in benches]
    assert 0 < sum(written) < 20
    # What was not written is not lost to a later commit either: nothing was taken.
    for bench in benches:
        await bench.commits.commit()
    assert [bench.durable for bench in benches] == [1] * 20
    assert backlog.size == 0


async def test_no_more_than_four_write_at_once():
    backlog, writing, most = Backlog(), 0, 0
    lock = threading.Lock()

    class Counting(Disk):
        def write(self, name: str, offset: int, data: bytes) -> None:
            nonlocal writing, most
            with lock:
                writing += 1
                most = max(most, writing)
            time.sleep(0.01)
            super().write(name, offset, data)
            with lock:
                writing -= 1

    async with anyio.create_task_group() as tasks:
        for _ in range(12):
            bench = Bench(backlog)
            bench.disk.__class__ = Counting
            bench.add()
            tasks.start_soon(bench.commits.commit)
    assert 2 <= most <= 4


async def test_the_end(bench: Bench):
    bench.add(3)
    manifest = await bench.commits.finish()
    assert [file.rows for part in manifest.parts for file in part.files] == [3]
    assert bench.commits.backlog.size == 0

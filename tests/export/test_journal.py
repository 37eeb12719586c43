"""The record of a partition: rows first, then the checkpoint that counts them; step by step."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from journals import INCLUDE, add, commit, open_again, partition_of, rows_of
from powerloss import Crash, MemoryFolder, Moment

from twilio_sessions.export import Skipped, Tally
from twilio_sessions.export import _journal as module
from twilio_sessions.export._layout import CHECKPOINT, PARTITION, Checkpoint, Part, PartitionManifest, unseal
from twilio_sessions.export._recovery import read_finished
from twilio_sessions.export._stage import Walk

A, B, C = b'{"sid":"A"}', b'{"sid":"B"}', b'{"sid":"C"}'


class Logged(MemoryFolder):
    """Writes down what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def write(self, name: str, offset: int, data: bytes) -> None:
        self.log.append(f"write {name} at {offset}")
        super().write(name, offset, data)

    def sync(self, name: str) -> None:
        self.log.append(f"sync {name}")
        super().sync(name)

    def rename(self, old: str, new: str) -> None:
        self.log.append(f"rename {old}")
        super().rename(old, new)

    def sync_folder(self) -> None:
        self.log.append("sync names")
        super().sync_folder()


def replaced(name: str) -> list[str]:
    return [f"write {name}.tmp at 0", f"sync {name}.tmp", f"rename {name}.tmp", "sync names"]


def checkpoint(folder: MemoryFolder) -> Checkpoint:
    return unseal(folder.read(CHECKPOINT), Checkpoint, "x")


def test_a_record_begins_with_a_checkpoint_that_counts_nothing():
    folder = Logged()
    journal = open_again(folder)
    assert folder.log == replaced(CHECKPOINT)
    assert checkpoint(folder).files == ()
    assert checkpoint(folder).partition == partition_of()
    assert journal.take() is None


def test_rows_are_durable_before_the_checkpoint_counts_them():
    folder = Logged()
    journal = open_again(folder)
    folder.log.clear()
    add(journal, "sessions", [A, B])
    add(journal, "participants", [C])
    commit(journal)
    assert folder.log == [
        "write sessions-00000.ndjson at 0",
        "sync sessions-00000.ndjson",
        "write participants-00000.ndjson at 0",
        "sync participants-00000.ndjson",
        "sync names",
        *replaced(CHECKPOINT),
    ]
    folder.log.clear()
    add(journal, "sessions", [C])
    commit(journal)
    assert folder.log == [
        "write sessions-00000.ndjson at 24",
        "sync sessions-00000.ndjson",
        *replaced(CHECKPOINT),
    ]
    assert folder.read("sessions-00000.ndjson") == A + b"\n" + B + b"\n" + C + b"\n"


def test_the_checkpoint_counts_what_was_taken_and_nothing_since():
    folder = MemoryFolder()
    journal = open_again(folder)
    add(journal, "sessions", [A])
    journal.skip(Skipped("one", "gone"))
    assert journal.pending == len(A)
    batch = journal.take()
    assert batch is not None
    assert journal.pending == 0
    add(journal, "sessions", [B])
    journal.skip(Skipped("two", "gone"))
    journal.note("participants", Walk(0, None, 1, is_done=True))
    journal.commit(batch)
    found = checkpoint(folder)
    assert [file.rows for file in found.files] == [1]
    assert found.tallies["sessions"].rows == 1
    assert found.stages["sessions"].walks == {0: Walk(0, "after-1", 1)}
    assert found.stages["participants"].cursor == 0
    assert found.skipped == (Skipped("one", "gone"),)
    commit(journal)
    assert checkpoint(folder).tallies["sessions"].rows == 2
    assert checkpoint(folder).stages["participants"].cursor == 1
    assert journal.take() is None


def test_a_page_without_rows_moves_its_listing_on():
    folder = Logged()
    journal = open_again(folder)
    folder.log.clear()
    add(journal, "sessions", [])
    commit(journal)
    assert folder.log == replaced(CHECKPOINT)
    assert checkpoint(folder).stages["sessions"].walks == {0: Walk(0, "after-0", 1)}


def test_what_is_known_of_a_file():
    journal = open_again(MemoryFolder())
    for row in (A, B + B):
        add(journal, "sessions", [row])
        commit(journal)
    (file,) = journal.durable.of("sessions")
    stored = A + b"\n" + B + B + b"\n"
    assert (file.name, file.rows, file.size) == ("sessions-00000.ndjson", 2, len(stored))
    assert file.sha256 == hashlib.sha256(stored).hexdigest()
    assert [(frame.size, frame.rows) for frame in file.frames] == [(12, 1), (23, 1)]
    assert journal.durable.rows("sessions") == 2
    assert journal.durable.rows("participants") == 0


def test_a_full_part_is_closed():
    folder = Logged()
    journal = open_again(folder, part_rows=3)
    add(journal, "sessions", [A, B])
    commit(journal)
    add(journal, "participants", [A, B])
    folder.log.clear()
    commit(journal)
    assert folder.log[3:] == [*replaced("part-00000.json"), *replaced(CHECKPOINT)]
    assert checkpoint(folder).part == 1
    assert checkpoint(folder).files == ()
    part = unseal(folder.read("part-00000.json"), Part, "x")
    assert part == journal.durable.parts[0]
    assert part.partition == partition_of().key
    assert [(file.resource, file.rows) for file in part.files] == [("sessions", 2), ("participants", 2)]
    add(journal, "sessions", [C])
    commit(journal)
    assert folder.read("sessions-00001.ndjson") == C + b"\n"
    assert checkpoint(folder).files[0].sha256 == hashlib.sha256(C + b"\n").hexdigest()


def test_a_part_is_not_longer_than_can_be_handled(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PART_BYTES", 20)
    journal = open_again(MemoryFolder())
    add(journal, "sessions", [A, B])
    commit(journal)
    assert len(journal.durable.parts) == 1


def test_the_end():
    folder = MemoryFolder()
    journal = open_again(folder, part_rows=2)
    for rows in ([A, B], [C]):
        add(journal, "sessions", rows)
        commit(journal)
    journal.skip(Skipped("one", "gone"))
    commit(journal)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    manifest = journal.finish(lambda: now)
    assert [[(file.name, file.rows) for file in part.files] for part in manifest.parts] == [
        [("sessions-00000.ndjson", 2)],
        [("sessions-00001.ndjson", 1)],
    ]
    assert manifest.ended == now
    assert manifest.began == journal.began
    assert manifest.skipped == (Skipped("one", "gone"),)
    assert manifest.tallies == {
        "sessions": Tally(rows=3, pages=2),
        **dict.fromkeys(INCLUDE[1:], Tally()),
    }
    # Frames are in the parts' own manifests, where there is room for them.
    assert all(file.frames == () for part in manifest.parts for file in part.files)
    assert unseal(folder.read(PARTITION), PartitionManifest, "x") == manifest
    assert CHECKPOINT not in folder.names()


def test_the_end_of_nothing():
    folder = MemoryFolder()
    assert open_again(folder).finish().parts == ()
    assert folder.names() == [PARTITION]


def run(folder: MemoryFolder) -> None:
    """Export five rows, whatever was there of them, to the end."""
    if read_finished(folder, partition_of(part_rows=3)) is not None:
        return
    journal = open_again(folder, part_rows=3)
    while (number := journal.tallies["sessions"].rows) < 5:
        add(journal, "sessions", [b'{"sid":"KC%d"}' % number])
        commit(journal)
    journal.finish()


def stored(folder: MemoryFolder) -> list[bytes]:
    manifest = read_finished(folder, partition_of(part_rows=3))
    assert manifest is not None
    files = [file for part in manifest.parts for file in part.files]
    return b"".join(folder.read(file.name) for file in files).splitlines()


@pytest.mark.parametrize("moment", ["before", "torn", "after"])
@pytest.mark.parametrize("power", [True, False])
def test_a_crash_at_any_step(moment: Moment, power: bool):
    whole = MemoryFolder()
    run(whole)
    last = whole.steps
    expected = [b'{"sid":"KC%d"}' % number for number in range(5)]
    assert stored(whole) == expected
    for steps in range(1, last + 1):
        folder = MemoryFolder(steps, moment)
        with pytest.raises(Crash):
            run(folder)
        if power:
            folder.lose_power(lambda most: steps % (most + 1))  # noqa: B023 - it is called here
        folder.restart()
        run(folder)
        assert stored(folder) == expected
        assert not any(name.endswith(".tmp") for name in folder.names())


def test_power_that_never_lasts():
    """Each run comes so far and no farther, and the export ends nevertheless."""
    for stride in range(20, 30):
        folder, runs = MemoryFolder(), 0
        while True:
            folder.restart()
            folder.fuse, runs = stride, runs + 1
            try:
                run(folder)
                break
            except Crash:
                folder.lose_power(lambda most: most // 2)
            assert runs < 100
        assert stored(folder) == [b'{"sid":"KC%d"}' % number for number in range(5)]


def test_reading_what_is_durable_while_more_is_written():
    journal = open_again(MemoryFolder(), part_rows=2)
    add(journal, "sessions", [A])
    commit(journal)
    before = journal.durable
    add(journal, "sessions", [B])
    commit(journal)
    # A reader in another thread keeps what it had.
    assert before.rows("sessions") == 1
    assert rows_of(journal, "sessions") == [A, B]

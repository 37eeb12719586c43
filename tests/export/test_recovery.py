"""A record that is opened again: as the last commit left it, or not at all, and then nothing is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pytest
from journals import add, commit, open_again, partition_of, rows_of
from powerloss import Crash, MemoryFolder

from twilio_sessions import ArchiveError
from twilio_sessions.export import Filters
from twilio_sessions.export._layout import CHECKPOINT, PARTITION, seal
from twilio_sessions.export._recovery import open_journal, read_finished
from twilio_sessions.export._stage import Walk
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twilio_sessions.export._journal import Journal

ROWS = [b'{"sid":"KC%d"}' % number for number in range(7)]
FIRST, CURRENT = "sessions-00000.ndjson", "sessions-00001.ndjson"


def content(folder: DiskFolder) -> dict[str, bytes]:
    return {name: folder.read(name) for name in folder.names()}


@pytest.fixture
def folder(tmp_path: Path) -> DiskFolder:
    """A record of seven rows: a full part, and another one that is written to, in two commits."""
    folder = DiskFolder(tmp_path)
    journal = open_again(folder, part_rows=4)
    for rows in (ROWS[:4], ROWS[4:6], ROWS[6:]):
        add(journal, "sessions", rows)
        commit(journal)
    assert folder.names() == [CHECKPOINT, "part-00000.json", FIRST, CURRENT]
    return folder


def again(folder: DiskFolder) -> Journal:
    return open_again(folder, part_rows=4)


def append(folder: DiskFolder, name: str, data: bytes) -> None:
    folder.write(name, folder.size(name), data)


def change(folder: DiskFolder, name: str, at: int) -> None:
    changed = bytearray(folder.read(name))
    changed[at] ^= 1
    folder.write(name, 0, bytes(changed))


def test_it_goes_on_where_it_was(folder: DiskFolder):
    before = content(folder)
    journal = again(folder)
    assert content(folder) == before
    assert rows_of(journal, "sessions") == ROWS
    assert journal.stages["sessions"].walk(0) == Walk(0, "after-7", 3)
    assert journal.tallies["sessions"].rows == 7
    add(journal, "sessions", [b'{"sid":"more"}'])
    commit(journal)
    journal = again(folder)
    assert rows_of(journal, "sessions") == [*ROWS, b'{"sid":"more"}']
    # The hash of a file that was opened again is that of the whole file.
    manifest = journal.finish()
    assert read_finished(folder, partition_of(part_rows=4)) == manifest
    assert open_again(DiskFolder(folder.path / "x").below("y")).take() is None


@pytest.mark.parametrize(
    "leave",
    [
        pytest.param(lambda folder: append(folder, CURRENT, b'{"sid":"KC'), id="a torn row"),
        pytest.param(lambda folder: append(folder, CURRENT, ROWS[0] + b"\n"), id="a row not counted"),
        pytest.param(lambda folder: append(folder, CURRENT, b"\0" * 5000), id="zeros"),
        pytest.param(lambda folder: folder.write("interactions-00001.ndjson", 0, b"{}\n"), id="a new file"),
        pytest.param(lambda folder: folder.write("sessions-00002.ndjson", 0, b"{}\n"), id="the next part"),
        pytest.param(lambda folder: folder.write("part-00001.json", 0, b"{"), id="a part's manifest"),
        pytest.param(lambda folder: folder.write("part-00001.json.tmp", 0, b"{"), id="half of it"),
        pytest.param(lambda folder: folder.write("checkpoint.json.tmp", 0, b"{"), id="half a checkpoint"),
        pytest.param(lambda folder: folder.write("partition.json.tmp", 0, b"{"), id="half a manifest"),
    ],
)
def test_what_came_after_the_checkpoint_is_removed(folder: DiskFolder, leave: Callable[[DiskFolder], None]):
    before = content(folder)
    leave(folder)
    assert content(folder) != before
    journal = again(folder)
    assert content(folder) == before
    assert rows_of(journal, "sessions") == ROWS


def test_a_cut_is_durable_also_when_its_run_was_killed():
    """Found by `test_powerloss`: a part must not have more bytes again than it had when it was closed."""
    folder = MemoryFolder()
    journal = open_again(folder, part_rows=4)
    add(journal, "participants", ROWS[:1])
    add(journal, "sessions", ROWS[:1])
    commit(journal)
    add(journal, "participants", ROWS[1:2])
    folder.fuse, folder.moment = 2, "after"
    with pytest.raises(Crash):
        commit(journal)
    folder.fuse = 2
    with pytest.raises(Crash):
        open_again(folder, part_rows=4)
    assert folder.size("participants-00000.ndjson") == len(ROWS[0]) + 1
    folder.restart()
    journal = open_again(folder, part_rows=4)
    add(journal, "sessions", ROWS[1:3])
    commit(journal)
    assert len(journal.durable.parts) == 1
    folder.lose_power(lambda _: 0)
    assert rows_of(open_again(folder, part_rows=4), "participants") == ROWS[:1]


def test_what_somebody_else_put_there_is_left(folder: DiskFolder):
    others = {
        "notes.txt": b"mine",
        "sessions.parquet": b"PAR1",
        "sessions-00001.ndjson.bak": b"copy",
        "something.tmp": b"?",
    }
    for name, data in others.items():
        folder.write(name, 0, data)
    again(folder)
    assert others.items() <= content(folder).items()


DAMAGE: list[tuple[str, Callable[[DiskFolder], object], str]] = [
    ("a row of a part changed", lambda it: change(it, FIRST, 9), f"{FIRST} was changed after it was written"),
    ("a row changed", lambda it: change(it, CURRENT, 9), f"{CURRENT} was changed after it was written"),
    ("a row missing", lambda it: it.truncate(CURRENT, 28), f"{CURRENT} has 28 bytes; 42 were written"),
    ("a part cut", lambda it: it.truncate(FIRST, 10), f"{FIRST} has 10 bytes; 56 were written"),
    ("a part longer", lambda it: append(it, FIRST, b"x"), f"{FIRST} has 57 bytes; 56 were written"),
    ("a file missing", lambda it: it.remove(CURRENT), f"{CURRENT} is missing"),
    ("a file of a part missing", lambda it: it.remove(FIRST), f"{FIRST} is missing"),
    ("a part missing", lambda it: it.remove("part-00000.json"), "part-00000.json is missing"),
    (
        "a part edited",
        lambda it: change(it, "part-00000.json", 90),
        "part-00000.json (was changed|cannot be)",
    ),
    ("a checkpoint torn", lambda it: it.truncate(CHECKPOINT, 99), "checkpoint.json cannot be read"),
    ("a checkpoint empty", lambda it: it.truncate(CHECKPOINT, 0), "checkpoint.json cannot be read"),
    ("a checkpoint edited", lambda it: change(it, CHECKPOINT, 99), "checkpoint.json (was changed|cannot be)"),
    (
        "no checkpoint",
        lambda it: it.remove(CHECKPOINT),
        "holds part-00000.json but no checkpoint.json: it is not known what has been read; nothing",
    ),
]


@pytest.mark.parametrize(("damage", "message"), [each[1:] for each in DAMAGE], ids=[one[0] for one in DAMAGE])
def test_damage_is_named_and_nothing_is_changed(
    folder: DiskFolder, damage: Callable[[DiskFolder], None], message: str
):
    damage(folder)
    # Something to remove, which must stay where it is.
    folder.write("sessions-00002.ndjson", 0, b"{}")
    before = content(folder)
    with pytest.raises(ArchiveError, match=f"^proxy/KS1+.* {message}|^proxy/KS1+/{message}"):
        again(folder)
    assert content(folder) == before


def test_any_byte_of_the_checkpoint(folder: DiskFolder):
    whole = folder.read(CHECKPOINT)
    for at in range(len(whole) - 1):
        folder.write(CHECKPOINT, 0, whole[:at] + bytes([whole[at] ^ 0x80]) + whole[at + 1 :])
        with pytest.raises(ArchiveError, match=r"checkpoint.json (cannot be read|was changed)"):
            again(folder)


@pytest.mark.parametrize("name", [CHECKPOINT, "part-00000.json", FIRST, CURRENT])
def test_a_link_in_place_of_a_file(folder: DiskFolder, tmp_path: Path, name: str):
    target = tmp_path / "elsewhere"
    (folder.path / name).rename(target)
    (folder.path / name).symlink_to(target)
    with pytest.raises(ArchiveError, match=r"is a link|were written"):
        again(folder)
    assert (folder.path / name).is_symlink()


PLANS = [
    ({"part_rows": 5}, "part_rows was 4 and is 5 now"),
    ({"account_sid": "AC1"}, "account_sid was None and is 'AC1' now"),
    ({"include": ("sessions",)}, r"include was \('sessions', .*\) and is \('sessions',\) now"),
    (
        {"filters": Filters(("open",))},
        r"filters was Filters\(statuses=\(\), .* and is Filters\(statuses=\('open',\)",
    ),
    ({"part_rows": 5, "compress": "zstd"}, "compress was 'none' and is 'zstd' now; part_rows was 4"),
]


@pytest.mark.parametrize(("options", "message"), PLANS)
def test_another_plan(folder: DiskFolder, options: dict[str, object], message: str):
    before = content(folder)
    asked = partition_of(**{"part_rows": 4} | options)
    with pytest.raises(ArchiveError, match=f"belongs to another export: {message}.*Ask for the same again"):
        open_journal(folder, asked)
    assert content(folder) == before
    again(folder).finish()
    with pytest.raises(ArchiveError, match=f"belongs to another export: {message}"):
        read_finished(folder, asked)


def test_a_newer_version(folder: DiskFolder):
    newer = attrs.evolve(again(folder).finish(), format=2)
    folder.write(PARTITION, 0, seal(newer))
    with pytest.raises(ArchiveError, match=r"partition.json has format 2, this version .* knows 1"):
        read_finished(folder, partition_of(part_rows=4))


def test_a_finished_partition_that_was_edited(folder: DiskFolder):
    again(folder).finish()
    change(folder, PARTITION, 100)
    with pytest.raises(ArchiveError, match=r"partition.json (was changed|cannot be read)"):
        read_finished(folder, partition_of(part_rows=4))


def test_a_folder_where_others_have_files_is_begun(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "checkpoint.json.tmp").write_text("{")
    journal = open_again(DiskFolder(tmp_path))
    assert journal.durable.rows("sessions") == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", [FIRST, "sessions-00000.ndjson.zst", "part-00000.json"])
def test_rows_without_a_record_are_refused(tmp_path: Path, name: str):
    (tmp_path / name).write_text("{}")
    with pytest.raises(ArchiveError, match=f"holds {name} but no checkpoint.json"):
        open_again(DiskFolder(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [name]

"""Folders on the disk: for their owner only, without links, durable where they say so, held by one."""

from __future__ import annotations

import errno
import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest
from powerloss import MemoryFolder

from twilio_sessions import ArchiveError, ArchiveLockedError
from twilio_sessions.export import _storage
from twilio_sessions.export._storage import DiskFolder, replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twilio_sessions.export._storage import Folder


@pytest.fixture
def folder(tmp_path: Path) -> DiskFolder:
    made = DiskFolder(tmp_path / "archive")
    made.make()
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=["disk", "memory"])
def either(request: pytest.FixtureRequest, folder: DiskFolder) -> Folder:
    """The model that crashes are tried on does what the disk does."""
    return folder if request.param == "disk" else MemoryFolder()


def test_what_is_written_is_read(either: Folder):
    either.write("a", 0, b"01234")
    either.write("a", 3, b"xyz")
    assert either.read("a") == b"012xyz"
    assert either.read("a", 1, 2) == b"12"
    assert either.read("a", 4) == b"yz"
    assert either.read("a", 4, 100) == b"yz"
    assert either.size("a") == 6
    either.truncate("a", 2)
    assert either.read("a") == b"01"
    either.write("a", 4, b"!")
    assert either.read("a") == b"01\0\0!"


def test_names(either: Folder):
    assert either.names() == []
    either.write("b", 0, b"new")
    either.write("a", 0, b"old")
    either.rename("b", "a")
    assert either.names() == ["a"]
    assert either.read("a") == b"new"
    either.sync("a")
    either.sync_folder()
    either.remove("a")
    either.remove("a")
    assert either.names() == []


@pytest.mark.parametrize(
    "step",
    [
        lambda folder: folder.read("nothing"),
        lambda folder: folder.size("nothing"),
        lambda folder: folder.truncate("nothing", 0),
        lambda folder: folder.sync("nothing"),
        lambda folder: folder.rename("nothing", "a"),
    ],
)
def test_what_is_not_there(either: Folder, step: Callable[[Folder], object]):
    with pytest.raises(FileNotFoundError):
        step(either)


def test_folders_are_no_files(folder: DiskFolder):
    (folder.path / "inner").mkdir()
    folder.write("a", 0, b"")
    assert folder.names() == ["a"]
    assert DiskFolder(folder.path / "not-there").names() == []


def test_only_the_owner_reads(tmp_path: Path):
    before = os.umask(0)
    try:
        folder = DiskFolder(tmp_path / "a" / "b")
        folder.make()
        folder.write("file", 0, b"")
        replace(folder, "other", b"")
        with folder.lock():
            pass
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert {mode(path) for path in folder.path.iterdir()} == {0o600}


@pytest.mark.parametrize("victim", ["there", "missing"])
@pytest.mark.parametrize(
    "step",
    [
        lambda folder: folder.read("link"),
        lambda folder: folder.write("link", 0, b"evil"),
        lambda folder: folder.truncate("link", 0),
        lambda folder: folder.sync("link"),
    ],
)
def test_links_are_not_followed(
    folder: DiskFolder, tmp_path: Path, step: Callable[[DiskFolder], object], victim: str
):
    target = tmp_path / "victim"
    if victim == "there":
        target.write_bytes(b"mine")
    (folder.path / "link").symlink_to(target)
    with pytest.raises(ArchiveError, match="link is a link, and links are not followed"):
        step(folder)
    assert target.exists() is (victim == "there")
    assert not target.exists() or target.read_bytes() == b"mine"


def test_a_link_with_the_name_of_the_lock(folder: DiskFolder, tmp_path: Path):
    (folder.path / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ArchiveError, match="is a link"), folder.lock():
        pass
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("planted", ["checkpoint.json", "checkpoint.json.tmp"])
def test_a_link_is_replaced_and_its_target_is_left(folder: DiskFolder, tmp_path: Path, planted: str):
    (tmp_path / "victim").write_bytes(b"mine")
    (folder.path / planted).symlink_to(tmp_path / "victim")
    replace(folder, "checkpoint.json", b"new")
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert folder.read("checkpoint.json") == b"new"
    assert folder.names() == ["checkpoint.json"]


@pytest.mark.parametrize("below", ["", "proxy", "proxy/KS1"])
@pytest.mark.parametrize("kind", ["file", "link to a folder", "link to nothing"])
def test_what_is_no_folder_is_refused(tmp_path: Path, below: str, kind: str):
    root = DiskFolder(tmp_path / "out")
    path = root.path / below
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to(tmp_path if kind == "link to a folder" else tmp_path / "nothing")
    with pytest.raises(ArchiveError, match="must be a folder, and it is something else"):
        root.make() if not below else root.below("proxy/KS1")
    assert not (tmp_path / "KS1").exists()


def test_folders_below_are_made_and_found(tmp_path: Path):
    root = DiskFolder(tmp_path)
    assert root.below("proxy/KS1").path == tmp_path / "proxy" / "KS1"
    assert mode(tmp_path / "proxy") == mode(tmp_path / "proxy" / "KS1") == 0o700
    assert root.below("proxy/KS1").path.is_dir()


def synced(monkeypatch: pytest.MonkeyPatch, call: Callable[[], object]) -> list[int]:
    """Return the files that a call made durable, by their numbers, in order."""
    seen: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", note)
        call()
    return seen


def test_names_of_folders_are_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = DiskFolder(tmp_path / "a" / "b")
    above = [tmp_path.stat().st_ino]
    made = synced(monkeypatch, folder.make)
    above.append((tmp_path / "a").stat().st_ino)
    assert [number for number in made if number in above] == above
    # It may have been made by a run that was killed before it came to this.
    assert above[1] in synced(monkeypatch, folder.make)


def test_a_content_is_durable_before_it_has_its_name(folder: DiskFolder, monkeypatch: pytest.MonkeyPatch):
    order = synced(monkeypatch, lambda: replace(folder, "a", b"x"))
    assert order == [(folder.path / "a").stat().st_ino, folder.path.stat().st_ino]


@pytest.mark.parametrize(("number", "is_refused"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_file_system_that_cannot_sync_folders(
    folder: DiskFolder, monkeypatch: pytest.MonkeyPatch, number: int, is_refused: bool
):
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    if is_refused:
        with pytest.raises(OSError, match="Input/output error"):
            folder.sync_folder()
    else:
        folder.sync_folder()
    # Of the bytes of files nobody may say so.
    folder.write("a", 0, b"x")
    with pytest.raises(OSError, match=os.strerror(number)):
        folder.sync("a")


def test_a_folder_above_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def sync(path: Path) -> None:
        if path == tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(_storage, "_sync_path", sync)
    DiskFolder(tmp_path / "out").make()
    assert (tmp_path / "out").is_dir()


def test_one_at_a_time(folder: DiskFolder):
    other = DiskFolder(folder.path)
    with folder.lock():
        with pytest.raises(ArchiveLockedError, match="is being written to by another process"), other.lock():
            pass
        # Whoever was refused has not taken anything from the one who holds it.
        folder.write("a", 0, b"x")
    with other.lock():
        other.write("a", 0, b"y")
    with folder.lock():
        folder.write("a", 0, b"z")


STEPS: list[Callable[[DiskFolder], object]] = [
    lambda folder: folder.write("a", 0, b"late"),
    lambda folder: folder.truncate("a", 0),
    lambda folder: folder.sync("a"),
    lambda folder: folder.rename("a", "b"),
    lambda folder: folder.remove("a"),
    lambda folder: folder.sync_folder(),
]


@pytest.mark.parametrize("step", STEPS)
def test_nothing_is_written_once_it_was_let_go(folder: DiskFolder, step: Callable[[DiskFolder], object]):
    with folder.lock():
        folder.write("a", 0, b"x")
    with pytest.raises(ArchiveLockedError, match="was let go"):
        step(folder)
    assert folder.read("a") == b"x"


def test_letting_go_waits_for_the_step_under_way(folder: DiskFolder, monkeypatch: pytest.MonkeyPatch):
    began, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def fsync(_: int) -> None:
        began.set()
        assert go_on.wait(10)
        ended.set()

    def stray() -> None:
        folder.sync("a")
        with pytest.raises(ArchiveLockedError):
            folder.rename("a", "b")

    def hold() -> None:
        with folder.lock():
            thread.start()
            assert began.wait(10)
            threading.Timer(0.05, go_on.set).start()
        assert ended.is_set()

    folder.write("a", 0, b"x")
    monkeypatch.setattr(os, "fsync", fsync)
    thread = threading.Thread(target=stray)
    hold()
    thread.join(10)
    assert folder.names() == [".lock", "a"]

"""What is made has its name when it is whole, and takes nobody else's."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from twilio_sessions.errors import ArchiveError, ArchiveLockedError, ArgumentError
from twilio_sessions.export._made import MadeHere
from twilio_sessions.export._staging import Stage, staged
from twilio_sessions.export._storage import DiskFolder


def fill(stage: Stage, name: str = "made") -> None:
    with stage.create(name) as file:
        file.write(b"content")


def everything(path: Path) -> set[str]:
    return {str(each.relative_to(path)) for each in path.rglob("*")}


@pytest.fixture(autouse=True)
def anybody_may_read():
    """What is private is so whatever the umask says."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_folder_has_its_name_when_it_is_whole(tmp_path: Path):
    target = tmp_path / "above" / "made"
    with staged(target, is_folder=True) as stage:
        fill(stage, "a")
        fill(stage, "b")
        assert not target.exists()
        assert stage.size == 14
    assert everything(tmp_path) == {"above", "above/made", "above/made/a", "above/made/b"}
    for path in (tmp_path / "above", target, target / "a"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path):
    with staged(tmp_path / "made", is_folder=False) as stage:
        fill(stage)
        fill(stage, "that is not shown")
        assert not (tmp_path / "made").exists()
        assert stat.S_IMODE(stage.folder.stat().st_mode) == 0o700
    assert everything(tmp_path) == {"made"}
    assert (tmp_path / "made").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_fails_leaves_nothing(tmp_path: Path, error: type[BaseException], is_folder: bool):
    def failing() -> None:
        with staged(tmp_path / "made", is_folder=is_folder) as stage:
            fill(stage)
            raise error

    with pytest.raises(error):
        failing()
    assert everything(tmp_path) == set()


@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
def test_nothing_is_written_over(tmp_path: Path, kind: str, is_folder: bool):
    target = tmp_path / "made"
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
    else:
        target.symlink_to(tmp_path if kind == "link" else tmp_path / "nothing")
    with (
        pytest.raises(ArgumentError, match="made exists, and nothing is written over"),
        staged(target, is_folder=is_folder),
    ):
        pytest.fail("it may not begin")
    assert everything(tmp_path) == {"made"}
    assert kind != "file" or target.read_text() == "mine"


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_came_meanwhile_is_not_written_over(tmp_path: Path, is_folder: bool):
    target = tmp_path / "made"

    def overtaken() -> None:
        with staged(target, is_folder=is_folder) as stage:
            fill(stage)
            target.write_text("mine")

    with pytest.raises(ArgumentError, match="made exists"):
        overtaken()
    assert target.read_text() == "mine"
    assert everything(tmp_path) == {"made"}


def test_what_comes_at_the_last_moment_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target, link = tmp_path / "made", os.link

    def overtaken(source: Path, destination: Path) -> None:
        target.write_text("mine")
        link(source, destination)

    def make() -> None:
        with staged(target, is_folder=False) as stage:
            fill(stage)

    monkeypatch.setattr(os, "link", overtaken)
    with pytest.raises(ArgumentError, match="made exists"):
        make()
    assert target.read_text() == "mine"
    assert everything(tmp_path) == {"made"}


def test_where_there_are_no_links_a_file_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    with staged(tmp_path / "made", is_folder=False) as stage:
        fill(stage)
    assert everything(tmp_path) == {"made"}


def test_two_do_not_make_the_same_thing(tmp_path: Path):
    with staged(tmp_path / "made", is_folder=True) as stage:
        fill(stage)
        with (
            pytest.raises(ArchiveLockedError, match="made is being made by another process"),
            staged(tmp_path / "made", is_folder=True),
        ):
            pytest.fail("it may not begin")
        assert ".made.tmp/content/made" in everything(tmp_path)
    assert everything(tmp_path) == {"made", "made/made"}


def test_what_a_killed_process_left_is_removed(tmp_path: Path):
    script = """
import os, sys
from pathlib import Path
from twilio_sessions.export._made import MadeHere
from twilio_sessions.export._staging import staged
with staged(Path(sys.argv[1]), is_folder=True) as stage, stage.create("old") as file:
    file.write(b"x" * 100_000)
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "made")], check=False)
    assert ".made.tmp/content/old" in everything(tmp_path)
    with staged(tmp_path / "made", is_folder=True) as stage:
        fill(stage, "new")
    assert everything(tmp_path) == {"made", "made/new"}


def test_a_planted_link_is_not_followed(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".made.tmp").symlink_to(tmp_path / "elsewhere")
    with (
        pytest.raises(ArchiveError, match=r"\.made\.tmp must be a folder"),
        staged(tmp_path / "made", is_folder=True),
    ):
        pytest.fail("it may not begin")
    assert everything(tmp_path / "elsewhere") == set()


def test_everything_is_durable_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Without this, the name may survive a power loss and the content not."""
    steps: list[str] = []
    fsync, sync_folder = os.fsync, DiskFolder.sync_folder

    def file_synced(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            steps.append("file")
        fsync(descriptor)

    def folder_synced(folder: DiskFolder) -> None:
        steps.append(f"{folder.path.name}, {'shown' if (tmp_path / 'made').exists() else 'hidden'}")
        sync_folder(folder)

    monkeypatch.setattr(os, "fsync", file_synced)
    monkeypatch.setattr(DiskFolder, "sync_folder", folder_synced)
    with staged(tmp_path / "made", is_folder=True) as stage:
        fill(stage)
    assert steps == ["file", "content, hidden", f"{tmp_path.name}, shown"]


def remake(target: Path, content: str, *, is_folder: bool) -> None:
    """Make something with this content, in place of what was made before."""
    memory = MadeHere(target)
    with staged(target, is_folder=is_folder, memory=memory, may_replace=True) as stage:
        (stage.folder / "made").write_text(content)


def content_of(target: Path) -> str:
    return (target / "made" if target.is_dir() else target).read_text()


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_was_made_here_is_replaced(tmp_path: Path, *, is_folder: bool):
    target = tmp_path / "made"
    for content in ("first", "second", "second", "third"):
        remake(target, content, is_folder=is_folder)
        assert content_of(target) == content
        assert everything(tmp_path) == {".made.made", "made"} | ({"made/made"} if is_folder else set())


@pytest.mark.parametrize("is_folder", [True, False])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_what_somebody_changed_is_not_replaced(tmp_path: Path, when: str, *, is_folder: bool):
    target = tmp_path / "made"
    remake(target, "first", is_folder=is_folder)
    changed = target / "made" if is_folder else target
    if when == "before":
        changed.write_text("mine")

    def make() -> None:
        with staged(target, is_folder=is_folder, memory=MadeHere(target), may_replace=True) as stage:
            fill(stage)
            changed.write_text("mine")

    with pytest.raises(ArgumentError, match="is not as a conversion of this archive left it, and nothing is"):
        make()
    assert content_of(target) == "mine"
    assert not (tmp_path / ".made.tmp").exists()


def test_it_is_replaced_only_where_that_was_asked_for(tmp_path: Path):
    target = tmp_path / "made"
    remake(target, "first", is_folder=True)
    with (
        pytest.raises(ArgumentError, match="made exists, and nothing is written over"),
        staged(target, is_folder=True, memory=MadeHere(target)),
    ):
        pytest.fail("it may not begin")


def test_an_exchange_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target, rename = tmp_path / "made", Path.rename
    remake(target, "first", is_folder=True)

    def failing(path: Path, new: Path) -> Path:
        if path.name == "content":
            raise OSError(errno.EIO, "no")
        return rename(path, new)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match="no"):
        remake(target, "second", is_folder=True)
    assert content_of(target) == "first"
    assert MadeHere(target).is_unchanged()


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_process_that_is_killed_while_it_replaces(tmp_path: Path, step: int):
    """Whatever it leaves behind, the next one makes it anew, and nothing else stays."""
    target = tmp_path / "made"
    remake(target, "first", is_folder=True)
    script = """
import os, pathlib, sys
from twilio_sessions.export import _staging
from twilio_sessions.export._made import MadeHere
target, left = pathlib.Path(sys.argv[1]), int(sys.argv[2])
rename = pathlib.Path.rename
def killed(path, new):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)
    return rename(path, new)
with _staging.staged(target, is_folder=True, memory=MadeHere(target), may_replace=True) as stage:
    (stage.folder / "made").write_text("second")
    pathlib.Path.rename = killed
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script, str(target), str(step)], check=False)
    assert done.returncode == -9
    if step == 2:
        assert not target.exists()
        assert content_of(tmp_path / ".made.tmp" / "old") == "first"
    else:
        assert content_of(target) == ("first" if step == 1 else "second")
    remake(target, "third", is_folder=True)
    assert content_of(target) == "third"
    assert everything(tmp_path) == {".made.made", "made", "made/made"}

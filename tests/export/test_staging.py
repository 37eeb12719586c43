"""What is made has its name when it is whole, and takes nobody else's."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from twilio_sessions.errors import ArchiveError, ArchiveLockedError, ArgumentError
from twilio_sessions.export._staging import Stage, staged
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path


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

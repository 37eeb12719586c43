"""What a conversion made is known again as long as nobody changed a byte of it, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twilio_sessions.export._made import MadeHere

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def make(path: Path, text: str = "a") -> Path:
    path.mkdir()
    (path / "one.csv").write_text(text)
    (path / "two.csv").write_text("b")
    return path


@pytest.fixture
def made(tmp_path: Path) -> Path:
    MadeHere(tmp_path / "csv").remember(make(tmp_path / "csv"))
    return tmp_path / "csv"


def test_it_is_known_again(made: Path):
    assert MadeHere(made).is_unchanged()
    made.rename(made.with_name("elsewhere"))
    assert not MadeHere(made).is_unchanged()
    make(made)
    assert MadeHere(made).is_unchanged()


def test_a_file_is_known_as_well(tmp_path: Path):
    (tmp_path / "archive.duckdb").write_bytes(b"rows")
    memory = MadeHere(tmp_path / "archive.duckdb")
    assert not memory.is_unchanged()
    memory.remember(tmp_path / "archive.duckdb")
    assert memory.is_unchanged()
    (tmp_path / "archive.duckdb").write_bytes(b"rowS")
    assert not memory.is_unchanged()


@pytest.mark.parametrize(
    "change",
    [
        lambda path: (path / "one.csv").write_text("A"),
        lambda path: (path / "one.csv").unlink(),
        lambda path: (path / "one.csv").rename(path / "three.csv"),
        lambda path: (path / "mine.csv").write_text(""),
        lambda path: (path / "mine").mkdir(),
        lambda path: (path / "two.csv").unlink() or (path / "two.csv").symlink_to(path / "one.csv"),
        lambda path: path.rename(path.with_name("real")) and path.symlink_to(path.with_name("real")),
        lambda path: (path.parent / ".csv.made").write_text("{}"),
        lambda path: (path.parent / ".csv.made").unlink(),
    ],
)
def test_what_was_changed_is_not(made: Path, change: Callable[[Path], object]):
    change(made)
    assert not MadeHere(made).is_unchanged()


def test_both_are_known_until_one_has_taken_the_place_of_the_other(made: Path, tmp_path: Path):
    for number in range(3):
        newer = make(tmp_path / f"newer {number}", str(number))
        MadeHere(made).remember(newer)
        # A crash may come now, or after the exchange.
        assert MadeHere(made).is_unchanged()
        made.rename(tmp_path / f"old {number}")
        newer.rename(made)
        assert MadeHere(made).is_unchanged()
    make(tmp_path / "first").rename(made.with_name("csv2"))
    made.rename(tmp_path / "old")
    made.with_name("csv2").rename(made)
    assert not MadeHere(made).is_unchanged()

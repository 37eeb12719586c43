"""Conversions: which tables, where, what is refused, and what is told; test_formats opens the files."""

from __future__ import annotations

import json
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from specimens import ROWS
from written import SERVICE, written

from twilio_sessions.errors import ArchiveError, ArgumentError, ConfigurationError
from twilio_sessions.export import FORMATS, ConvertReport, Format, Skipped, convert

if TYPE_CHECKING:
    from pathlib import Path

COUNTS = {
    "services": 1,
    "phone_numbers": 3,
    "sessions": 9,
    "participants": len(ROWS["proxy", "participants"]),
    "interactions": 1,
    "assistants_sessions": 1,
    "assistants_messages": 1,
}
WITHOUT_PACKAGES: tuple[Format, ...] = ("csv", "ndjson")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return written(tmp_path / "archive", ROWS, frame=4).path


def needs(to: Format) -> None:
    """Skip, and say why, where the package of a format cannot be had."""
    if to not in WITHOUT_PACKAGES:
        package = "pyarrow" if to == "parquet" else "duckdb"
        pytest.importorskip(package, reason=f"{package} is not there: NOT TESTED is {to}")


@pytest.mark.parametrize("to", FORMATS)
def test_every_resource_becomes_a_table(archive: Path, to: Format):
    needs(to)
    before = {path: path.read_bytes() for path in archive.rglob("*") if path.is_file()}
    report = convert(archive, to)
    assert report.out == archive / ("archive.duckdb" if to == "duckdb" else to)
    assert report.rows == COUNTS
    assert report.total_rows == sum(COUNTS.values())
    assert report.is_complete
    made = [report.out] if to == "duckdb" else sorted(report.out.iterdir())
    assert [path.name for path in made] == (
        ["archive.duckdb"] if to == "duckdb" else sorted(f"{name}.{to}" for name in COUNTS)
    )
    assert report.size == sum(path.stat().st_size for path in made)
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    assert to == "duckdb" or stat.S_IMODE(report.out.stat().st_mode) == 0o700
    # The archive is as it was, and nothing else is there but what this is known by.
    assert {path: path.read_bytes() for path in before} == before
    known_by = archive / f".{report.out.name}.made"
    assert {path for path in archive.rglob("*") if path.is_file()} == before.keys() | {*made, known_by}
    assert stat.S_IMODE(known_by.stat().st_mode) == 0o600


def test_rows_with_more_than_columns_are_counted(archive: Path, tmp_path: Path):
    extra = convert(archive, "csv", tmp_path / "csv").extra
    assert {name: count for name, count in extra.items() if count} == {
        "phone_numbers": 1,
        "sessions": 5,
        "assistants_messages": 1,
    }
    assert convert(archive, "ndjson", tmp_path / "ndjson").extra == {}


def test_ndjson_is_what_was_sent(archive: Path):
    report = convert(archive, "ndjson")
    for (product, resource), lines in ROWS.items():
        name = resource if product == "proxy" else f"assistants-{resource}"
        path = report.out / f"{name.replace('-', '_')}.ndjson"
        assert path.read_bytes() == b"".join(line + b"\n" for line in lines)


def test_only_what_was_exported_has_a_table(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): [b'{"sid": "KC1"}']}, include=["interactions"])
    assert convert(tmp_path / "a", "csv").rows == {"sessions": 1, "interactions": 0}
    header, *rows = (tmp_path / "a" / "csv" / "interactions.csv").read_text().splitlines()
    assert header.startswith('"sid","session_sid",')
    assert rows == []


def test_the_newest_version_of_each_row_is_taken(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): [b'{"sid": "KC1", "ttl": 1}', b'{"sid": "KC2"}']})
    written(tmp_path / "a" / "increments" / "0001", {("proxy", "sessions"): [b'{"sid": "KC1", "ttl": 2}']})
    report = convert(tmp_path / "a", "ndjson")
    assert report.rows == {"sessions": 2}
    lines = (report.out / "sessions.ndjson").read_text().splitlines()
    assert {row["sid"]: row.get("ttl") for row in map(json.loads, lines)} == {"KC1": 2, "KC2": None}


def test_an_archive_that_is_not_complete_says_so(tmp_path: Path):
    left_out = [Skipped("assistants", "it cannot be reached", is_gone=False)]
    written(tmp_path / "a", {("proxy", "sessions"): [b'{"sid": "KC1"}']}, skipped=left_out)
    assert not convert(tmp_path / "a", "csv").is_complete


def test_progress_is_told(archive: Path):
    told: list[tuple[int, int]] = []
    report = convert(archive, "csv", on_progress=lambda rows, total: told.append((rows, total)))
    assert told == sorted(told)
    assert told[-1] == (report.total_rows, report.total_rows)


@pytest.mark.parametrize("to", FORMATS)
def test_nothing_is_written_over(archive: Path, tmp_path: Path, to: Format):
    needs(to)
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ArgumentError, match="mine exists, and nothing is written over"):
        convert(archive, to, tmp_path / "mine")
    convert(archive, to)
    with pytest.raises(ArgumentError, match="exists, and nothing is written over"):
        convert(archive, to)
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("to", FORMATS)
def test_what_a_conversion_made_is_made_anew_where_that_is_asked_for(archive: Path, to: Format):
    needs(to)
    first = convert(archive, to, replace=True)
    new = [b'{"sid": "KPnew", "session_sid": "KC1"}']
    written(archive / "increments" / "0001", {("proxy", "participants"): new})
    again = convert(archive, to, replace=True)
    assert again.out == first.out
    assert again.rows["participants"] == first.rows["participants"] + 1
    content = again.out.read_bytes() if to == "duckdb" else (again.out / f"participants.{to}").read_bytes()
    assert b"KPnew" in content
    assert not [path.name for path in archive.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("to", FORMATS)
def test_what_somebody_worked_on_is_not_made_anew(archive: Path, tmp_path: Path, to: Format):
    needs(to)
    out = convert(archive, to).out
    changed = out if to == "duckdb" else out / f"sessions.{to}"
    changed.write_bytes(changed.read_bytes() + b"mine")
    with pytest.raises(ArgumentError, match="is not as a conversion of this archive left it, and nothing is"):
        convert(archive, to, replace=True)
    assert changed.read_bytes().endswith(b"mine")
    # And what is elsewhere nobody knows again.
    convert(archive, to, tmp_path / "made")
    with pytest.raises(ArgumentError, match="made exists, and nothing is written over"):
        convert(archive, to, tmp_path / "made", replace=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"to": "xlsx"}, "to must be one of parquet, csv, ndjson, duckdb; got 'xlsx'"),
        ({"to": "ndjson", "csv_raw": True}, r"csv_raw is for csv; ndjson has no use for it"),
    ],
)
def test_what_cannot_be_right_is_refused(archive: Path, arguments: dict[str, object], message: str):
    before = set(archive.rglob("*"))
    with pytest.raises(ArgumentError, match=message):
        convert(archive, **arguments)  # type: ignore[arg-type]
    assert set(archive.rglob("*")) == before


@pytest.mark.parametrize(("to", "module"), [("parquet", "pyarrow"), ("duckdb", "duckdb")])
def test_a_package_that_is_missing_is_named(
    archive: Path, monkeypatch: pytest.MonkeyPatch, to: Format, module: str
):
    for name in [module, *(name for name in sys.modules if name.startswith(f"{module}."))]:
        monkeypatch.delitem(sys.modules, name, raising=False)

    class Nowhere:
        def find_spec(self, name: str, *_: object) -> None:
            if name == module:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Nowhere(), *sys.meta_path])
    before = set(archive.rglob("*"))
    with pytest.raises(ConfigurationError, match=rf"pip install 'twilio-sessions\[{to}\]'"):
        convert(archive, to)
    assert set(archive.rglob("*")) == before
    # It is said first: an archive may be long to read.
    with pytest.raises(ConfigurationError):
        convert(archive / "nothing", to)


def test_what_is_no_archive_is_named(tmp_path: Path):
    with pytest.raises(ArchiveError, match="this is no archive"):
        convert(tmp_path, "csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", FORMATS)
def test_a_damaged_archive_makes_nothing(archive: Path, to: Format):
    needs(to)
    path = archive / "proxy" / SERVICE / "participants-00000.ndjson.zst"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\0\0\0\0" + whole[len(whole) // 2 + 4 :])
    before = set(archive.rglob("*"))
    with pytest.raises(ArchiveError, match=r"participants-00000.ndjson.zst, at byte"):
        convert(archive, to)
    assert set(archive.rglob("*")) == before


def test_missing_lines_are_noticed(tmp_path: Path):
    """The hash of the file would tell, but only where it is asked for."""
    lines = [b'{"sid": "KC%d"}' % number for number in range(3)]
    path = written(tmp_path / "a", {("proxy", "sessions"): lines}, compress="none").path
    file = path / "proxy" / SERVICE / "sessions-00000.ndjson"
    file.write_bytes(file.read_bytes().replace(b'"}\n{"sid": "KC1', b"             "))
    with pytest.raises(ArchiveError, match=r"has 2 rows of sessions, and its manifest says 3; .* verify"):
        convert(path, "ndjson")


class StopError(Exception):
    pass


@pytest.mark.parametrize("to", FORMATS)
def test_a_conversion_can_be_stopped_anywhere(archive: Path, to: Format):
    needs(to)
    before = set(archive.rglob("*"))

    def stop_at(most: int) -> ConvertReport:
        def told(rows: int, _: int) -> None:
            if rows > most:
                raise StopError

        return convert(archive, to, on_progress=told)

    for most in (0, 10, sum(COUNTS.values()) - 1):
        with pytest.raises(StopError):
            stop_at(most)
        assert set(archive.rglob("*")) == before
    assert stop_at(10_000).rows == COUNTS

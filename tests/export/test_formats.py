"""The archive and what is made of it, opened by those who know nothing of this package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from specimens import ROWS, TEXTS, expected, rebuilt, row
from written import SERVICE, written

from twilio_sessions import AsyncClient
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.export import convert, csv_unescape, export, open_archive
from twilio_sessions.export._csv import write_csv
from twilio_sessions.export._duckdb import open_duckdb
from twilio_sessions.export._rows import RowReader
from twilio_sessions.export._schema import TABLES, Table, find_table
from twilio_sessions.export._staging import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MISSING = "is not there: NOT TESTED is what it makes of our files"
duckdb = pytest.importorskip("duckdb", reason=f"duckdb {MISSING}")
pa = pytest.importorskip("pyarrow", reason=f"pyarrow {MISSING}")
pd = pytest.importorskip("pandas", reason=f"pandas {MISSING}")
arrow_csv = pytest.importorskip("pyarrow.csv", reason=f"pyarrow {MISSING}")
arrow_json = pytest.importorskip("pyarrow.json", reason=f"pyarrow {MISSING}")
parquet = pytest.importorskip("pyarrow.parquet", reason=f"pyarrow {MISSING}")

DOCUMENT = Path(__file__).parents[2] / "docs" / "export-formats.md"

ARROW = {
    "text": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "json": pa.string(),
}
PANDAS = {
    "text": "string[pyarrow]",
    "timestamp": "timestamp[us, tz=UTC][pyarrow]",
    "integer": "int64[pyarrow]",
    "boolean": "bool[pyarrow]",
    "json": "string[pyarrow]",
}
DUCKDB = {
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "json": "VARCHAR",
}

TABLES_WITH_ROWS = [table for table in TABLES if (table.product, table.resource) in ROWS]
tables = pytest.mark.parametrize("table", TABLES_WITH_ROWS, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = written(tmp_path_factory.mktemp("formats") / "archive", ROWS, frame=3).path
    for to in ("parquet", "csv", "duckdb"):
        convert(path, to)
    convert(path, "csv", path / "csv-raw", csv_raw=True)
    return path


def check(table: Table, found: list[dict[str, Any]], text: Callable[[str], str] = str) -> None:
    """See that rows as they were read back are those that were sent."""
    lines = ROWS[table.product, table.resource]
    assert len(found) == len(lines)
    for cells, line in zip(found, lines, strict=True):
        back = {name: text(cell) if isinstance(cell, str) else cell for name, cell in cells.items()}
        assert rebuilt(table, back, line) == expected(table, line)


def types_of(table: Table, types: Mapping[str, Any]) -> dict[str, Any]:
    return {column.name: types[column.kind] for column in table.all_columns}


def rows_of(relation: Any) -> list[dict[str, Any]]:
    return [dict(zip(relation.columns, values, strict=True)) for values in relation.fetchall()]


def named(relation: Any) -> dict[str, str]:
    return dict(zip(relation.columns, map(str, relation.types), strict=True))


# Parquet


@tables
def test_parquet_in_pyarrow(archive: Path, table: Table):
    found = parquet.read_table(archive / "parquet" / f"{table.name}.parquet")
    assert {field.name: field.type for field in found.schema} == types_of(table, ARROW)
    assert found.schema.metadata == {
        b"twilio_sessions.table": table.name.encode(),
        b"twilio_sessions.schema": b"1",
    }
    check(table, found.to_pylist())


@tables
def test_parquet_in_duckdb(archive: Path, table: Table):
    with duckdb.connect() as database:
        relation = database.sql(f"FROM '{archive}/parquet/{table.name}.parquet'")
        assert named(relation) == types_of(table, DUCKDB)
        check(table, rows_of(relation))


@tables
def test_parquet_in_pandas(archive: Path, table: Table):
    frame = pd.read_parquet(archive / "parquet" / f"{table.name}.parquet", dtype_backend="pyarrow")
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == types_of(table, PANDAS)
    cells = frame.astype(object).where(frame.notna(), None)
    check(table, [plain(each) for each in cells.to_dict("records")])


def plain(cells: dict[str, Any]) -> dict[str, Any]:
    return {
        name: cell.to_pydatetime() if isinstance(cell, pd.Timestamp) else cell for name, cell in cells.items()
    }


def test_parquet_without_rows_has_its_columns(tmp_path: Path):
    written(tmp_path / "a", {("proxy", "sessions"): []})
    made = convert(tmp_path / "a", "parquet").out / "sessions.parquet"
    found = parquet.read_table(made)
    assert found.num_rows == 0
    assert {field.name: field.type for field in found.schema} == types_of(find_table("sessions"), ARROW)


def test_parquet_is_cut_into_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("twilio_sessions.export._parquet._GROUP_ROWS", 5000)
    lines = [row(sid=f"KC{number}") for number in range(20_000)]
    written(tmp_path / "a", {("proxy", "sessions"): lines})
    file = parquet.ParquetFile(convert(tmp_path / "a", "parquet").out / "sessions.parquet")
    groups = [file.metadata.row_group(at).num_rows for at in range(file.num_row_groups)]
    assert sum(groups) == 20_000
    assert max(groups) <= 8192
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.read().column("sid").to_pylist() == [f"KC{number}" for number in range(20_000)]


# CSV


def read_csv(path: Path, table: Table) -> Any:
    return arrow_csv.read_csv(
        path,
        parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            column_types=types_of(table, ARROW),
        ),
    )


def back(folder: str) -> Callable[[str], str]:
    return str if folder == "csv-raw" else csv_unescape


@tables
@pytest.mark.parametrize("folder", ["csv", "csv-raw"])
def test_csv_in_pyarrow(archive: Path, table: Table, folder: str):
    found = read_csv(archive / folder / f"{table.name}.csv", table)
    assert found.schema.names == [column.name for column in table.all_columns]
    check(table, found.to_pylist(), back(folder))


@tables
@pytest.mark.parametrize("folder", ["csv", "csv-raw"])
def test_csv_in_duckdb(archive: Path, table: Table, folder: str):
    with duckdb.connect() as database:
        relation = database.sql(
            "FROM read_csv(?, header = true, columns = ?, nullstr = '', allow_quoted_nulls = false, "
            "delim = ',', quote = '\"', escape = '\"')",
            params=[str(archive / folder / f"{table.name}.csv"), types_of(table, DUCKDB)],
        )
        check(table, rows_of(relation), back(folder))


@tables
def test_csv_in_pandas_by_way_of_pyarrow(archive: Path, table: Table):
    frame = read_csv(archive / "csv" / f"{table.name}.csv", table).to_pandas(types_mapper=pd.ArrowDtype)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == types_of(table, PANDAS)
    cells = frame.astype(object).where(frame.notna(), None)
    check(table, [plain(each) for each in cells.to_dict("records")], csv_unescape)


@tables
def test_csv_in_pandas_but_for_empty_strings(archive: Path, table: Table):
    path = archive / "csv" / f"{table.name}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    for column in table.columns:
        if column.kind in ("text", "json"):
            sent = [json.loads(line).get(column.name) for line in ROWS[table.product, table.resource]]
            found = [csv_unescape(cell) if isinstance(cell, str) else "" for cell in frame[column.name]]
            if column.kind == "text":
                assert found == [text if isinstance(text, str) else "" for text in sent]
            else:
                assert [json.loads(cell) if cell else None for cell in found] == sent


def test_the_sql_that_undoes_the_marks(archive: Path):
    wanted = re.search(r"`(regexp_replace\(friendly_name, [^`]*)`", DOCUMENT.read_text(encoding="utf-8"))
    assert wanted is not None
    with duckdb.connect() as database:
        found = database.sql(
            f"SELECT {wanted[1]} FROM read_csv('{archive}/csv/participants.csv', all_varchar = true, "
            "header = true, nullstr = '', allow_quoted_nulls = false)"
        ).fetchall()
    assert [text for (text,) in found] == list(TEXTS)


texts = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5)


@given(texts)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_from_csv(tmp_path: Path, names: list[str | None]):
    table = find_table("participants")
    reader = RowReader(table)
    path = tmp_path / "participants.csv"
    with path.open("wb") as file:
        batch = [reader.read(row(sid=f"KP{at}", friendly_name=name)) for at, name in enumerate(names)]
        write_csv(table, [batch], file, raw=False)
    found = read_csv(path, table).column("friendly_name").to_pylist()
    assert [name if name is None else csv_unescape(name) for name in found] == names


# DuckDB


@tables
def test_duckdb_has_every_table(archive: Path, table: Table):
    with duckdb.connect(str(archive / "archive.duckdb"), read_only=True) as database:
        relation = database.table(table.name)
        assert named(relation) == types_of(table, DUCKDB)
        check(table, rows_of(relation))


def test_duckdb_sums_sessions_up(archive: Path):
    with duckdb.connect(str(archive / "archive.duckdb"), read_only=True) as database:
        found = rows_of(database.sql("FROM session_overview ORDER BY sid"))
    assert [each["sid"] for each in found] == [f"KC{number}" for number in range(1, 10)]
    assert (found[0]["participants"], found[0]["interactions"]) == (len(TEXTS), 1)
    assert (found[1]["participants"], found[1]["interactions"]) == (0, 0)


def test_duckdb_looks_into_json(archive: Path):
    with duckdb.connect(str(archive / "archive.duckdb"), read_only=True) as database:
        assert database.sql("SELECT links ->> 'a' FROM sessions WHERE sid = 'KC3'").fetchall() == [("2",)]
        assert database.sql("SELECT data ->> 'body' FROM interactions").fetchall() == [("=hello\n",)]


@pytest.mark.parametrize(
    ("error", "text", "becomes", "message"),
    [
        (RuntimeError, "Query interrupted", KeyboardInterrupt, "^$"),
        (RuntimeError, "something else", RuntimeError, "something else"),
        (duckdb.Error, "no room", OSError, "new.duckdb cannot be written: no room"),
    ],
)
def test_errors_of_duckdb_are_translated(
    tmp_path: Path, error: type[Exception], text: str, becomes: type[BaseException], message: str
):
    def failing() -> None:
        with open_duckdb(Stage(tmp_path), "new.duckdb"):
            raise error(text)

    with pytest.raises(becomes, match=message):
        failing()


def test_duckdb_takes_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("twilio_sessions.export._duckdb._CHUNK_BYTES", 100_000)
    lines = [row(sid=f"KC{number}", unique_name="x" * (40_000_000 * (number == 7))) for number in range(9000)]
    written(tmp_path / "a", {("proxy", "sessions"): lines})
    made = convert(tmp_path / "a", "duckdb").out
    with duckdb.connect(str(made), read_only=True) as database:
        found = database.sql("SELECT count(*), count(DISTINCT sid), max(length(unique_name)) FROM sessions")
        assert found.fetchall() == [(9000, 9000, 40_000_000)]
        # There are no services in this archive, and so no overview of them.
        assert database.sql("SHOW TABLES").fetchall() == [("sessions",)]


# The archive itself


@pytest.mark.parametrize("compress", ["zstd", "none"])
def test_the_journal(tmp_path: Path, compress: str):
    lines = [row(sid=f"KC{at}", date_created="2026-01-31T08:00:00Z", ttl=at) for at in range(50)]
    written(tmp_path / "a", {("proxy", "sessions"): lines}, compress=compress, frame=7)  # type: ignore[arg-type]
    (path,) = (tmp_path / "a" / "proxy" / SERVICE).glob("sessions-*.ndjson*")
    assert path.name == f"sessions-00000.ndjson{'.zst' if compress == 'zstd' else ''}"
    with duckdb.connect() as database:
        relation = database.sql(f"FROM read_ndjson_auto('{path}')")
        found = named(relation)
        # DuckDB 1 reads a moment as one without a time zone.
        assert found.pop("date_created") in {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE"}
        assert found == {"sid": "VARCHAR", "ttl": "BIGINT"}
        assert [values[2] for values in relation.fetchall()] == list(range(50))
        assert database.sql(f"SELECT count(*) FROM read_json('{path}')").fetchall() == [(50,)]
    with pa.input_stream(str(path)) as file:
        assert arrow_json.read_json(file).column("ttl").to_pylist() == list(range(50))
    with pa.input_stream(str(path)) as file:
        assert pd.read_json(file, lines=True)["sid"].tolist() == [f"KC{at}" for at in range(50)]


# All of it


async def test_an_export_in_every_format(tmp_path: Path):
    """From the server to four readers: each row that it has is in every format, with every value."""
    async with Emulator(seed=Seed(services=3, sessions=60, random_seed=5)) as emulator:
        told = emulator.environment()
        async with AsyncClient(
            told["TWILIO_ACCOUNT_SID"],
            told["TWILIO_AUTH_TOKEN"],
            proxy_url=emulator.base_url,
            assistants_url=emulator.base_url,
            rate_limit=False,
        ) as client:
            await export(client, tmp_path / "a", include=["all"])
        counts = emulator.store.counts()
    reports = {to: convert(tmp_path / "a", to) for to in ("parquet", "csv", "duckdb")}
    rows = {table.name: counts[table.name] for table in TABLES}
    assert {to: report.rows for to, report in reports.items()} == dict.fromkeys(reports, rows)
    assert all(report.extra == dict.fromkeys(rows, 0) for report in reports.values())
    archive = open_archive(tmp_path / "a")
    with duckdb.connect(str(reports["duckdb"].out), read_only=True) as database:
        for table in TABLES:
            lines = [line for _, line in archive.rows(table.product, table.resource)]
            for found in (
                parquet.read_table(reports["parquet"].out / f"{table.name}.parquet").to_pylist(),
                read_csv(reports["csv"].out / f"{table.name}.csv", table).to_pylist(),
                rows_of(database.table(table.name)),
            ):
                for cells, line in zip(found, lines, strict=True):
                    assert rebuilt(table, cells, line) == expected(table, line)


# The document


def blocks() -> list[str]:
    return re.findall(
        r"^```python\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


RUN = r"""
import sys
for number, block in enumerate(sys.stdin.read().split("\0")):
    print("example", number, file=sys.stderr, flush=True)
    exec(compile(block, f"example {number}", "exec"), {"__name__": "__main__"})
"""


def test_the_examples_run_as_written(tmp_path: Path):
    sessions = [row(sid=f"KC{at}", date_created="2026-01-31T08:00:00Z", ttl=at) for at in range(5)]
    path = written(tmp_path / "archive", {**ROWS, ("proxy", "sessions"): sessions}).path
    # The first example makes Parquet.
    for to in ("csv", "duckdb"):
        convert(path, to)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN],
        cwd=tmp_path,
        input="\0".join(blocks()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("example") == len(blocks()) == 11
    assert "timestamp[us, tz=UTC]" in done.stdout
    assert "int64[pyarrow]" in done.stdout

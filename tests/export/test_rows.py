"""Rows become values of columns, and what fits none is kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from specimens import ROWS, expected, rebuilt
from written import written

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._rows import RowReader, TableRows
from twilio_sessions.export._schema import TABLES, Table, find_table

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = find_table("sessions")
READERS = {table.name: RowReader(table) for table in TABLES}


def read(line: bytes, table: Table = SESSIONS) -> dict[str, object]:
    names = [column.name for column in table.all_columns]
    return dict(zip(names, READERS[table.name].read(line), strict=True))


def test_values_have_the_types_of_their_columns():
    cells = read(
        b'{"sid": "KC1", "ttl": 60, "unique_name": "", "date_created": "2026-01-31T09:00:00.5+01:00", '
        b'"links": {"a":  "b"}, "mode": null}'
    )
    found = {name: value for name, value in cells.items() if value is not None}
    assert found == {
        "sid": "KC1",
        "ttl": 60,
        "unique_name": "",
        "date_created": datetime(2026, 1, 31, 8, 0, 0, 500_000, tzinfo=UTC),
        "links": '{"a":  "b"}',
    }
    assert isinstance(cells["date_created"], datetime)
    assert cells["date_created"].tzinfo is UTC


@pytest.mark.parametrize("resource", ROWS)
def test_nothing_is_lost(resource: tuple[str, str]):
    table = find_table(resource[1], resource[0])
    for line in ROWS[resource]:  # type: ignore[index]
        assert rebuilt(table, read(line, table), line) == expected(table, line)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_created", '"yesterday"'),
        ("date_created", '"2026-01-31"'),
        ("date_created", '"2026-01-31T08:00:00"'),
        ("date_created", '"2026-01-31T08:00:00.1234567Z"'),
        ("date_created", '"2026-01-31T23:59:60Z"'),
        ("date_created", '"0001-01-01T00:00:00+01:00"'),
        ("date_created", '"Sat, 31 Jan 2026 08:00:00 +0000"'),
        ("date_created", "1769846400"),
        ("date_created", '""'),
        ("ttl", '"60"'),
        ("ttl", "60.0"),
        ("ttl", "9223372036854775808"),
        ("ttl", "-9223372036854775809"),
        ("ttl", "true"),
        ("status", "1.50"),
        ("status", "true"),
        ("status", '{"a": [1,  2]}'),
        ("a_new_field", "1.50"),
        ("a_new_field", "null"),
        ("extra", '"mine"'),
        ('a "quoted" näme', "[]"),
    ],
)
def test_what_fits_no_column_is_kept_as_it_was_sent(field: str, value: str):
    cells = read(f'{{"sid": "KC1", {json.dumps(field)}: {value}, "mode": "voice-only"}}'.encode())
    assert cells["extra"] == "{" + msgspec.json.encode(field).decode() + ":" + value + "}"
    assert {name for name, cell in cells.items() if cell is not None} == {"sid", "mode", "extra"}


@pytest.mark.parametrize(
    ("field", "value", "cell"),
    [
        (
            "date_created",
            '"2026-01-31T08:00:00.5000000Z"',
            datetime(2026, 1, 31, 8, 0, 0, 500000, tzinfo=UTC),
        ),
        ("date_created", '"9999-12-31T23:59:59.999999Z"', datetime.max.replace(tzinfo=UTC)),
        ("date_created", "null", None),
        ("ttl", "9223372036854775807", 2**63 - 1),
        ("ttl", "-9223372036854775808", -(2**63)),
        ("status", '"\\u0000"', "\0"),
        ("unique_name", '"version 1.2345678"', "version 1.2345678"),
        ("links", "[]", "[]"),
        ("links", '"text"', '"text"'),
        ("links", "null", None),
    ],
)
def test_what_fits_is_not_in_extra(field: str, value: str, cell: object):
    cells = read(f'{{"{field}": {value}}}'.encode())
    assert cells[field] == cell
    assert cells["extra"] is None


def test_a_field_that_was_not_sent_is_null():
    assert set(read(b"{}").values()) == {None}


def test_bytes_that_are_no_text_are_kept():
    cells = read(b'{"sid": "KC1", "unique_name": "\xff\xc3", "links": {"a": "\xfe"}}')
    assert cells["unique_name"] is None
    assert cells["extra"] == '{"unique_name":"\\udcff\\udcc3"}'
    assert cells["links"] == '{"a": "\\udcfe"}'
    assert json.loads(str(cells["extra"]))["unique_name"].encode("utf-8", "surrogateescape") == b"\xff\xc3"


# No lone surrogates: no page that has one can be read to begin with.
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda date: date.isoformat().replace("+00:00", "Z"))
names = st.sampled_from([column.name for column in SESSIONS.columns]) | texts


@settings(deadline=None)
@given(st.dictionaries(names, values | moments))
def test_whatever_comes_is_kept(fields: dict[str, object]):
    line = json.dumps(fields, ensure_ascii=False).encode()
    assert rebuilt(SESSIONS, read(line), line) == expected(SESSIONS, line)


def test_rows_are_counted_while_they_are_read(tmp_path: Path):
    archive = written(tmp_path / "archive", ROWS)
    told: list[int] = []
    rows = TableRows(archive, SESSIONS, told.append)
    read_back = [row for batch in rows.batches() for row in batch]
    assert rows.rows == sum(told) == len(read_back) == 9
    assert rows.extra == 5
    assert [row[0] for row in read_back] == [f"KC{number}" for number in range(1, 10)]


def test_batches_are_bounded(tmp_path: Path):
    lines = [b'{"sid": "KC%d"}' % number for number in range(10_000)]
    long = [b'{"sid": "KC%d", "data": "%s"}' % (number, b"x" * 1_500_000) for number in range(5)]
    archive = written(tmp_path / "archive", {("proxy", "sessions"): lines, ("proxy", "interactions"): long})
    assert [len(batch) for batch in TableRows(archive, SESSIONS).raw_batches()] == [4096, 4096, 1808]
    assert [len(b) for b in TableRows(archive, find_table("interactions")).raw_batches()] == [3, 2]


@pytest.mark.parametrize("line", [b"[1]", b'{"sid": ', b"null", b'{"\xff": 1}', b"", b'{"sid": "\\ud800"}'])
def test_what_is_no_object_is_named(tmp_path: Path, line: bytes):
    archive = written(tmp_path / "archive", {("proxy", "sessions"): [b'{"sid": "KC1"}', line]})
    with pytest.raises(ArchiveError, match=r"a row of sessions of proxy in .*archive is not a JSON object"):
        list(TableRows(archive, SESSIONS).batches())

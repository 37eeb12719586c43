"""CSV: nulls apart from empty strings, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from specimens import TEXTS

from twilio_sessions.export import csv_escape, csv_unescape
from twilio_sessions.export._csv import write_csv
from twilio_sessions.export._rows import Row, RowReader
from twilio_sessions.export._schema import Column, Table, find_table

TABLE = Table("t", "proxy", "t", (Column("a", "text"), Column("b", "integer")))
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - the full-width forms are meant


def text_of(rows: list[Row], *, raw: bool = False) -> str:
    file = io.BytesIO()
    write_csv(TABLE, [rows], file, raw=raw)
    return file.getvalue().decode()


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("Ada", "Ada"),
        ("a=b", "a=b"),
        (" =1", " =1"),
        ("=1+1", "'=1+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\ta", "'\ta"),
        ("\ra", "'\ra"),
        ("\na", "'\na"),
        ("＝1", "'＝1"),  # noqa: RUF001
        ("＋1", "'＋1"),  # noqa: RUF001
        ("－1", "'－1"),  # noqa: RUF001
        ("＠1", "'＠1"),  # noqa: RUF001
        ("'tis", "''tis"),
        ("'", "''"),
        ("+14155550100", "+14155550100"),
        ("+1", "+1"),
        ("+", "'+"),
        ("+1234567890123456", "'+1234567890123456"),
        ("+14155550100\n", "'+14155550100\n"),
        ("+1415+1", "'+1415+1"),
        ("+１４", "'+１４"),  # noqa: RUF001
        ("whatsapp:+14155550100", "whatsapp:+14155550100"),
    ],
)
def test_what_a_spreadsheet_would_run_is_marked(text: str, cell: str):
    assert csv_escape(text) == cell
    assert csv_unescape(cell) == text


@settings(deadline=None)
@given(st.text() | st.builds(str.__add__, st.sampled_from([*FORMULA, "'", "+1"]), st.text()))
@example("+14155550100")
@example("''=1")
def test_marks_can_be_taken_away_again(text: str):
    cell = csv_escape(text)
    assert csv_unescape(cell) == text
    is_number = text[:1] == "+" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 16
    assert not cell.startswith(FORMULA) or is_number


def test_only_text_is_quoted():
    assert text_of([["Ada", 5, None], ["", None, ""], [None, -1, "{}"]]) == (
        '"a","b","extra"\n'  # the names
        '"Ada",5,\n'
        '"",,""\n'
        ',-1,"{}"\n'
    )


def test_quotes_are_doubled_and_line_breaks_stay():
    assert text_of([['a "b"\r\nc', 1, None]]).splitlines(keepends=True)[1:] == ['"a ""b""\r\n', 'c",1,\n']


def test_marks_can_be_left_out():
    assert text_of([["=1", 1, "-2"]]) == '"a","b","extra"\n"\'=1",1,"\'-2"\n'
    assert text_of([["=1", 1, "-2"]], raw=True) == '"a","b","extra"\n"=1",1,"-2"\n'


@pytest.mark.parametrize("fraction", ["", ".000001", ".5"])
def test_each_kind_has_its_form(fraction: str):
    numbers = find_table("phone-numbers")
    line = f'{{"is_reserved": true, "in_use": 3, "date_created": "2026-01-31T09:00:00{fraction}+01:00"}}'
    file = io.BytesIO()
    write_csv(numbers, [[RowReader(numbers).read(line.encode())]], file, raw=False)
    named = dict(zip(*(each.split(",") for each in file.getvalue().decode().splitlines()), strict=True))
    cells = {name.strip('"'): cell for name, cell in named.items() if cell}
    seconds = fraction.ljust(7, "0") if fraction else ""
    assert cells == {"is_reserved": "true", "in_use": "3", "date_created": f"2026-01-31T08:00:00{seconds}Z"}


@pytest.mark.parametrize("raw", [False, True])
def test_the_reader_of_the_standard_library_reads_it(raw: bool):
    rows: list[Row] = [[text, at, "x"] for at, text in enumerate(TEXTS)]
    found = list(csv.reader(io.StringIO(text_of(rows, raw=raw), newline="")))[1:]
    back = (lambda text: text) if raw else csv_unescape
    assert [(back(cells[0]), int(cells[1])) for cells in found] == [
        (text, at) for at, text in enumerate(TEXTS)
    ]

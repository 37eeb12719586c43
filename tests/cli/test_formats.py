"""Rows as programs read them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from twilio_sessions.cli._formats import choose_fields, timestamp, writer_of
from twilio_sessions.errors import ArgumentError
from twilio_sessions.export import csv_unescape
from twilio_sessions.proxy import Interaction, PhoneNumber, Session

SESSIONS = [
    Session(sid="KC1", unique_name='the "quoted" one', ttl=60, date_created=datetime(2026, 1, 2, tzinfo=UTC)),
    Session(sid="KC2", unique_name="", links={"a": "b"}),
    Session(sid="KC3"),
]


def written(output: str, rows: list[object], *batches: int, fields: tuple[str, ...] | None = None) -> str:
    writer = writer_of(output, type(rows[0]), fields, is_single=False)  # type: ignore[arg-type]
    text, at = writer.before, 0
    for count in (*batches, len(rows)):
        text += writer.add(rows[at : at + count])
        at += count
    return text + writer.after


@pytest.mark.parametrize("batches", [(), (1,), (1, 1), (0, 2), (3,)])
def test_however_rows_come_the_text_is_the_same(batches: tuple[int, ...]):
    for output in ("json", "ndjson", "csv", "tsv"):
        assert written(output, [*SESSIONS], *batches) == written(output, [*SESSIONS])


def test_json_is_valid_whatever_there_is():
    rows = json.loads(written("json", [*SESSIONS], 2))
    assert [row["sid"] for row in rows] == ["KC1", "KC2", "KC3"]
    writer = writer_of("json", Session, None, is_single=False)
    assert json.loads(writer.before + writer.add([]) + writer.after) == []


def test_lines_hold_what_was_chosen_in_that_order():
    text = written("ndjson", [*SESSIONS], fields=("date_created", "sid"))
    assert text.splitlines()[0] == '{"date_created":"2026-01-02T00:00:00Z","sid":"KC1"}'


def test_csv_tells_nothing_from_an_empty_text():
    text = written("csv", [*SESSIONS], fields=("sid", "unique_name", "ttl", "date_created", "links"))
    assert text.splitlines() == [
        '"sid","unique_name","ttl","date_created","links"',
        '"KC1","the ""quoted"" one",60,2026-01-02T00:00:00Z,',
        '"KC2","",0,,"{""a"":""b""}"',
        '"KC3",,0,,',
    ]


@pytest.mark.parametrize("formula", ["=1+1", "+1+1", "-2", "@SUM(A1)", "'quoted", "\t=1"])
def test_no_cell_is_a_formula_for_a_spreadsheet(formula: str):
    row = Interaction(sid="KI1", data=formula)
    (cell,) = next(csv.reader(io.StringIO(written("csv", [row], fields=("data",)).split("\n", 1)[1])))
    assert cell.startswith("'")
    assert csv_unescape(cell) == formula
    assert written("tsv", [row], fields=("data",)).splitlines()[1].startswith("'")


def test_a_phone_number_is_no_formula():
    row = PhoneNumber(sid="PN1", phone_number="+14155550100", is_reserved=True)
    text = written("csv", [row], fields=("phone_number", "is_reserved"))
    assert text == '"phone_number","is_reserved"\n"+14155550100",true\n'


def test_a_tsv_cell_has_no_tab_and_no_line_break():
    row = Interaction(sid="KI1", data="a\tb\nc\\d\r")
    assert written("tsv", [row], fields=("sid", "data")) == "sid\tdata\nKI1\ta\\tb\\nc\\\\d\\r\n"


def test_dates_are_in_utc():
    assert timestamp(datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1)))) == "2025-12-31T23:00:00Z"


def test_fields_are_those_of_the_resource():
    assert choose_fields(Session, None) is None
    assert choose_fields(Session, " sid , ttl,") == ("sid", "ttl")
    for text in ("", " , ", "sid,sids"):
        with pytest.raises(ArgumentError, match=r"--fields .* known are sid, service_sid"):
            choose_fields(Session, text)

"""Rows of sessions to create: what a file may say, and what is refused with its line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import ArgumentError
from twilio_sessions.bulk import NewSession, read_rows
from twilio_sessions.bulk._rows import check_rows
from twilio_sessions.proxy import ParticipantSpec

if TYPE_CHECKING:
    from pathlib import Path

EVERYTHING = NewSession(
    unique_name="Order #1",
    date_expiry=datetime(2030, 1, 1, tzinfo=UTC),
    ttl=3600,
    mode="voice-only",
    status="open",
    participants=[ParticipantSpec("+14155550100"), ParticipantSpec("+14155550101")],
)


def test_csv(tmp_path: Path):
    file = tmp_path / "rows.CSV"
    file.write_text(
        "unique_name,ttl,date_expiry,mode,status,participants\n"
        "Order #1,3600,2030-01-01T00:00:00Z,voice-only,open,+14155550100 +14155550101\n"
        "123,,,,,\n"
        'named,0,,,,"[{""identifier"": ""+14155550100"", ""friendlyName"": ""Ada""}]"\n',
        encoding="utf-8-sig",
    )
    assert read_rows(file) == [
        EVERYTHING,
        NewSession(unique_name="123"),
        NewSession(unique_name="named", ttl=0, participants=[ParticipantSpec("+14155550100", "Ada")]),
    ]


def test_ndjson(tmp_path: Path):
    file = tmp_path / "rows.ndjson"
    file.write_text(
        '{"unique_name": "Order #1", "ttl": 3600, "date_expiry": "2030-01-01T00:00:00Z",'
        ' "mode": "voice-only", "status": "open", "participants": ["+14155550100", {"Identifier":'
        ' "+14155550101"}]}\n\n{"unique_name": "two", "ttl": null}\n'
    )
    assert read_rows(file) == [EVERYTHING, NewSession(unique_name="two")]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.csv", "unique_name\na\nb\na\n", "row 3: unique_name 'a' is there twice"),
        (
            "a.csv",
            "ttl\n60\n",
            "a.csv, line 1: there is no column unique_name; the first line names the columns",
        ),
        (
            "a.csv",
            "unique_name,tll\na,60\n",
            "line 1: unknown columns: 'tll'; the first line names the columns",
        ),
        ("a.csv", "unique_name,tll,\na,,\n", "line 1: unknown columns: 'tll', one without a name; "),
        ("a.csv", "unique_name,ttl,ttl\na,1,2\n", "line 1: columns that are there twice: ttl; "),
        ("a.csv", "unique_name\na,b\n", "a.csv, line 2: 2 cells, and 1 columns; put quotes around a cell"),
        (
            "a.csv",
            "unique_name,ttl\n,60\n",
            "a.csv, line 2: unique_name is missing, and each row needs its own",
        ),
        (
            "a.csv",
            "unique_name,ttl\na,soon\n",
            "a.csv, line 2: ttl must be whole seconds, or a duration such as 90m, 12h or 30d; got 'soon'",
        ),
        ("a.csv", "unique_name,ttl\na,1.5s\n", "ttl must be whole seconds, or a duration such as 90m"),
        ("a.csv", "unique_name,ttl\na,-1\n", "a.csv, line 2: ttl must be from 0"),
        ("a.csv", "unique_name,ttl\na,-1.0\n", "a.csv, line 2: ttl must be from 0 (no limit) to"),
        ("a.csv", "unique_name,ttl\na,60.5\n", "ttl must be whole seconds, or a duration such as 90m"),
        ("a.csv", "unique_name,ttl\na,90M\n", "a.csv, line 2: ttl must not be in months (M) or years (y)"),
        ("a.jsonl", '{"unique_name": "a", "ttl": 60.5}\n', "ttl must be whole seconds, or a duration such"),
        ("a.jsonl", '{"unique_name": "a", "ttl": -60.0}\n', "line 1: ttl must be from 0 (no limit) to"),
        ("a.jsonl", '{"unique_name": "a", "ttl": true}\n', "a.jsonl, line 1: Expected"),
        ("a.csv", "unique_name,mode\na,fax\n", "a.csv, line 2: mode must be one of message-only"),
        ("a.csv", "unique_name,date_expiry\na,2030-01-01T00:00\n", "date_expiry must say its time zone"),
        ("a.csv", "unique_name,participants\na,1 2 3\n", "participants may hold at most 2"),
        ("a.csv", "unique_name,participants\na,[1]\n", "participants must be a ParticipantSpec or a mapping"),
        ("a.csv", "unique_name,date_expiry\na,soon\n", "date_expiry must be a date such as 2026-12-31T18:00"),
        ("a.csv", 'unique_name\n"a\n', "a.csv, line 2: unexpected end of data"),
        ("a.csv", '"unique_name\n', "a.csv, line 1: unexpected end of data"),
        (
            "a.csv",
            "",
            "a.csv has no rows; expected is a line that names the columns (unique_name, and any of date_",
        ),
        ("a.csv", "unique_name,ttl\n\n", "a.csv has no rows; expected is a line that names the columns"),
        (
            "a.jsonl",
            "\n",
            "a.jsonl has no rows; expected is a line for each session, a JSON object with unique_",
        ),
        ("a.jsonl", '{"ttl": 5}\n', "a.jsonl, line 1: unique_name is missing, and each row needs its own"),
        (
            "a.jsonl",
            '{"unique_name": "a", "tll": null}\n',
            "unknown field `tll`; known are unique_name, date_expiry",
        ),
        ("a.jsonl", '{"unique_name": "a", "ttl": "5x"}\n', "a.jsonl, line 1: ttl must be whole seconds, or"),
        ("a.jsonl", '{"unique_name": 5}\n', "a.jsonl, line 1: Expected `str`, got `int`"),
        ("a.jsonl", '\n{"unique_name"\n', "a.jsonl, line 2: "),
        ("a.jsonl", '{"unique_name": "a", "participants": 5}\n', "participants must be a list"),
        ("a.jsonl", '{"unique_name": "..", "ttl": 1}\n', "unique_name must name one resource"),
    ],
)
def test_what_cannot_be_right_is_named_with_its_line(tmp_path: Path, name: str, text: str, problem: str):
    (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError) as caught:
        read_rows(tmp_path / name)
    assert problem in str(caught.value)
    assert "line 0" not in str(caught.value)


def test_a_file_in_another_encoding_is_named_without_a_line(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes("unique_name\nKöln\n".encode("latin-1"))
    with pytest.raises(ArgumentError, match=r"a\.csv is not text in UTF-8; save it as that"):
        read_rows(tmp_path / "a.csv")


def test_a_ttl_is_seconds_or_a_duration(tmp_path: Path):
    (tmp_path / "a.csv").write_text("unique_name,ttl\na,5400\nb,90m\nc, 1h30m \nd,5400.0\ne,1.5h\n")
    (tmp_path / "a.ndjson").write_text(
        '{"unique_name": "a", "ttl": "90m"}\n{"unique_name": "b", "ttl": 5400}\n'
        '{"unique_name": "c", "ttl": 5400.0}\n'
    )
    assert {row.ttl for row in [*read_rows(tmp_path / "a.csv"), *read_rows(tmp_path / "a.ndjson")]} == {5400}


def test_rows_may_be_mappings():
    assert check_rows([{"unique_name": "a", "participants": ["+1"]}]) == (
        NewSession(unique_name="a", participants=[ParticipantSpec("+1")]),
    )
    with pytest.raises(ArgumentError, match="row 2: unique_name"):
        check_rows([{"unique_name": "a"}, {"unique_name": ""}])

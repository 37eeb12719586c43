"""Rows that are hard to convert, and what has to be true of a row in whatever format it is read back."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_sessions.export._plan import Product
    from twilio_sessions.export._schema import Table

ACCOUNT = "AC" + "0" * 31 + "1"


def row(**fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode()


TEXTS = (
    "",
    "Ada",
    "NA",
    "null",
    "Zoë 🚀 日本",
    'two\nlines, a comma, a "quote"',
    "carriage\r\nreturn \r alone",
    '"',
    '""',
    ",",
    " padded ",
    "tab\tinside",
    "=1+1",
    "@SUM(A1)",
    "-2",
    "+14155550100",
    "+14155550100\n",
    "+1415a",
    "\tx",
    "\rx",
    "\nx",
    "＝1",  # noqa: RUF001 - the full-width form is meant
    "'tis",
    "''",
    "\\N",
    "1",
    "true",
    "2026-01-01",
    "x" * 70_000,
)

SESSIONS = (
    row(sid="KC1", status="open", ttl=0, date_created="2026-01-31T08:00:00Z", unique_name=""),
    row(sid="KC2", status=None, ttl=None, date_created=None, unique_name=None, links=None),
    row(
        sid="KC3", ttl=9007199254740993, date_created="2026-01-31T09:00:00+01:00", links={"b": "1", "a": "2"}
    ),
    row(sid="KC4", date_created="2026-01-31T08:00:00.000001Z", date_updated="0001-01-01T00:00:00Z"),
    row(sid="KC5", date_created="yesterday", date_updated="2026-01-31", date_ended="2026-01-31T08:00:00"),
    row(sid="KC6", date_created="2026-01-31T08:00:00.0000001Z", date_ended="0001-01-01T00:00:00+01:00"),
    row(sid="KC7", ttl="60", unique_name=7, status=True, links=["not", "an", "object"]),
    row(sid="KC8", ttl=2**63, mode=1.5, a_new_field={"x": [1, None]}, another=None, extra="mine"),
    b'{"sid": "KC9", "price": 1.50, "ttl": 1e2, "big": 123456789012345678901234567890}',
)

ROWS: Mapping[tuple[Product, str], tuple[bytes, ...]] = {
    ("proxy", "services"): (row(sid="KS1", unique_name="desk", default_ttl=3600, links={}),),
    ("proxy", "phone-numbers"): (
        row(
            sid="PN1",
            phone_number="+14155550100",
            is_reserved=True,
            in_use=2,
            capabilities={"sms": True, "voice": False},
        ),
        row(sid="PN2", phone_number="+442071838750", is_reserved=False, in_use=0, capabilities=None),
        row(sid="PN3", phone_number="12345", is_reserved="yes", in_use=None),
    ),
    ("proxy", "sessions"): SESSIONS,
    ("proxy", "participants"): tuple(
        row(sid=f"KP{at}", session_sid="KC1", friendly_name=text, identifier="+14155550100")
        for at, text in enumerate(TEXTS)
    ),
    ("proxy", "interactions"): (
        row(sid="KI1", session_sid="KC1", data='{"body":"=hello\\n"}', date_created="2026-01-31T08:00:00Z"),
    ),
    ("assistants", "sessions"): (row(id="mine", verified=False, identity="phone:+14155550100"),),
    ("assistants", "messages"): (
        row(id="aia_msg_1", session_id="mine", content={"text": "Zoë\n=1"}, meta={}, verified=None),
    ),
}


def expected(table: Table, line: bytes) -> dict[str, object]:
    """Return what Twilio sent, without what is null in columns."""
    names = {column.name for column in table.columns}
    return {name: value for name, value in json.loads(line).items() if value is not None or name not in names}


def rebuilt(table: Table, cells: Mapping[str, object], line: bytes) -> dict[str, object]:
    """Return what Twilio sent, from a row as it was read back; dates are spelled as `line` spells them."""
    sent = json.loads(line)
    found: dict[str, object] = {}
    for column in table.columns:
        cell = cells[column.name]
        if cell is None:
            continue
        if column.kind == "json":
            assert isinstance(cell, str)
            cell = json.loads(cell)
        if column.kind == "timestamp":
            assert isinstance(cell, datetime)
            assert cell == datetime.fromisoformat(sent[column.name])
            cell = sent[column.name]
        assert type(cell) is type(sent[column.name])
        found[column.name] = cell
    if cells["extra"] is not None:
        assert isinstance(cells["extra"], str)
        extra = json.loads(cells["extra"])
        assert extra
        assert not extra.keys() & found.keys()
        found |= extra
    return found

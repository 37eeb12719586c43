"""Columns that fit, and text that does no harm on a terminal."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from twilio_sessions.cli._resources import RESOURCES
from twilio_sessions.cli._tables import lay_out, printable
from twilio_sessions.proxy import Session

COLUMNS = next(resource.columns for resource in RESOURCES if resource.command == ("sessions",))
SID = "KC" + "0" * 32


def session(name: str | None = None) -> Session:
    return Session(sid=SID, unique_name=name, status="open", date_created=datetime(2026, 1, 2, tzinfo=UTC))


@given(
    st.integers(60, 200),
    st.lists(st.one_of(st.none(), st.text(min_size=1, max_size=200)), min_size=1, max_size=5),
)
def test_every_line_fits_and_every_sid_is_whole(width: int, names: list[str | None]):
    rows = [session(name) for name in names]
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(lay_out(COLUMNS, rows, width).table(rows))
    lines = captured.get().splitlines()
    assert len(lines) == len(rows) + 1
    assert all(SID in line for line in lines[1:])
    assert all(cell_len(line.rstrip()) <= width for line in lines)


def test_later_rows_keep_the_columns_of_the_first():
    layout = lay_out(COLUMNS, [session("short")], 80)
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        console.print(layout.table([session("a much longer name than the first")], heading=False))
    assert captured.get().rstrip() == f"{SID}  a much lon…  open    2026-01-02 00:00Z"


def test_the_more_room_the_more_columns():
    shown = [len(lay_out(COLUMNS, [session("Order #1234")], width).columns) for width in range(50, 180, 10)]
    assert shown == sorted(shown)
    assert (shown[0], shown[-1]) == (2, len(COLUMNS))


def test_only_a_status_has_the_colour_of_one():
    rows = [session("open")]
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    with console.capture() as captured:
        console.print(lay_out(COLUMNS, rows, 80).table(rows))
    assert captured.get().count("\x1b[32mopen") == 1


def test_columns_that_were_asked_for_are_all_there():
    layout = lay_out(COLUMNS, [session("Order #1234")], 40, keep_all=True)
    assert (layout.columns, layout.hidden) == (COLUMNS, 0)
    assert max(layout.widths) <= 10


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Köln 注文 🍕", "Köln 注文 🍕"),
        ("\x1b[31mred", "\\u001b[31mred"),
        ("two\nlines\t", "two\\nlines\\t"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b31m", "\\u009b31m"),
    ],
)
def test_nothing_moves_the_cursor(text: str, shown: str):
    assert printable(text) == shown

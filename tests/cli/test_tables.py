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
from twilio_sessions.cli._tables import card, lay_out, printable
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


@pytest.mark.parametrize("keep_all", [False, True])
@given(width=st.integers(34, 130))
def test_read_down_its_column_a_sid_is_whole(*, keep_all: bool, width: int):
    row = Session(sid="KC0123456789abcdef0123456789abcdef", service_sid="KSfedcba9876543210fedcba9876543210")
    layout = lay_out(("unique_name", "sid", "service_sid"), [row], width, keep_all=keep_all)
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(layout.table([row], heading=False))
    lines, at = captured.get().splitlines(), 0
    for name, wide in zip(layout.columns, layout.widths, strict=True):
        if name != "unique_name":
            assert "".join(line[at : at + wide].strip() for line in lines) == getattr(row, name)
        at += wide + 2


def test_a_card_puts_values_below_names_where_there_is_no_room_beside_them():
    row = session("Order #1234")
    for width in (20, 44, 46, 47, 80):
        console = Console(file=io.StringIO(), width=width)
        with console.capture() as captured:
            console.print(card(row, ["unique_name", "sid"], width))
        lines = [line.rstrip() for line in captured.get().splitlines()]
        if width < len("unique_name") + 2 + len(SID):
            assert lines[:3] == ["unique_name", "  Order #1234", "sid"]
            assert "".join(line.strip() for line in lines[3:]) == SID
        else:
            assert lines == ["unique_name  Order #1234", f"sid          {SID}"]


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

"""Numbers and times as a person says them."""

from __future__ import annotations

import pytest

from twilio_sessions.cli._words import by_product, clock, counted, duration, shortened


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than a second"),
        (1, "1 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (165.2, "2 min 45 s"),
        (3599.7, "1 h"),
        (7200, "2 h"),
        (3600 * 5 + 60 * 12 + 20, "5 h 12 min"),
        (86_370, "1 d"),
        (86_400 * 5, "5 d"),
        (86_400 * 2 + 3600 * 3, "2 d 3 h"),
    ],
)
def test_a_duration(seconds: float, words: str):
    assert duration(seconds) == words


def test_a_clock():
    assert [clock(seconds) for seconds in (0.9, 61, 3_723, 360_000)] == [
        "0:00:00",
        "0:01:01",
        "1:02:03",
        "100:00:00",
    ]


def test_a_count():
    assert [counted(count, "row") for count in (0, 1, 1_234_567)] == ["0 rows", "1 row", "1,234,567 rows"]


def test_a_short_name():
    assert shortened("KS" + "0123456789" * 3 + "ab") == "KS0123456789..."
    assert shortened("assistants") == "assistants"


def test_rows_by_product():
    rows = {"assistants-messages": 9, "sessions": 5, "services": 2, "assistants-sessions": 3}
    assert by_product(rows) == {
        "proxy": {"services": 2, "sessions": 5},
        "assistants": {"sessions": 3, "messages": 9},
    }
    assert list(by_product(rows)["proxy"]) == ["services", "sessions"]
    assert by_product({}) == {}

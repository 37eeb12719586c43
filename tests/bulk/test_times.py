"""Durations in files are read as the command line reads them, and others are refused."""

from __future__ import annotations

from datetime import timedelta

import cyclopts
import pytest

from twilio_sessions.bulk._times import read_seconds

FORMS = ["90s", "90m", "12h", "30d", "2w", "1h30m", "1.5h", "1.1h", "4.35h", "2.2d", "0.1h0.1h", "0s", " 5m "]


def as_an_option(text: str) -> timedelta:
    app = cyclopts.App()

    @app.default
    def read(*, ttl: timedelta) -> timedelta:
        return ttl

    found: timedelta = app(["--ttl", text], exit_on_error=False, result_action="return_value")
    return found


@pytest.mark.parametrize("text", FORMS)
def test_the_forms_are_those_of_the_option(text: str):
    assert timedelta(seconds=read_seconds(text)) == as_an_option(text)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("0", 0),
        ("3600", 3600),
        (" 60 ", 60),
        ("-1", -1),
        ("3600.0", 3600),
        ("-1.00", -1),
        (60, 60),
        (60.0, 60),
    ],
)
def test_a_number_is_seconds(given: float | str, seconds: int):
    found = read_seconds(given)
    assert (found, type(found)) == (seconds, int)


@pytest.mark.parametrize(
    "given",
    [
        *("", "5x", "m", "5 m", "1.5", "1.5s", "3600.", "3600.01", "-5m", "1e3s", "٣m", "٣.0"),
        *("9" * 30, "1h" * 40, "9" * 50 + "s", 1.5, float("nan"), float("inf")),
    ],
)
def test_what_is_neither_is_named(given: float | str):
    with pytest.raises(ValueError, match="must be whole seconds, or a duration such as 90m, 12h or 30d; got"):
        read_seconds(given)


@pytest.mark.parametrize("text", ["90M", "1y", "1h30M", "1.5y2d", " 1M "])
def test_months_and_years_are_not_taken_for_minutes(text: str):
    with pytest.raises(
        ValueError, match=r"\(M\) or years \(y\); say m for minutes, h for hours or d for days; got"
    ):
        read_seconds(text)

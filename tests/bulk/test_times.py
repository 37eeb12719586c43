"""Durations in files are read as the command line reads them, and others are refused."""

from __future__ import annotations

from datetime import timedelta

import cyclopts
import pytest

from twilio_sessions.bulk._times import read_seconds

FORMS = ["90s", "90m", "12h", "30d", "2w", "1M", "1y", "1h30m", "1.5h", "0s", " 5m "]


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


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("3600", 3600), (" 60 ", 60), ("-1", -1)])
def test_a_number_is_seconds(text: str, seconds: int):
    assert read_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "5x", "m", "5 m", "1.5", "1.5s", "-5m", "1e3s", "٣m", "9" * 30, "1h" * 40]
)
def test_what_is_neither_is_named(text: str):
    with pytest.raises(ValueError, match="must be whole seconds, or a duration such as 90m, 12h or 30d; got"):
        read_seconds(text)

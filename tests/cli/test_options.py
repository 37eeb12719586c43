"""Errors of the library name the options that were typed."""

from __future__ import annotations

import sys

import pytest

from twilio_sessions.cli._app import app
from twilio_sessions.cli._options import in_options, options_of
from twilio_sessions.errors import ArgumentError

OPTIONS = {
    "name_prefix": "--name-prefix",
    "participants": "--participant",
    "phone_number": "--phone-number",
    "sid": "--sid",
    "sids_from": "--sids-from",
    "status": "--status",
}


@pytest.mark.parametrize(
    ("argument", "said", "told"),
    [
        ("name_prefix", "name_prefix must not be empty", "--name-prefix must not be empty"),
        ("statuses", "statuses does not know 'statuses'", "--status does not know 'statuses'"),
        (
            "sids",
            "sids must be KC and 32 hexadecimal digits",
            "--sids-from must be KC and 32 hexadecimal digits",
        ),
        ("participants", "participants may hold at most 2", "--participant may hold at most 2"),
        (
            "participants[1].identifier",
            "participants[1].identifier must not be empty",
            "identifier of --participant 2 must not be empty",
        ),
        (
            "sid or phone_number",
            "give exactly one of sid or phone_number; got neither",
            "give exactly one of --sid or --phone-number; got neither",
        ),
        ("page_size", "page_size must be 1 or more", "page_size must be 1 or more"),
        ("status", "name a status, such as status", "name a status, such as status"),
        ("rows", "rows.csv, line 2: ttl must be positive", "rows.csv, line 2: ttl must be positive"),
        ("--created-after", "--created-after must be a date", "--created-after must be a date"),
    ],
)
def test_an_argument_is_named_as_its_option(argument: str, said: str, told: str):
    error = in_options(ArgumentError(said, argument=argument), OPTIONS)
    assert (str(error), error.argument) == (told, argument)


def test_notes_are_kept():
    error = ArgumentError("sid must not be empty", argument="sid")
    error.add_note("of the second row")
    assert in_options(error, OPTIONS).__notes__ == ["of the second row"]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (["sessions", "close"], {"name_prefix": "--name-prefix", "sids_from": "--sids-from"}),
        (["sessions", "create"], {"from": "--from", "participants": "--participant"}),
        (["sessions", "delete", "x"], {"sid": "SID", "archive": "--archive"}),
        (["export"], {"service": "--service", "out": "--out"}),
    ],
)
def test_options_are_those_of_the_command_that_was_called(
    words: list[str], some: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "argv", ["twilio-sessions", *words])
    assert some.items() <= options_of(app).items()


@pytest.mark.parametrize("words", [[], ["sessions"], ["nothing"]])
def test_where_there_is_no_command_there_are_no_options(words: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["twilio-sessions", *words])
    assert options_of(app) == {}

"""What was typed becomes what the library takes, or a mistake that is named before anything is asked."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest

from twilio_sessions import ArgumentError, ConfigurationError
from twilio_sessions.cli._asked import Asked, names, to_date
from twilio_sessions.export import export

if TYPE_CHECKING:
    from twilio_sessions.export import Format

ASKED = Asked(
    command="twilio-sessions export",
    out=Path("archive"),
    services=(),
    products=None,
    include=None,
    statuses=(),
    created_after=None,
    created_before=None,
    compress="none",
    concurrency=3,
    patience=4.0,
    rate_limit=True,
    to=None,
    progress="auto",
    quiet=False,
)


def test_names():
    assert names(None) is None
    assert names("proxy") == ("proxy",)
    assert names(" sessions, messages,") == ("sessions", "messages")
    assert names("") == ()


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:30:00Z", datetime(2026, 1, 31, 8, 30, tzinfo=UTC)),
        ("2026-01-31T08:30:00+02:00", datetime(2026, 1, 31, 6, 30, tzinfo=UTC)),
    ],
)
def test_a_date(text: str, date: datetime):
    assert to_date("--created-after", text) == date
    assert to_date("--created-after", None) is None


def test_what_is_no_date():
    with pytest.raises(
        ArgumentError, match=r"--created-after must be a date such as 2026-01-31 .* got 'today'"
    ):
        to_date("--created-after", "today")


def test_quiet_is_quiet_whatever_else_was_said():
    assert attrs.evolve(ASKED, progress="json").mode == "json"
    assert attrs.evolve(ASKED, progress="json", quiet=True).mode == "none"


def test_a_mistake_is_found_before_hours_have_passed():
    ASKED.check()
    with pytest.raises(ArgumentError, match="include does not know 'mesages'"):
        attrs.evolve(ASKED, include=("mesages",)).check()


@pytest.mark.parametrize(("to", "package"), [("parquet", "pyarrow"), ("duckdb", "duckdb")])
def test_a_format_that_needs_a_package_says_so_at_once(
    monkeypatch: pytest.MonkeyPatch, to: Format, package: str
):
    asked = attrs.evolve(ASKED, to=to)
    asked.check()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == package else 1)
    with pytest.raises(ConfigurationError, match=rf"pip install 'twilio-sessions\[{to}\]'"):
        asked.check()
    attrs.evolve(ASKED, to="csv").check()


def test_every_argument_of_the_library_can_be_given():
    arguments = set(inspect.signature(export).parameters)
    # `part_rows` is nothing to a person.
    assert arguments - {"client", "on_progress", "part_rows"} <= {each.name for each in attrs.fields(Asked)}

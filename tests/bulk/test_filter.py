"""Which sessions a filter wants, and which values it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twilio_sessions import ArgumentError
from twilio_sessions.bulk import SessionFilter
from twilio_sessions.proxy import Session

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SID = "KC" + "1" * 32
DAY = timedelta(days=1)


def session(**fields: Any) -> Session:
    usual: dict[str, Any] = {
        "sid": SID,
        "status": "open",
        "unique_name": "ride-1",
        "date_created": NOW - 10 * DAY,
        "date_updated": NOW - 5 * DAY,
        "date_last_interaction": NOW - 2 * DAY,
    }
    return Session(**(usual | fields))


@pytest.mark.parametrize(
    ("where", "fields", "unmet"),
    [
        ({}, {}, None),
        ({"statuses": ["Open", "closed"]}, {}, None),
        ({"statuses": ["open"]}, {"status": "OPEN"}, None),
        ({"statuses": ["closed"]}, {}, "its status is open"),
        ({"idle": 2 * DAY}, {}, None),
        (
            {"idle": 2 * DAY + timedelta(seconds=1)},
            {},
            "its last interaction or change was at 2026-11-20T12:00:00Z",
        ),
        ({"idle": 5 * DAY}, {"date_last_interaction": None}, None),
        (
            {"idle": 6 * DAY},
            {"date_last_interaction": None},
            "its last interaction or change was at 2026-11-17T12:00:00Z",
        ),
        (
            {"idle": DAY},
            {"date_last_interaction": None, "date_updated": None},
            "its last interaction or change was at a time that Twilio does not say",
        ),
        ({"older_than": 10 * DAY}, {}, None),
        ({"older_than": 11 * DAY}, {}, "it was created at 2026-11-12T12:00:00Z"),
        ({"older_than": DAY}, {"date_created": None}, "it was created at a time that Twilio does not say"),
        ({"name_prefix": "ride-"}, {}, None),
        ({"name_prefix": "Ride-"}, {}, "its unique name begins otherwise"),
        ({"name_prefix": "r"}, {"unique_name": None}, "its unique name begins otherwise"),
    ],
)
def test_what_is_wanted(where: dict[str, Any], fields: dict[str, Any], unmet: str | None):
    assert SessionFilter(**where).unmet(session(**fields), NOW) == unmet


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ({"statuses": "open"}, "statuses must be several"),
        ({"statuses": ["shut"]}, "statuses does not know 'shut'; known are open, in-progress"),
        ({"idle": 30}, "idle must be a timedelta; got 30"),
        ({"older_than": -DAY}, "older_than must not be negative; got -1 day, 0:00:00"),
        ({"name_prefix": ""}, "name_prefix must not be empty"),
        ({"sids": SID}, "sids must be several SIDs; got a string"),
        ({"sids": ["KC1"]}, "sids must be KC and 32 hexadecimal digits; got 'KC1'"),
    ],
)
def test_what_cannot_be_right(where: dict[str, Any], problem: str):
    with pytest.raises(ArgumentError, match=problem):
        SessionFilter(**where)


def test_sids_come_once_and_in_order():
    other = "KC" + "0" * 32
    assert SessionFilter(sids=iter([SID, other, SID])).sids == (other, SID)

"""Every argument that cannot be right is refused by name, before any request."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from twilio_sessions import ArgumentError
from twilio_sessions._core import arguments
from twilio_sessions.proxy import SessionStatus

if TYPE_CHECKING:
    from collections.abc import Callable

SID = "KC" + "0123456789abcdefABCDEF0123456789"


def test_a_whole_sid_passes_as_it_is():
    assert arguments.sid("sid", SID, "KC") == SID


@pytest.mark.parametrize("value", ["KS" + SID[2:], SID[:-1], SID + "0", SID[:-1] + "g", SID + "\n", "x"])
def test_a_sid_of_another_shape_is_refused(value: str):
    with pytest.raises(ArgumentError, match="session sid must be KC and 32 hexadecimal digits") as caught:
        arguments.sid("session sid", value, "KC")
    assert caught.value.argument == "session sid"


@pytest.mark.parametrize("value", ["Order #1234", "a/b", "名前", "%2e%2e", "...", " ", "x" * 1000])
def test_any_name_may_stand_for_a_resource(value: str):
    assert arguments.identifier("sid", value) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "must not be empty"),
        (".", "another folder"),
        ("..", "another folder"),
        ("a\r\nHost: evil", "control characters"),
        ("a\x00", "control characters"),
        ("x" * 1001, "at most 1000 characters"),
        (None, "must be a string; got NoneType"),
        (b"KC", "must be a string; got bytes"),
    ],
)
def test_what_cannot_stand_in_a_path_is_refused(value: Any, reason: str):
    with pytest.raises(ArgumentError, match=f"^sid .*{reason}"):
        arguments.identifier("sid", value)


def test_a_unique_name_has_191_characters_at_most():
    assert arguments.text("unique_name", "é" * 191, longest=191) == "é" * 191
    with pytest.raises(ArgumentError, match="unique_name may have at most 191 characters; got 192"):
        arguments.text("unique_name", "é" * 192, longest=191)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (0, "0"),
        (1, "1"),
        (2_147_483_646, "2147483646"),
        (timedelta(hours=1), "3600"),
        (timedelta(0), "0"),
        (None, None),
    ],
)
def test_seconds_in_bounds_are_sent(value: int | timedelta | None, sent: str | None):
    assert arguments.seconds("ttl", value) == sent


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1, "from 0 .no limit. to 2147483646 seconds; got -1"),
        (2_147_483_647, "got 2147483647"),
        (timedelta(days=99999), "got 8639913600"),
        (timedelta(milliseconds=1500), "whole seconds; got 0:00:01.500000"),
        (timedelta(seconds=-5), "got -5"),
        (True, "got bool"),
        (1.0, "got float"),
        ("60", "got str"),
    ],
)
def test_seconds_out_of_bounds_are_refused(value: Any, reason: str):
    with pytest.raises(ArgumentError, match=f"^ttl must be .*{reason}"):
        arguments.seconds("ttl", value)


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC), "2026-11-22T03:04:05Z"),
        (datetime(2026, 11, 22, 3, 4, 5, 999999, tzinfo=UTC), "2026-11-22T03:04:05Z"),
        # The official library stamps Z on local time and is five hours off here.
        (datetime(2026, 11, 22, 3, 4, 5, tzinfo=timezone(timedelta(hours=5))), "2026-11-21T22:04:05Z"),
        (None, None),
    ],
)
def test_dates_are_sent_in_utc(value: datetime | None, sent: str | None):
    assert arguments.date("date_expiry", value) == sent


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (datetime(2026, 11, 22), "time zone"),  # noqa: DTZ001 - what is refused
        (date(2026, 11, 22), "got date"),
        ("2026-11-22", "got str"),
    ],
)
def test_dates_that_may_mean_two_moments_are_refused(value: Any, reason: str):
    with pytest.raises(ArgumentError, match=f"^date_expiry must .*{reason}"):
        arguments.date("date_expiry", value)


@pytest.mark.parametrize("value", [SessionStatus.CLOSED, "closed"])
def test_a_member_or_its_string_is_sent(value: str):
    assert arguments.member("status", value, SessionStatus) == "closed"


@pytest.mark.parametrize("value", ["cloesd", "Closed", "", 3])
def test_a_misspelt_member_is_refused_with_the_choices(value: Any):
    message = "status must be one of open, in-progress, closed, failed, unknown; got "
    with pytest.raises(ArgumentError, match=message):
        arguments.member("status", value, SessionStatus)


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (arguments.boolean, "true"),
        (arguments.boolean, 1),
        (arguments.url, "example.com/hook"),
        (arguments.url, "ftp://example.com"),
        (arguments.url, "https://example.com/" + "x" * 4000),
        (arguments.phone_number, "4155550100"),
        (arguments.phone_number, "+0155550100"),
        (arguments.phone_number, "+1 415 555 0100"),
        (arguments.urls, "https://example.com"),
        (arguments.urls, ["https://example.com", "x"]),
        (arguments.body, ""),
        (arguments.body, "\ud800"),
        (arguments.url, "http://["),
        (arguments.urls, 5),
        (arguments.date, datetime.max.replace(tzinfo=timezone(timedelta(hours=-5)))),
    ],
)
def test_other_values_of_a_wrong_kind_are_refused(check: Callable[[str, Any], object], value: Any):
    with pytest.raises(ArgumentError, match=r"^what (must|may)") as caught:
        check("what", value)
    assert caught.value.argument == "what"


@pytest.mark.parametrize(
    ("check", "value", "sent"),
    [
        (arguments.boolean, True, "true"),
        (arguments.boolean, False, "false"),
        (arguments.url, "https://example.com/hook?x=1", "https://example.com/hook?x=1"),
        (arguments.phone_number, "+14155550100", "+14155550100"),
        (
            arguments.urls,
            ["https://a.example", "http://b.example"],
            ["https://a.example", "http://b.example"],
        ),
        (arguments.body, "two\nlines", "two\nlines"),
    ],
)
def test_other_values_are_sent_as_the_contract_spells_them(
    check: Callable[[str, Any], object], value: Any, sent: object
):
    assert check("what", value) == sent
    assert check("what", None) is None


def test_exactly_one_of_two_is_demanded():
    arguments.one_of(sid="PN", phone_number=None)
    with pytest.raises(ArgumentError, match="exactly one of sid or phone_number; got neither"):
        arguments.one_of(sid=None, phone_number=None)
    with pytest.raises(ArgumentError, match="got sid and phone_number"):
        arguments.one_of(sid="PN", phone_number="+1")


@pytest.mark.parametrize(
    ("wanted", "cap", "limit", "asked"),
    [
        (None, 100, None, 100),
        (None, 1000, None, 100),
        (500, 100, None, 100),
        (500, 1000, None, 500),
        (20, 100, 5, 5),
        (None, 100, 1000, 100),
        (None, 100, 0, 100),
    ],
)
def test_a_page_is_never_larger_than_the_product_gives_or_the_limit_needs(
    wanted: int | None, cap: int, limit: int | None, asked: int
):
    assert arguments.page_size(wanted, cap=cap, limit=limit) == asked


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "10"])
def test_a_page_size_that_is_no_count_is_refused(value: Any):
    with pytest.raises(ArgumentError, match=r"^page_size must be "):
        arguments.page_size(value, cap=100, limit=None)

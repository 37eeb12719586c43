"""What is left, and how long it takes: bound by the limit of the longest endpoint, or by the pace of all."""

from __future__ import annotations

import pytest
from progress import Status, service

from twilio_sessions.export import Outlook, Partition
from twilio_sessions.export._outlook import look_out

ASSISTANTS = Status(Partition("assistants"), {"sessions": 0, "messages": 600}, {"messages": (0, 0)})


def outlook_of(*statuses: Status, rate: float = 60.0, limit: float | None = 30.0) -> Outlook:
    return look_out(statuses, are_all_open=True, limit=limit, requests_per_second=rate)


def test_nothing_left_takes_no_time():
    outlook = outlook_of(service(1, sessions=0, participants=0))
    assert outlook.seconds == 0
    assert outlook.left == ()
    assert outlook.allowed_per_second is None


def test_the_longest_endpoint_bounds_all_however_fast_the_others_are():
    outlook = outlook_of(service(1, participants=900, interactions=60), service(2, participants=3), rate=500)
    assert outlook.seconds == 30
    assert outlook.longest is not None
    assert (outlook.longest.partition.service_sid, outlook.longest.resource) == (
        "KS1" + "0" * 31,
        "participants",
    )
    assert outlook.allowed_per_second == 90


def test_all_together_bound_it_where_they_are_slower_than_the_limit():
    outlook = outlook_of(*(service(number, participants=100) for number in range(50)), rate=250)
    assert outlook.seconds == 20


def test_without_a_limit_only_the_pace_counts():
    outlook = outlook_of(service(1, participants=900), rate=90, limit=None)
    assert outlook.seconds == 10
    assert outlook.longest is None
    assert outlook.allowed_per_second is None


def test_no_limit_is_published_for_assistants():
    outlook = outlook_of(ASSISTANTS, rate=300)
    assert outlook.seconds == 2
    assert outlook.allowed_per_second is None
    assert outlook_of(ASSISTANTS, service(1, participants=1)).allowed_per_second == 30


def test_listings_of_several_pages_are_so_many_requests():
    many = service(1, {"interactions": (60, 20)}, interactions=100)
    few = service(2, {"interactions": (57, 19)}, interactions=100)
    outlook = outlook_of(many, few)
    assert [left.requests for left in outlook.left] == [300, 100]
    assert outlook.listings == 200


def test_who_stands_still_does_not_arrive():
    assert outlook_of(service(1, participants=1), rate=0).seconds is None


@pytest.mark.parametrize(
    ("left", "is_known"),
    [
        ({"sessions": 1, "participants": 5}, False),
        ({"sessions": 0, "participants": 5}, True),
        ({"sessions": 0, "participants": 5, "message_interactions": 0}, False),
        ({"sessions": 0, "participants": 0, "message_interactions": 9}, True),
        ({"sessions": 1}, False),
        ({"phone_numbers": 1}, True),
    ],
)
def test_what_is_still_being_listed_may_have_more(left: dict[str, int], *, is_known: bool):
    assert outlook_of(service(1, None, **left)).is_all_known is is_known


def test_partitions_that_are_not_open_may_have_more():
    outlook = look_out([], are_all_open=False, limit=30, requests_per_second=1)
    assert not outlook.is_all_known

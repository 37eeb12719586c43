"""Faults as values and their planning, without a socket: who is struck, how often, and what is no fault."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions.emulator import Fault, FaultPlan

CREATE = ("POST", "sessions.create", "/v1/Services/KS1/Sessions")
LIST = ("GET", "sessions.list", "/v1/Services/KS1/Sessions?PageSize=50")
NEXT = ("GET", "sessions.list", "/v1/Services/KS1/Sessions?PageSize=50&Page=1&PageToken=PT")
FETCH = ("GET", "sessions.fetch", "/v1/Services/KS1/Sessions/KC1")
OTHER = ("GET", "assistants.sessions.list", "/v1/Sessions")
NOWHERE = ("PUT", None, "/v2/%41")
ALL = [CREATE, LIST, NEXT, FETCH, OTHER, NOWHERE]


def struck(plan: FaultPlan, requests: Any) -> list[int]:
    """Return the numbers, from 1, of the requests that were struck."""
    return [number for number, one in enumerate(requests, 1) if plan.choose(*one) is not None]


def plan_of(*faults: Any) -> FaultPlan:
    plan = FaultPlan()
    plan.add(*faults)
    return plan


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({}, ALL),
        ({"method": "POST"}, [CREATE]),
        ({"method": "get"}, [LIST, NEXT, FETCH, OTHER]),
        ({"operation": "sessions.create"}, [CREATE]),
        ({"operation": "sessions.*"}, [CREATE, LIST, NEXT, FETCH]),
        ({"operation": "*.list"}, [LIST, NEXT, OTHER]),
        ({"operation": "*sessions.list"}, [LIST, NEXT, OTHER]),
        ({"target": "^/v1/Sessions"}, [OTHER]),
        ({"target": r"[?&]Page=1&"}, [NEXT]),
        ({"target": "%41"}, [NOWHERE]),
        ({"method": "GET", "operation": "sessions.*", "target": "KC"}, [FETCH]),
        ({"method": "POST", "operation": "sessions.list"}, []),
    ],
)
def test_which_requests_match(which, expected):
    plan = plan_of(Fault("reset", times=None, **which))
    assert [one for one in ALL if plan.choose(*one) is not None] == expected


@pytest.mark.parametrize(
    ("do", "more", "expected"),
    [
        ("no-meta", {}, [LIST, NEXT, OTHER]),
        ("wrong-key", {}, [LIST, NEXT, OTHER]),
        ("next-page", {"page": "loop"}, [LIST, NEXT, OTHER]),
        ("repeat-rows", {}, [NEXT]),
    ],
)
def test_faults_of_pages_are_not_used_up_by_other_requests(do, more, expected):
    plan = plan_of(Fault(do, times=None, **more))
    assert [one for one in ALL if plan.choose(*one) is not None] == expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({}, [1]),
        ({"nth": 3}, [3]),
        ({"times": 2}, [1, 2]),
        ({"nth": 2, "times": 3}, [2, 3, 4]),
        ({"times": None}, [1, 2, 3, 4, 5, 6]),
        ({"nth": 5, "times": None}, [5, 6]),
        ({"nth": 7}, []),
        ({"probability": 1.0}, [1]),
    ],
)
def test_how_often(when, expected):
    plan = plan_of(Fault("reset", **when))
    assert struck(plan, [CREATE] * 6) == expected
    over = when.get("times", 1) is not None and expected
    assert bool(plan) is bool(plan.pending) is not bool(over)


def test_only_requests_that_match_are_counted():
    plan = plan_of(Fault("reset", operation="sessions.create", nth=2))
    assert struck(plan, [CREATE, LIST, LIST, FETCH, CREATE, CREATE]) == [5]


def test_faults_strike_one_after_another_and_each_has_its_turn():
    first, second, third = Fault("reset"), Fault("hang-up", times=2), Fault("stall", nth=2)
    plan = plan_of(first, second, third)
    order = [plan.choose(*CREATE) for _ in range(5)]
    assert order == [first, second, second, third, None]


def test_a_standing_fault_gives_way_to_those_before_it():
    once, always = Fault("reset", nth=2), Fault("hang-up", times=None)
    plan = plan_of(once, always)
    assert [plan.choose(*CREATE) for _ in range(4)] == [always, once, always, always]
    plan = plan_of(always, once)
    assert [plan.choose(*CREATE) for _ in range(4)] == [always] * 4


def test_chance_is_reproducible_and_has_its_share():
    chosen = [
        struck(plan_of(Fault("reset", probability=0.3, seed=seed)), [CREATE] * 1000) for seed in (1, 1, 2)
    ]
    assert chosen[0] == chosen[1] != chosen[2]
    assert all(250 < len(one) < 350 for one in chosen)


def test_chance_is_not_shifted_by_other_faults():
    alone = struck(plan_of(Fault("reset", probability=0.5)), [CREATE] * 100)
    fault = Fault("reset", probability=0.5)
    plan = plan_of(Fault("hang-up", nth=3, times=5), fault)
    assert [n for n in range(1, 101) if plan.choose(*CREATE) is fault] == [
        n for n in alone if not 3 <= n <= 7
    ]


def test_chance_with_a_limit():
    plan = plan_of(Fault("reset", probability=0.5, times=3))
    assert len(struck(plan, [CREATE] * 100)) == 3
    assert not plan.pending


def test_standings_and_clear():
    fault = Fault("reset", operation="sessions.create", nth=2, times=2)
    plan = plan_of(fault)
    struck(plan, [CREATE, LIST, CREATE])
    (standing,) = plan.standings()
    assert (standing.fault, standing.seen, standing.struck) == (fault, 2, 1)
    assert plan.pending == (fault,)
    plan.clear()
    assert not plan
    assert not plan.standings()
    assert plan.choose(*CREATE) is None


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5), st.one_of(st.none(), st.integers(1, 4)), st.sampled_from([CREATE, LIST])
        ),
        max_size=4,
    ),
    st.lists(st.sampled_from([CREATE, LIST]), max_size=30),
)
def test_no_fault_strikes_too_early_or_too_often(faults, requests):
    plan = FaultPlan()
    known = [Fault("reset", nth=nth, times=times, operation=of[1]) for nth, times, of in faults]
    plan.add(*known)
    hits: dict[int, list[int]] = {id(one): [] for one in known}
    for number, request in enumerate(requests):
        fault = plan.choose(*request)
        if fault is None:
            # Nobody was willing: each one that matches is too early or already over.
            for one in known:
                seen = [at for at in range(number + 1) if requests[at][1] == one.operation]
                over = one.times is not None and len(hits[id(one)]) >= one.times
                assert request[1] != one.operation or len(seen) < one.nth or over
        else:
            hits[id(fault)].append(number)
    for one in known:
        matching = [at for at, request in enumerate(requests) if request[1] == one.operation]
        assert one.times is None or len(hits[id(one)]) <= one.times
        assert not set(hits[id(one)]) & set(matching[: one.nth - 1])
        assert set(hits[id(one)]) <= set(matching)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"do": "explode"}, "do: must be one of 'answer', "),
        ({"do": ["reset"]}, "do: must be one of"),
        ({"do": None}, "do: must be one of"),
        ({"do": "reset", "nth": 0}, "nth: must be an integer from 1, not 0"),
        ({"do": "reset", "nth": True}, "nth: must be an integer"),
        ({"do": "reset", "times": 0}, "times: must be an integer from 1"),
        ({"do": "reset", "times": 1.5}, "times: must be an integer from 1"),
        ({"do": "reset", "probability": 0}, "probability: must be a number above 0 to 1, not 0"),
        ({"do": "reset", "probability": 1.1}, "probability: must be"),
        ({"do": "reset", "probability": "1"}, "probability: must be"),
        ({"do": "reset", "delay": -1}, "delay: must be a number from 0, not -1"),
        ({"do": "reset", "delay": float("nan")}, "delay: must be"),
        ({"do": "reset", "delay": float("inf")}, "delay: must be"),
        (
            {"do": "reset", "operation": "sessions.make"},
            "operation: there is none called 'sessions.make'",
        ),
        ({"do": "reset", "operation": 5}, "operation: must be a string"),
        ({"do": "reset", "target": "("}, "target: must be a regular expression"),
        ({"do": "reset", "target": 5}, "target: must be a regular expression"),
        ({"do": "reset", "method": 5}, "method: must be a string"),
        ({"do": "reset", "when": "later"}, "when: must be one of"),
        ({"do": "reset", "status": 500}, "status: means nothing to 'reset'"),
        ({"do": "truncate", "when": "before"}, "when: 'truncate' strikes after, not 'before'"),
        ({"do": "stall", "when": "before", "after_bytes": 3}, "when: 'stall' strikes after, not 'before'"),
        ({"do": "stall", "after_bytes": -1}, "after_bytes: must be an integer from 0"),
        ({"do": "answer"}, "status: is required for 'answer'"),
        ({"do": "answer", "status": 100}, "status: must be an integer from 200 to 599, not 100"),
        ({"do": "answer", "status": 429, "headers": {"A": 1}}, "headers: must be an object of strings"),
        (
            {"do": "answer", "status": 429, "headers": {"A": "1\r\nB: 2"}},
            "headers: must be an object of strings",
        ),
        ({"do": "answer", "status": 429, "headers": []}, "headers: must be an object of strings"),
        ({"do": "answer", "status": 429, "retry_after_as": "days"}, "retry_after_as: must be one of"),
        ({"do": "redirect"}, "location: is required for 'redirect'"),
        ({"do": "redirect", "location": "/", "status": 200}, "status: must be 301, 302, 303, 307 or 308"),
        ({"do": "redirect", "location": "/\r\nX: y"}, "location: must be a string without line breaks"),
        ({"do": "slow"}, "bytes_per_second: is required for 'slow'"),
        ({"do": "slow", "bytes_per_second": 0}, "bytes_per_second: must be a number above 0, not 0"),
        ({"do": "huge", "size": 1}, "size: must be an integer from 2"),
        ({"do": "delay"}, "delay: must be above 0 where nothing else happens"),
        ({"do": "charset", "charset": "klingon"}, "charset: must be the name of an encoding"),
        ({"do": "charset", "charset": 5}, "charset: must be the name of an encoding"),
        ({"do": "charset", "charset": "rot13"}, "charset: must be the name of an encoding"),
        ({"do": "charset", "declared": "x\r\nY: z"}, "declared: must be a string without line breaks"),
        ({"do": "wrong-types", "fields": [1]}, "fields: must be an object"),
        ({"do": "next-page"}, "page: is required for 'next-page'"),
        ({"do": "next-page", "page": "nowhere"}, "page: must be one of"),
        ({"do": "next-page", "page": "loop", "cycle": 0}, "cycle: must be an integer from 1"),
        ({"do": "repeat-rows", "rows": 0}, "rows: must be an integer from 1"),
    ],
)
def test_what_is_no_fault_says_which_field(fields, message):
    with pytest.raises(ValueError, match="^" + message.replace("(", r"\(")):
        Fault(**fields)


@pytest.mark.parametrize(
    ("fault", "when", "times"),
    [
        (Fault("reset"), "before", 1),
        (Fault("stall"), "before", 1),
        (Fault("stall", after_bytes=0), "after", 1),
        (Fault("delay", delay=1), "after", 1),
        (Fault("answer", status=500), "before", 1),
        (Fault("truncate"), "after", 1),
        (Fault("html"), "before", 1),
        (Fault("empty"), "after", 1),
        (Fault("reset", probability=0.5), "before", None),
        (Fault("reset", probability=0.5, times=2), "before", 2),
    ],
    ids=repr,
)
def test_defaults(fault, when, times):
    assert (fault.when, fault.times) == (when, times)


def test_a_fault_is_a_value():
    fault = Fault("answer", status=503, operation="sessions.*")
    assert fault == Fault(**attrs.asdict(fault))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        fault.status = 500  # type: ignore[misc]

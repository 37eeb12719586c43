"""Seeds: the promised numbers, the same bytes again, and no record that the rules would not allow."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from twilio_sessions.emulator import Clock, Emulator, Seed
from twilio_sessions.emulator._wire import encode


@pytest.fixture(scope="module")
def seed():
    return Seed(services=6, sessions=800, random_seed=3)


def everything(desk: Any) -> Any:
    """Return every record as the API shows it, by the path of its listing."""
    found = {}

    def read(path: Any, key: Any) -> Any:
        rows, query = [], "PageSize=100"
        while query:
            page = desk.get(path, query)
            rows += page[key]
            query = (page["meta"]["next_page_url"] or "").partition("?")[2]
        found[path] = rows
        return rows

    for service in read("/Services", "services"):
        path = f"/Services/{service['sid']}"
        read(f"{path}/PhoneNumbers", "phone_numbers")
        for session in read(f"{path}/Sessions", "sessions"):
            for participant in read(f"{path}/Sessions/{session['sid']}/Participants", "participants"):
                participants = f"{path}/Sessions/{session['sid']}/Participants"
                read(f"{participants}/{participant['sid']}/MessageInteractions", "interactions")
            read(f"{path}/Sessions/{session['sid']}/Interactions", "interactions")
    read("/Sessions", "sessions")
    return found


def test_counts_are_exact_and_what_the_api_shows(make_desk):
    wanted = Seed(
        services=4,
        sessions=100,
        participants=150,
        interactions=321,
        phone_numbers=17,
        assistants_sessions=9,
        assistants_messages=130,
    )
    desk = make_desk(wanted)
    counts = desk.store.counts()
    assert {**counts, "message_interactions": 0} == {
        "services": 4,
        "phone_numbers": 17,
        "sessions": 100,
        "participants": 150,
        "interactions": 321,
        "message_interactions": 0,
        "assistants_sessions": 9,
        "assistants_messages": 130,
    }
    shown: Counter[str] = Counter()
    for path, rows in everything(desk).items():
        shown["Assistants" if path == "/Sessions" else path.rpartition("/")[2]] += len(rows)
    assert shown == {
        "Services": 4,
        "PhoneNumbers": 17,
        "Sessions": 100,
        "Participants": 150,
        "Interactions": 321,
        "MessageInteractions": counts["message_interactions"],
        "Assistants": 9,
    }


def test_the_same_seed_gives_the_same_bytes(make_desk, seed):
    def as_bytes(one: Any) -> Any:
        return encode(everything(make_desk(one)))

    assert as_bytes(seed) == as_bytes(seed)
    assert as_bytes(seed) != as_bytes(Seed(services=6, sessions=800, random_seed=4))


def test_an_anchor_makes_seeds_independent_of_the_day():
    anchor = datetime(2026, 2, 1, tzinfo=UTC)
    emulators = [Emulator(seed=Seed(sessions=50, anchor=anchor), clock=Clock()) for _ in range(2)]
    dates = [[session.date_created for session in one.store.sessions.values()] for one in emulators]
    assert dates[0] == dates[1]
    assert max(dates[0]) < anchor


def test_the_spread_is_uneven_and_one_service_is_empty(make_desk, seed):
    desk = make_desk(seed)
    sizes = sorted(len(service.sessions) for service in desk.store.services)
    assert sizes[0] == 0
    assert sizes[-1] > 3 * sizes[1]
    assert sum(sizes) == 800


def test_seeds_contain_what_code_stumbles_over(make_desk, seed):
    store = make_desk(seed).store
    names = [session.unique_name for session in store.sessions.values()]
    assert None in names
    text = "".join(name for name in names if name)
    assert {"#", "/", "🍕", '"', "%", "&", "+", "\\", " "} <= set(text)
    assert not {"\n", "\r"} & set(text)
    assert max(len(name) for name in names if name) == 191
    assert {session.status for session in store.sessions.values()} == {"open", "in-progress", "closed"}
    assert {len(session.participants) for session in store.sessions.values()} == {0, 1, 2}
    assert any(one.date_deleted for one in store.participants.values())
    assert any(one.friendly_name is None for one in store.participants.values())
    lengths = [len(session.interactions) for session in store.sessions.values()]
    assert min(lengths) == 0
    assert 100 < max(lengths) <= 150
    assert {one.type for one in store.interactions.values()} == {"voice", "message"}
    assert any(one.name for one in store.assistants)
    assert max(len(one.messages) for one in store.assistants) > 50


def check_session(session: Any, now: Any) -> None:
    assert len([one for one in session.participants if one.date_deleted is None]) <= 2
    identifiers = [one.identifier for one in session.participants]
    assert len(identifiers) == len(set(identifiers))
    if any(identifier.startswith("messenger:") for identifier in identifiers):
        assert session.mode == "message-only"
    dates = [
        session.date_created,
        session.date_started,
        session.date_last_interaction,
        session.date_ended,
        now,
    ]
    dates = [date for date in dates if date is not None]
    assert dates == sorted(dates)
    if session.status == "closed":
        assert now - session.date_ended < timedelta(days=61)
        assert session.closed_reason is not None
    else:
        assert session.date_ended is session.closed_reason is None
    if session.status == "open":
        assert len(session.interactions) == 0
        assert session.date_started is session.date_last_interaction is None
    if session.status == "in-progress":
        assert len(session.interactions) > 0
    if len(session.interactions):
        assert session.date_last_interaction == max(one.date_created for one in session.interactions)


def test_seeds_keep_the_rules(make_desk, seed):
    desk = make_desk(seed)
    store = desk.store
    for session in store.sessions.values():
        check_session(session, desk.clock())
    assert all(len(holders) == 1 for holders in store.pairs.values())
    for service in store.services:
        named = [session for session in service.sessions if session.unique_name is not None]
        assert service.session_names == {session.unique_name: session for session in named}
        dates = [session.date_created for session in service.sessions]
        assert dates == sorted(dates)
    for interaction in store.interactions.values():
        if interaction.data is not None:
            assert isinstance(json.loads(interaction.data), dict)
        if interaction.participant is not None:
            assert interaction.outbound_participant_sid == interaction.participant.sid
            assert interaction.inbound_resource_sid is None


def test_nothing_seeded_expires_within_a_day_or_is_purged_within_a_month(make_desk, seed):
    desk = make_desk(seed)
    before = everything(desk)
    desk.advance(hours=23)
    assert everything(desk) == before
    desk.advance(days=28)
    assert desk.get("/Services")
    assert desk.store.counts()["sessions"] == 800


@pytest.mark.parametrize(
    "arguments",
    [
        {"sessions": -1},
        {"services": 0, "sessions": 1},
        {"sessions": 2, "participants": 5},
        {"sessions": 2, "interactions": 301},
        {"anchor": datetime(2026, 1, 1)},  # noqa: DTZ001 - naive on purpose
    ],
)
def test_impossible_seeds_are_refused(make_desk, arguments):
    with pytest.raises(ValueError, match="eed"):
        make_desk(Seed(**arguments))


def test_small_seeds(make_desk):
    for services in range(4):
        for sessions in range(3 if services else 1):
            desk = make_desk(Seed(services=services, sessions=sessions))
            assert desk.store.counts()["services"] == services
            assert desk.store.counts()["sessions"] == sessions


def test_4000_sessions_are_planted_within_a_second():
    """The best of three, on a busy machine; under coverage, which traces every line, only that it ends."""
    taken = []
    for _ in range(3):
        started = time.process_time()
        emulator = Emulator(seed=Seed(services=5, sessions=4000))
        taken.append(time.process_time() - started)
        assert emulator.store.counts()["sessions"] == 4000
        assert gc.isenabled()
    assert min(taken) < (60 if "coverage" in sys.modules else 1)


def test_an_emulator_is_not_there_before_it_starts():
    with pytest.raises(RuntimeError, match="until it is started"):
        _ = Emulator().base_url

"""Records added by hand are the ones that clients then see, keep the rules, and are in no ledger."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from twilio_sessions.emulator import Clock, Emulator, EmulatorOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ANA, BEN, NUMBER = "+14155550100", "+14155550101", "+14155550123"


@pytest.fixture
def emulator() -> Emulator:
    clock = Clock()
    clock.set(NOW)
    return Emulator(clock=clock)


def test_a_service_with_its_numbers(emulator: Emulator):
    service = emulator.add_service("rides", default_ttl=timedelta(minutes=1), age=timedelta(days=2))
    assert (service.unique_name, service.default_ttl) == ("rides", 60)
    assert service.date_created == NOW - timedelta(days=2)
    first, second = service.numbers
    assert first.phone_number != second.phone_number
    assert {first.iso_country, second.iso_country} == {"US"}
    (named,) = emulator.add_service(phone_numbers=[NUMBER]).numbers
    assert named.phone_number == NUMBER
    assert emulator.add_phone_number(service, "+447700900000", reserved=True).is_reserved
    # Numbers that are made up step aside for numbers that were named.
    taken = emulator.add_phone_number(service, f"+1415555{emulator.store.new_key() + 2:04d}")
    assert emulator.add_phone_number(service).phone_number != taken.phone_number
    assert len({one.unique_name for one in emulator.store.services}) == 2


@pytest.mark.parametrize("status", ["open", "in-progress", "closed", "failed", "unknown"])
def test_a_session_of_any_status(emulator: Emulator, status):
    session = emulator.add_session(
        emulator.add_service(), status=status, participants=2, age=timedelta(days=1)
    )
    assert session.status == status
    assert session.date_created == NOW - timedelta(days=1)
    assert (session.closed_reason, session.date_ended) == (
        ("api", session.date_created) if status == "closed" else (None, None)
    )
    assert (session.date_started is not None) is (status == "in-progress")
    ana, ben = session.participants
    assert ana.identifier != ben.identifier
    # Only sessions that are active hold their numbers.
    holds = status in {"open", "in-progress"}
    assert sum(emulator.store.in_use(number) for number in session.service.numbers) == (2 if holds else 0)


def test_what_a_session_is_given(emulator: Emulator):
    service = emulator.add_service(default_ttl=timedelta(hours=5))
    expiry = NOW + timedelta(days=3)
    session = emulator.add_session(
        service, "Order #1234", participants=[ANA, BEN], mode="message-only", date_expiry=expiry
    )
    assert (session.unique_name, session.mode, session.ttl) == ("Order #1234", "message-only", 5 * 3600)
    assert session.date_expiry == expiry
    assert [one.identifier for one in session.participants] == [ANA, BEN]
    assert emulator.add_session(service, ttl=timedelta(0)).ttl == 0


def test_a_participant(emulator: Emulator):
    service = emulator.add_service(phone_numbers=[NUMBER])
    session = emulator.add_session(service, status="closed")
    driver = emulator.add_participant(session, ANA, friendly_name="driver", proxy_identifier=NUMBER)
    assert (driver.friendly_name, driver.proxy_identifier) == ("driver", NUMBER)
    assert emulator.add_participant(session).identifier.startswith("+1206555")


def test_what_was_said(emulator: Emulator):
    session = emulator.add_session(emulator.add_service(), participants=[ANA, BEN], age=timedelta(hours=2))
    ana, ben = session.participants
    message = emulator.add_interaction(session, "I am at the door", age=timedelta(hours=1))
    assert (message.type, message.data) == ("message", '{"body":"I am at the door"}')
    assert (message.inbound_participant_sid, message.outbound_participant_sid) == (ana.sid, ben.sid)
    assert (session.status, session.date_last_interaction) == ("in-progress", NOW - timedelta(hours=1))
    call = emulator.add_interaction(session, duration=timedelta(seconds=42))
    assert (call.type, call.data) == ("voice", '{"duration":"42"}')
    assert (call.outbound_resource_sid or "").startswith("CA")
    sent = emulator.add_message_interaction(ben, "The customer is waiting")
    assert sent.participant is ben
    assert list(ben.messages) == [sent]
    assert list(session.interactions) == [message, call, sent]


def test_what_was_said_in_a_session_that_is_over(emulator: Emulator):
    session = emulator.add_session(emulator.add_service(), status="closed", age=timedelta(days=3))
    early = emulator.add_interaction(session, age=timedelta(days=9))
    assert early.date_created == session.date_created == session.date_started
    assert session.status == "closed"


def test_a_chat_with_an_assistant(emulator: Emulator):
    chat = emulator.add_assistant_session(
        ["Where is it?", ("tool", {"found": 1}), "On its way."], identity="user:zoë", name="Order #7"
    )
    assert [(one.role, one.content) for one in chat.messages] == [
        ("user", {"type": "text", "content": "Where is it?"}),
        ("tool", {"found": 1}),
        ("assistant", {"type": "text", "content": "On its way."}),
    ]
    assert [one.date_created for one in chat.messages] == [NOW + timedelta(seconds=n) for n in range(3)]
    assert emulator.add_assistant_message(chat, "Thank you!").session is chat
    assert len(chat.messages) == 4
    assert emulator.add_assistant_session(id="mine").id == "mine"


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda e, _: e.add_service("rides"), "80602: Service UniqueName must be unique."),
        (lambda e, _: e.add_service("x", phone_numbers=["5"]), "80406: Invalid phone number"),
        (lambda e, s: e.add_phone_number(s, NUMBER), "80104: "),
        (lambda e, s: e.add_session(s, "Order #1"), "80603: Session UniqueName must be unique."),
        (lambda e, s: e.add_session(s, participants=3), "80609: "),
        (lambda e, s: e.add_session(s, status="gone"), "status: must be one of open, in-progress, .* 'gone'"),
        (
            lambda e, s: e.add_session(s, mode="radio"),
            "80701: 'Mode' is invalid. It must be one of message-only",
        ),
        (lambda e, _: e.add_participant(e.store.sessions[next(iter(e.store.sessions))], "bob"), "80404: "),
        (
            lambda e, _: e.add_assistant_session(id="chat"),
            "there is an Assistants session called 'chat' already",
        ),
    ],
)
def test_what_twilio_would_refuse(emulator: Emulator, refused, message):
    service = emulator.add_service("rides", phone_numbers=[NUMBER])
    emulator.add_session(service, "Order #1")
    emulator.add_assistant_session(id="chat")
    before = emulator.store.counts()
    with pytest.raises(ValueError, match=message):
        refused(emulator, service)
    assert emulator.store.counts() == before


def test_an_account_that_may_not_create_services_can_have_some():
    emulator = Emulator(options=EmulatorOptions(allow_service_creation=False))
    assert emulator.add_service("from better days").sid in emulator.store.service_by_sid


def test_time_passes_at_once(emulator: Emulator):
    service = emulator.add_service()
    session = emulator.add_session(service, ttl=timedelta(hours=1))
    emulator.advance(timedelta(minutes=59))
    assert session.status == "open"
    emulator.advance(timedelta(minutes=2))
    assert (session.status, session.closed_reason) == ("closed", "expired")
    assert [(one.operation, one.changed) for one in emulator.processed] == [("expiry", (session.sid,))]
    emulator.advance(timedelta(days=90))
    assert session.sid not in emulator.store.sessions
    assert emulator.processed[-1].deleted == (session.sid,)


async def test_a_client_sees_them_and_no_ledger_does(dial):
    line = await dial()
    emulator = line.emulator
    session = emulator.add_session(emulator.add_service("rides"), "Order #1234", participants=2)
    emulator.add_interaction(session)
    assert not emulator.processed
    path = f"/v1/Services/{session.service.sid}/Sessions/{session.sid}"
    assert (await line.call("GET", path))[2]["unique_name"] == "Order #1234"
    for listing, count in (("Participants", 2), ("Interactions", 1)):
        assert len((await line.call("GET", f"{path}/{listing}"))[2][listing.lower()]) == count
    assert [one.operation for one in emulator.processed] == [
        "sessions.fetch",
        "participants.list",
        "interactions.list",
    ]


@pytest.fixture
def restless_threads() -> Iterator[None]:
    """Let threads take turns so often that they meet in the middle of everything."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("restless_threads")
async def test_records_are_added_while_requests_are_answered(dial):
    """Adding takes turns with requests: none sees a session of which only half is there."""
    line = await dial()
    service = line.emulator.add_service(phone_numbers=2)

    def add() -> None:
        for number in range(300):
            line.emulator.add_session(service, f"session {number}", participants=2)

    thread = threading.Thread(target=add)
    thread.start()
    names = ["?"]
    while thread.is_alive() or len(names) == 1:
        newest = (await line.call("GET", f"/v1/Services/{service.sid}/Sessions?PageSize=1"))[2]["sessions"]
        if newest:
            path = f"/v1/Services/{service.sid}/Sessions/{newest[0]['sid']}/Participants"
            assert len((await line.call("GET", path))[2]["participants"]) == 2
            names.append(newest[0]["unique_name"])
    thread.join()
    assert line.emulator.store.counts()["sessions"] == 300

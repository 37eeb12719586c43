"""Synchronous code: a client is passed to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from orders import open_order

from twilio_sessions import APIError
from twilio_sessions.testing import EmulatorOptions, Fault

if TYPE_CHECKING:
    from twilio_sessions import Client
    from twilio_sessions.emulator import Emulator

ANA, BEN = "+14155550100", "+14155550101"


def test_an_order_connects_two_people(twilio_emulator: Emulator, twilio_client: Client):
    service = twilio_emulator.add_service("rides", phone_numbers=["+14155550123", "+14155550124"])
    order = open_order(twilio_client, service.sid, 1234, ANA, BEN)
    session = twilio_emulator.store.sessions[order.sid]
    assert session.unique_name == "Order #1234"
    assert [one.identifier for one in session.participants] == [ANA, BEN]


def test_an_order_is_opened_once_even_if_the_answer_is_lost(twilio_emulator: Emulator, twilio_client: Client):
    service = twilio_emulator.add_service()
    twilio_emulator.faults.add(Fault("reset", operation="sessions.create", when="after"))
    order = open_order(twilio_client, service.sid, 1234, ANA, BEN)
    made = [one.created for one in twilio_emulator.processed if one.operation == "sessions.create"]
    assert len(made) == 1
    assert order.sid in made[0]


def test_an_order_ends_by_itself(twilio_emulator: Emulator, twilio_client: Client):
    service = twilio_emulator.add_service()
    order = open_order(twilio_client, service.sid, 1234, ANA, BEN)
    session = twilio_emulator.store.sessions[order.sid]
    twilio_emulator.add_interaction(session, "I am at the door")
    twilio_emulator.advance(timedelta(hours=5))
    assert (session.status, session.closed_reason) == ("closed", "expired")


def test_without_numbers_there_is_no_order(twilio_emulator: Emulator, twilio_client: Client):
    service = twilio_emulator.add_service(phone_numbers=0)
    with pytest.raises(APIError, match="Service has no phone numbers") as caught:
        open_order(twilio_client, service.sid, 1234, ANA, BEN)
    assert caught.value.code == 80205


@pytest.mark.twilio_emulator(options=EmulatorOptions(rate_limit=1, rate_limit_window=0.1))
def test_a_throttled_order_comes_through(twilio_emulator: Emulator, twilio_client: Client):
    service = twilio_emulator.add_service()
    for number in range(2):
        open_order(twilio_client, service.sid, number, ANA, BEN)
    assert twilio_emulator.store.counts()["sessions"] == 2

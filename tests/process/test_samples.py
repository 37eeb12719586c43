"""What Twilio's documentation shows for these resources, run as scripts with another import line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripts import Run

    from twilio_sessions.emulator import Emulator

# Whoever follows the documentation has these lines, with `from twilio.rest import Client` for the first one.
BEGIN = """
import os
from twilio_sessions import Client

account_sid = os.environ["TWILIO_ACCOUNT_SID"]
auth_token = os.environ["TWILIO_AUTH_TOKEN"]
client = Client(account_sid, auth_token)
"""

CREATE = """
session = client.proxy.v1.services("{service}").sessions.create(unique_name="MyFirstSession")
print(session.sid)
"""
FETCH = """
session = client.proxy.v1.services("{service}").sessions("{session}").fetch()
print(session.unique_name)
"""
LIST = """
sessions = client.proxy.v1.services("{service}").sessions.list(limit=20)
for record in sessions:
    print(record.sid)
"""
UPDATE = """
session = client.proxy.v1.services("{service}").sessions("{session}").update(status="closed")
print(session.status)
"""
DELETE = """
client.proxy.v1.services("{service}").sessions("{session}").delete()
"""
FETCH_ASSISTANTS = """
session = client.assistants.v1.sessions("{id}").fetch()
print(session.account_sid)
"""
LIST_ASSISTANTS = """
sessions = client.assistants.v1.sessions.list(limit=20)
for record in sessions:
    print(record.id)
"""
PARTICIPANT = """
participant = client.proxy.v1.services("{service}").sessions("{session}").participants.create(
    friendly_name="Alice", identifier="+15558675310"
)
print(participant.proxy_identifier)
"""


@pytest.fixture
def service(run: Run, emulator: Emulator) -> str:
    script = """
service = client.proxy.v1.services.create(unique_name=os.urandom(8).hex())
number = client.proxy.v1.services(service.sid).phone_numbers.create(phone_number="+14155550123")
print(service.sid)
"""
    return run(BEGIN + script, emulator).strip()


def test_the_life_of_a_proxy_session(run: Run, emulator: Emulator, service: str):
    session = run(BEGIN + CREATE.format(service=service), emulator).strip()
    assert re.fullmatch("KC[0-9a-f]{32}", session)
    names = {"service": service, "session": session}
    assert run(BEGIN + FETCH.format(**names), emulator) == "MyFirstSession\n"
    assert run(BEGIN + LIST.format(**names), emulator) == f"{session}\n"
    assert run(BEGIN + PARTICIPANT.format(**names), emulator) == "+14155550123\n"
    assert run(BEGIN + UPDATE.format(**names), emulator) == "closed\n"
    assert run(BEGIN + DELETE.format(**names), emulator) == ""
    assert run(BEGIN + LIST.format(**names), emulator) == ""


def test_sessions_of_assistants(run: Run, emulator: Emulator):
    ids = run(BEGIN + LIST_ASSISTANTS, emulator).splitlines()
    assert len(ids) == len(set(ids)) == 20
    printed = run(BEGIN + FETCH_ASSISTANTS.format(id=ids[0]), emulator)
    assert printed == f"{emulator.account_sid}\n"

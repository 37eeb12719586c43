"""A script that makes its own client: the environment points it at the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from orders import report

from twilio_sessions.testing import Seed

if TYPE_CHECKING:
    from twilio_sessions.emulator import Emulator


@pytest.mark.usefixtures("twilio_env")
def test_chats_are_counted(twilio_emulator: Emulator):
    twilio_emulator.add_assistant_session(["Where is my order?", "On its way."], identity="user:zoë")
    twilio_emulator.add_assistant_session()
    assert report() == "2 chats, 2 messages"


@pytest.mark.usefixtures("twilio_env")
@pytest.mark.twilio_emulator(seed=Seed(sessions=100, assistants_sessions=60, assistants_messages=200))
def test_many_chats_are_counted():
    assert report() == "60 chats, 200 messages"

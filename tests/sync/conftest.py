"""A local Twilio in a thread, and a sync client of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from served import client_of, emulated

from twilio_sessions.emulator import Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twilio_sessions import Client
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.sync import Sessions


@pytest.fixture(scope="session")
def running() -> Iterator[Emulator]:
    with emulated(Seed(services=3, sessions=450, random_seed=7, assistants_sessions=25)) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.requests.clear()
    return running


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    with client_of(emulator) as made:
        yield made


@pytest.fixture
def sessions(client: Client, emulator: Emulator) -> Sessions:
    """The sessions of a service that has several pages of them."""
    found = [client.proxy.v1.services(s.sid).sessions for s in client.proxy.v1.services.list()]
    most = max(found, key=lambda sessions: sum(1 for _ in sessions.list()))
    emulator.requests.clear()
    return most


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a test does, the loop's thread ends with its last client."""
    yield
    for thread in threading.enumerate():
        if thread.name == "twilio-sessions":
            thread.join(5)
            assert not thread.is_alive()

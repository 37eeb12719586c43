"""An emulator in a thread, for any test runner: it starts, it serves, and it leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

import pytest

import twilio_sessions.testing
from twilio_sessions import APIConnectionError
from twilio_sessions.emulator import EmulatorStartError
from twilio_sessions.testing import (
    Emulator,
    EmulatorOptions,
    Fault,
    Seed,
    async_client_for,
    client_for,
    run_emulator,
)
from twilio_sessions.testing._running import emulator_thread


def sockets() -> int:
    links = [path.readlink() for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(str(link).startswith("socket:") for link in links)


def loops() -> int:
    gc.collect()
    return sum(isinstance(one, asyncio.AbstractEventLoop) and not one.is_closed() for one in gc.get_objects())


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_nothing_is_left():
    before = threading.active_count(), sockets(), loops()
    for _ in range(3):
        with run_emulator() as emulator, client_for(emulator) as client:
            assert not list(client.proxy.v1.services.list())
            assert threading.active_count() == before[0] + 2
            assert sockets() > before[1]
    assert (threading.active_count(), sockets(), loops()) == before


def test_a_client_that_still_waits_is_let_go():
    failures: list[APIConnectionError] = []

    def wait_for_ever() -> None:
        with pytest.raises(APIConnectionError) as caught:
            list(client.with_options(max_attempts=1).proxy.v1.services.list())
        failures.append(caught.value)

    with run_emulator() as emulator:
        client = client_for(emulator)
        emulator.faults.add(Fault("stall"))
        thread = threading.Thread(target=wait_for_ever)
        thread.start()
        while not emulator.requests:
            time.sleep(0.001)
        begun = time.monotonic()
    assert time.monotonic() - begun < 15
    thread.join()
    assert failures
    client.close()


async def test_from_inside_a_loop():
    with run_emulator(Emulator(seed=Seed(services=2, sessions=5))) as emulator:
        async with async_client_for(emulator) as client:
            assert len([one async for one in client.proxy.v1.services.list()]) == 2


def test_one_thread_runs_many():
    with emulator_thread() as thread:
        count = threading.active_count()
        with run_emulator(thread=thread) as one, run_emulator(thread=thread) as other:
            assert threading.active_count() == count
            assert one.base_url != other.base_url
            one.add_service()
            assert not other.store.counts()["services"]


def test_an_address_that_is_taken():
    with run_emulator() as emulator:
        port = int(emulator.base_url.rpartition(":")[2])
        with pytest.raises(EmulatorStartError, match="cannot listen on"), run_emulator(Emulator(port=port)):
            pytest.fail("two emulators at one address")


def test_what_goes_wrong_inside_is_what_the_caller_sees():
    with pytest.raises(KeyError, match="mine"), run_emulator():
        raise KeyError("mine")


@pytest.mark.parametrize("limited", [False, True])
def test_a_client_keeps_to_a_limit_where_there_is_one(limited):
    options = EmulatorOptions(rate_limit=150 if limited else None)
    with run_emulator(Emulator(options=options)) as emulator, client_for(emulator) as client:
        assert client._inner._options.rate_limit is limited  # type: ignore[attr-defined] # noqa: SLF001


class OrdersTest(unittest.TestCase):
    """As the package's docstring shows it."""

    def setUp(self) -> None:
        self.emulator = self.enterContext(run_emulator())
        self.client = self.enterContext(client_for(self.emulator))

    def test_a_service(self) -> None:
        service = self.client.proxy.v1.services.create(unique_name="rides")
        self.assertIn(service.sid, self.emulator.store.service_by_sid)  # noqa: PT009 - unittest's way


def test_names_are_loaded_when_they_are_used():
    script = (
        "import sys, twilio_sessions.testing as kit\n"
        "assert not {'aiohttp', 'anyio', 'pytest'} & set(sys.modules), sys.modules\n"
        "kit.run_emulator\n"
        "assert 'aiohttp' in sys.modules and 'pytest' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30, env=os.environ)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match=r"'twilio_sessions\.testing' has no attribute 'Nothing'"):
        _ = twilio_sessions.testing.Nothing
    assert dir(twilio_sessions.testing) == sorted(twilio_sessions.testing.__all__)

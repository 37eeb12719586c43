"""Ctrl-C comes out at once, and the request that was under way is cancelled on the loop."""

from __future__ import annotations

import sys
import time

import pytest
from scripts import Script
from served import SilentServer, page

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

NEXT = "https://assistants.twilio.com/v1/Sessions?PageSize=100&Page=1&PageToken=PT1"

BEGIN = """
import os, signal, sys, threading, time
from twilio_sessions import Client
client = Client()
sessions = client.assistants.v1.sessions
def interrupt_soon():
    threading.Timer(0.2, os.kill, [os.getpid(), signal.SIGINT]).start()
def interrupted(use):
    try:
        use()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def interrupt_in(script: str, server: SilentServer, *, code: int = 0) -> tuple[str, float]:
    """Interrupt a script when the server has its request; return what it printed, and how long it took."""
    running = Script(BEGIN + script, server)
    assert server.was_asked()
    time.sleep(0.1)
    began = time.monotonic()
    running.interrupt()
    printed = running.finish(code=code)
    return printed, time.monotonic() - began


def test_in_a_call():
    with SilentServer() as server:
        script = """
interrupted(sessions("id").fetch)
print(len(client._runtime.lease.jobs), flush=True)
time.sleep(0.5)
"""
        printed, _ = interrupt_in(script, server)
        assert printed == "interrupted\n0\n"
        assert server.was_dropped()


def test_the_request_is_given_up_while_the_process_goes_on():
    with SilentServer() as server:
        running = Script(f"{BEGIN}\ninterrupted(sessions('id').fetch); time.sleep(60)", server)
        assert server.was_asked()
        time.sleep(0.1)
        running.interrupt()
        assert server.was_dropped(), "and not only because the process has ended"
        assert running.process.poll() is None
        running.process.kill()
        running.process.communicate()


def test_in_a_page():
    with SilentServer(page(3, following=NEXT)) as server:
        printed, took = interrupt_in(
            "interrupted(lambda: print(sum(1 for _ in sessions.list())))\nprint('end')", server
        )
        assert printed == "interrupted\nend\n"
        assert took < 5
        assert server.was_dropped()


def test_in_the_first_page():
    with SilentServer() as server:
        printed, took = interrupt_in("interrupted(lambda: next(sessions.list()))", server)
        assert printed == "interrupted\n"
        assert took < 5
        assert server.was_dropped()


def test_the_client_works_afterwards():
    with SilentServer() as server:
        script = """
interrupted(sessions("id").fetch)
interrupt_soon()
interrupted(sessions("id").fetch)
client.close()
"""
        printed, _ = interrupt_in(script, server)
        assert printed == "interrupted\ninterrupted\n"
        assert server.was_dropped(2)


def test_uncaught_it_ends_the_script_as_it_ends_any():
    with SilentServer() as server:
        script = "sys.excepthook = lambda kind, *_: print(kind.__name__)\nsessions('id').fetch()"
        running = Script(BEGIN + script, server)
        assert server.was_asked()
        time.sleep(0.1)
        running.interrupt()
        assert running.finish(code=-2) == "KeyboardInterrupt\n"
        assert server.was_dropped()


def test_a_handler_may_close_the_client_whose_call_it_interrupts():
    with SilentServer() as server:
        script = """
from twilio_sessions import ConfigurationError
signal.signal(signal.SIGINT, lambda *_: client.close())
try:
    sessions("id").fetch()
except ConfigurationError as error:
    print(error)
"""
        printed, took = interrupt_in(script, server)
        assert printed == "the client was closed while this was under way\n"
        assert took < 5


def test_a_handler_that_raises_something_else():
    with SilentServer() as server:
        script = """
class Enough(BaseException): pass
def handle(*_): raise Enough
signal.signal(signal.SIGINT, handle)
try:
    sessions("id").fetch()
except Enough:
    print("enough")
"""
        printed, took = interrupt_in(script, server)
        assert printed == "enough\n"
        assert took < 5
        assert server.was_dropped()


def test_in_a_close():
    with SilentServer() as server:
        script = """
import asyncio
client._runtime._client.close = lambda: asyncio.sleep(30)
interrupt_soon()
try:
    sessions("id").fetch()
except KeyboardInterrupt:
    pass
interrupt_soon()
began = time.monotonic()
interrupted(client.close)
print(time.monotonic() - began < 15, flush=True)
os._exit(0)
"""
        running = Script(BEGIN + script, server)
        assert server.was_asked()
        assert running.finish() == "interrupted\nTrue\n"

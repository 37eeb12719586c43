"""The interpreter ends when the script does, whatever was left open, and says nothing about it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from served import SilentServer

if TYPE_CHECKING:
    from scripts import Run

    from twilio_sessions.emulator import Emulator

BEGIN = """
import threading
from twilio_sessions import Client, ConfigurationError
client = Client()
sessions = client.assistants.v1.sessions
"""

ENDINGS = {
    "never used": "",
    "used and not closed": "next(sessions.list())",
    "closed": "next(sessions.list()); client.close()",
    "left": "with client: next(sessions.list())",
    "dropped": "next(sessions.list()); del client, sessions",
    "iterator half read": "listing = sessions.list(page_size=5); rows = [next(listing) for _ in range(7)]",
    "iterator in a cycle": "cycle = [sessions.list(page_size=5)]; next(cycle[0]); cycle.append(cycle)",
    "left by break": "for number, _ in enumerate(sessions.list(page_size=5)):\n    if number == 7: break",
    "several clients": "more = [Client() for _ in range(5)]\n"
    "for each in more: next(each.assistants.v1.sessions.list())",
    "in an attribute": "next(sessions.list()); threading.current_thread().kept = Client.kept = client",
    "by sys.exit": "next(sessions.list()); import sys; sys.exit(0)",
    "by os._exit": "next(sessions.list()); import os; os._exit(0)",
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_every_ending_is_quiet(run: Run, emulator: Emulator, ending: str):
    printed = run(f"{BEGIN}\n{ending}\nprint('end')", emulator)
    assert printed in {"end\n", ""}


def test_a_daemon_thread_in_a_call_does_not_hold_up_the_end(run: Run):
    with SilentServer() as server:
        script = f"""{BEGIN}
import time
threading.Thread(target=sessions("id").fetch, daemon=True).start()
time.sleep(0.3)
print("end")
"""
        assert run(script, server) == "end\n"
        assert server.was_dropped()


def test_a_daemon_thread_that_goes_on_calling_is_quiet(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
import time
def work():
    while True:
        for _ in sessions.list(page_size=3):
            pass
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
print("end")
"""
    assert run(script, emulator) == "end\n"


def test_a_thread_goes_on_after_the_last_line_of_the_main_one(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
import time
def work():
    time.sleep(0.3)
    print(sum(1 for _ in sessions.list(page_size=5)))
threading.Thread(target=work).start()
next(sessions.list())
"""
    assert run(script, emulator) == "25\n"


def test_an_exit_handler_may_make_calls(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
import atexit
atexit.register(lambda: print(sum(1 for _ in sessions.list(page_size=5))))
next(sessions.list())
"""
    assert run(script, emulator) == "25\n"


def test_an_exit_handler_that_comes_too_late_is_told(run: Run, emulator: Emulator):
    script = """
import atexit
def late():
    for use in (lambda: next(sessions.list()), lambda: next(Client().assistants.v1.sessions.list())):
        try:
            use()
        except ConfigurationError as error:
            print(error)
atexit.register(late)
""" + textwrap.dedent(f"{BEGIN}\nnext(sessions.list())")
    printed = run(script, emulator).splitlines()
    assert printed == [
        "the client was closed while this was under way",
        "the interpreter is exiting; the sync client makes no new connections",
    ]


def test_a_hundred_clients_leave_no_thread_and_no_file_open(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
import gc, os
def used():
    return len(os.listdir("/proc/self/fd")), threading.active_count()
with client:
    next(sessions.list())
before = used()
for number in range(100):
    client = Client()
    listing = client.assistants.v1.sessions.list(page_size=5)
    next(listing)
    if number % 2:
        client.close()
    else:
        del client, listing
        gc.collect()
del client, listing
gc.collect()
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
print(used()[0] - before[0], used()[1] - before[1])
"""
    assert run(script, emulator) == "0 0\n"

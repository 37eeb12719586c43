"""After a fork the child's first call opens a loop and connections of its own; the parent's are untouched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scripts import Run

    from twilio_sessions.emulator import Emulator

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

# Python's own warning about any process with threads.
THREADS = "This process:DeprecationWarning"

BEGIN = """
import os, sys, gc, threading
from twilio_sessions import Client, ConfigurationError
client = Client()
sessions = client.assistants.v1.sessions
def count():
    return sum(1 for _ in sessions.list(page_size=10))
def wait(pid):
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, status
"""


@pytest.mark.parametrize("leave", ["sys.exit(0)", "os._exit(0)", "client.close(); sys.exit(0)"])
def test_a_child_goes_on_with_its_parents_client(run: Run, emulator: Emulator, leave: str):
    script = f"""{BEGIN}
count()
pid = os.fork()
if not pid:
    print("child", count(), count(), flush=True)
    {leave}
wait(pid)
print("parent", count())
"""
    assert run(script, emulator, ignore=THREADS) == "child 25 25\nparent 25\n"


def test_children_of_children_and_many_at_once(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
count()
pids = []
for _ in range(5):
    pid = os.fork()
    if not pid:
        grandchild = os.fork() if count() == 25 else None
        if grandchild:
            wait(grandchild)
        assert count() == 25
        sys.exit(0)
    pids.append(pid)
    assert count() == 25
for pid in pids:
    wait(pid)
print("parent", count())
"""
    assert run(script, emulator, ignore=THREADS) == "parent 25\n"


def test_a_child_that_never_calls_is_quiet(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
listing = sessions.list(page_size=5)
next(listing)
pid = os.fork()
if not pid:
    del client, sessions, listing
    gc.collect()
    sys.exit(0)
wait(pid)
print(sum(1 for _ in listing), count())
"""
    assert run(script, emulator, ignore=THREADS) == "24 25\n"


def test_an_iterator_stays_in_the_parent(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
listing = sessions.list(page_size=5)
next(listing)
pid = os.fork()
if not pid:
    rest = [next(listing) for _ in range(4)]
    try:
        next(listing)
    except ConfigurationError as error:
        print(error, flush=True)
    listing.close()
    print("child", count(), flush=True)
    sys.exit(0)
wait(pid)
print("parent", sum(1 for _ in listing))
"""
    assert run(script, emulator, ignore=THREADS) == (
        "this iterator began in the parent process; begin it again in this one\nchild 25\nparent 24\n"
    )


def test_a_fork_before_the_first_call_or_after_the_close_has_no_threads_to_warn_of(
    run: Run, emulator: Emulator
):
    script = f"""{BEGIN}
for _ in range(2):
    pid = os.fork()
    if not pid:
        with Client() as own:
            print("child", len(list(own.assistants.v1.sessions.list())), flush=True)
        sys.exit(0)
    wait(pid)
    with client:
        count() if not client._runtime.closed else None
print("parent")
"""
    assert run(script, emulator) == "child 25\nchild 25\nparent\n"


def test_a_fork_while_other_threads_are_in_calls(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
stop = threading.Event()
def work():
    while not stop.is_set():
        assert count() == 25
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(5):
    pid = os.fork()
    if not pid:
        assert count() == 25
        os._exit(0)
    wait(pid)
stop.set()
for thread in threads:
    thread.join()
print("parent", count())
"""
    assert run(script, emulator, ignore=THREADS) == "parent 25\n"


def test_a_pool_of_forked_workers(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
import multiprocessing
count()
def work(_):
    return count()
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, range(4)), count())
    pool.close()
    pool.join()
"""
    assert run(script, emulator, ignore=THREADS) == "[25, 25, 25, 25] 25\n"

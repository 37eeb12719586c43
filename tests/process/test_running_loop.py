"""Inside a running event loop the client works and says once that it blocks; in a notebook it just works."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts import Run

    from twilio_sessions.emulator import Emulator

BEGIN = """
import asyncio, sys, types, warnings
from twilio_sessions import BlockingCallWarning, Client
def count(client):
    return sum(1 for _ in client.assistants.v1.sessions.list(page_size=10))
"""


def test_it_works_and_says_so_once(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
async def main():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with Client() as client:
            print(count(client), count(client))
        with Client() as another:
            print(count(another))
    (warning,) = caught
    print(warning.category.__name__, warning.filename == "<string>", str(warning.message).split(" until")[0])
asyncio.run(main())
"""
    printed = run(script, emulator)
    assert printed.splitlines() == [
        "25 25",
        "25",
        "BlockingCallWarning True the sync Client is called in a running event loop and blocks it",
    ]


def test_as_an_error_the_warning_stops_every_call(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
async def main():
    with Client() as client:
        for use in (lambda: count(client), client.assistants.v1.sessions("id").fetch):
            try:
                use()
            except BlockingCallWarning as warning:
                print("warned")
asyncio.run(main())
print(count(Client()))
"""
    assert run(script, emulator) == "warned\nwarned\n25\n"


def test_in_a_worker_thread_of_a_loop_there_is_nothing_to_warn_of(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
async def main():
    with Client() as client:
        print(await asyncio.gather(*[asyncio.to_thread(count, client) for _ in range(8)]))
asyncio.run(main())
"""
    assert run(script, emulator) == f"{[25] * 8}\n"


def test_a_cell_of_a_notebook_blocks_because_it_should(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: object())
async def cell(source):
    exec(compile(source, "cell", "exec"), globals())
async def kernel():
    await cell("client = Client()")
    await cell("print(count(client))")
    await cell("for row in client.assistants.v1.sessions.list(limit=3): print(bool(row.id))")
asyncio.run(kernel())
"""
    assert run(script, emulator) == "25\nTrue\nTrue\nTrue\n"


def test_other_work_of_the_loop_goes_on_after_the_call(run: Run, emulator: Emulator):
    script = f"""{BEGIN}
warnings.simplefilter("ignore", BlockingCallWarning)
async def main():
    ticks = []
    async def tick():
        for number in range(3):
            ticks.append(number)
            await asyncio.sleep(0)
    task = asyncio.create_task(tick())
    print(count(Client()), ticks)
    await task
    print(ticks)
asyncio.run(main())
"""
    assert run(script, emulator) == "25 []\n[0, 1, 2]\n"

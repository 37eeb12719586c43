"""Calls: one hop, and what the caller sees of it."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import traceback
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn

import pytest
from served import SilentServer, client_of

from twilio_sessions import ArgumentError, ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.sync import Client, Sessions
    from twilio_sessions.sync._runtime import Runtime

MISSING = "KC" + "0" * 32


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "twilio-sessions"]


def runtime_of(client: Client) -> Runtime:
    return client._runtime  # noqa: SLF001 - the hop itself


def test_every_verb_works(client: Client):
    service = client.proxy.v1.services.create(unique_name="sync verbs")
    sessions = client.proxy.v1.services(service.sid).sessions
    made = sessions.create(unique_name="Order #1/2")
    assert sessions("Order #1/2").fetch() == made
    assert sessions(made.sid).update(status="closed").status == "closed"
    assert [session.sid for session in sessions.list()] == [made.sid]
    assert sessions(made.sid).delete() is None  # type: ignore[func-returns-value]
    assert list(sessions.list()) == []


def test_a_client_starts_nothing_until_its_first_call(emulator: Emulator):
    before = threading.active_count()
    with client_of(emulator) as client:
        client.proxy.v1.services("KS" + "1" * 32).sessions("a name")
        client.proxy.v1.services.list()
        assert threading.active_count() == before
    assert threading.active_count() == before


def test_connections_of_a_client_that_makes_no_call_itself_are_closed_with_it(emulator: Emulator):
    with client_of(emulator) as client:
        other = client.with_options(max_attempts=1)
        next(other.proxy.v1.services.list())
    pool = runtime_of(client)._client._pipeline.shared.transport._pool  # noqa: SLF001
    assert pool._session is None  # noqa: SLF001
    with other, pytest.raises(ConfigurationError, match="this client is closed"):
        next(other.proxy.v1.services.list())


def test_the_last_client_takes_the_thread_with_it(emulator: Emulator):
    with client_of(emulator) as one:
        next(one.proxy.v1.services.list())
        with client_of(emulator) as other:
            next(other.proxy.v1.services.list())
            assert threads() == ["twilio-sessions"]
        next(one.proxy.v1.services.list())
        assert threads() == ["twilio-sessions"]
    assert threads() == []
    with client_of(emulator) as again:
        assert next(again.proxy.v1.services.list()).sid


def test_a_dropped_client_is_closed_by_and_by(emulator: Emulator):
    client = client_of(emulator)
    sessions = client.assistants.v1.sessions
    next(sessions.list())
    del client
    gc.collect()
    assert next(sessions.list()).id, "what was reached through a client keeps it alive"
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "twilio-sessions"]
    del sessions
    gc.collect()
    thread.join(5)
    assert not thread.is_alive()


@pytest.mark.parametrize("used", [False, True])
def test_a_closed_client_says_so(emulator: Emulator, used: bool):
    client = client_of(emulator)
    if used:
        next(client.proxy.v1.services.list())
    client.close()
    client.close()
    with pytest.raises(ConfigurationError, match="this client is closed; make a new one"):
        client.proxy.v1.services("KS" + "1" * 32).fetch()
    with pytest.raises(ConfigurationError, match="this client is closed; make a new one"):
        next(client.proxy.v1.services.list())
    assert threads() == []


def test_arguments_are_refused_where_they_are_given(client: Client, emulator: Emulator):
    with pytest.raises(ArgumentError):
        client.proxy.v1.services("")
    with pytest.raises(ArgumentError):
        client.proxy.v1.services.list(limit=-1)
    with pytest.raises(ArgumentError):
        client.proxy.v1.services.pages(page_token="x y")
    with pytest.raises(TypeError, match="unexpected keyword"):
        client.proxy.v1.services.list(limits=1)  # type: ignore[call-arg]
    assert threads() == [], "nothing was started"
    with pytest.raises(ArgumentError):
        client.proxy.v1.services.create(unique_name="")
    assert len(emulator.requests) == 0


def test_a_traceback_leads_from_the_caller_to_the_error(sessions: Sessions):
    with pytest.raises(NotFoundError) as caught:
        sessions(MISSING).fetch()
    frames = [(frame.filename.rsplit("/", 1)[-1], frame.name) for frame in traceback.extract_tb(caught.tb)]
    assert frames[:4] == [
        ("test_calls.py", "test_a_traceback_leads_from_the_caller_to_the_error"),
        ("_generated.py", "fetch"),
        ("_runtime.py", "call"),
        ("_sessions.py", "fetch"),
    ]
    assert frames[-1][1] == "judge"
    assert not {"_jobs.py", "_portal.py", "base_events.py", "thread.py"}.intersection(f for f, _ in frames)
    assert caught.value.__context__ is None


def test_an_error_is_freed_without_the_collector(sessions: Sessions):
    seen: weakref.ref[NotFoundError] | None = None
    gc.collect()
    gc.disable()
    try:
        try:
            sessions(MISSING).fetch()
        except NotFoundError as error:
            seen = weakref.ref(error)
        assert seen is not None
        assert seen() is None
    finally:
        gc.enable()


def test_context_variables_are_seen_and_not_changed(client: Client):
    variable = contextvars.ContextVar("variable", default="nothing")

    async def look() -> str:
        seen = variable.get()
        variable.set("changed")
        return seen

    variable.set("the caller's")
    assert runtime_of(client).call(look) == "the caller's"
    assert variable.get() == "the caller's"


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
def test_what_one_call_raises_reaches_its_caller_only(client: Client, kind: type[BaseException]):
    async def fail() -> NoReturn:
        raise kind

    with pytest.raises(kind):
        runtime_of(client).call(fail)
    assert next(client.proxy.v1.services.list()).sid


def test_a_call_from_the_loops_own_thread_is_refused(client: Client, emulator: Emulator):
    async def again() -> None:
        client.proxy.v1.services("KS" + "1" * 32).fetch()

    async def another() -> None:
        client_of(emulator).proxy.v1.services("KS" + "1" * 32).fetch()

    for hook in (again, another):
        with pytest.raises(ConfigurationError, match="await the AsyncClient there"):
            runtime_of(client).call(hook)
    assert next(client.proxy.v1.services.list()).sid


def test_32_threads_share_a_client(client: Client):
    service = client.proxy.v1.services.create(unique_name="threads")
    sessions = client.proxy.v1.services(service.sid).sessions

    def work(number: int) -> list[str]:
        sids = [sessions.create(unique_name=f"{number}-{step}").sid for step in range(4)]
        for sid in sids:
            assert sessions(sid).fetch().sid == sid
        assert sum(1 for _ in sessions.list(page_size=50)) >= len(sids)
        return sids

    with ThreadPoolExecutor(32) as pool:
        made = [sid for sids in pool.map(work, range(32)) for sid in sids]
    assert sorted(made) == sorted(session.sid for session in sessions.list())
    assert len(set(made)) == 128
    assert threads() == ["twilio-sessions"]


def test_a_close_ends_calls_of_other_threads_at_once():
    with SilentServer() as server, ThreadPoolExecutor(1) as pool:
        client = server.client()
        call = pool.submit(client.assistants.v1.sessions("id").fetch)
        assert server.was_asked()
        client.close()
        with pytest.raises(ConfigurationError, match="closed while this was under way"):
            call.result(5)
        assert server.was_dropped()


def test_clients_that_come_and_go_in_threads_never_wait_for_a_loop_that_is_gone(emulator: Emulator):
    def work(_: int) -> int:
        for _step in range(20):
            with client_of(emulator) as client:
                assert next(client.assistants.v1.sessions.list()).id
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8), timeout=50)) == 8
    assert threads() == []


def test_calls_race_with_a_close_and_none_hangs(emulator: Emulator):
    def work(client: Client) -> int:
        count = 0
        try:
            while True:
                next(client.assistants.v1.sessions.list())
                count += 1
        except ConfigurationError:
            return count

    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            client = client_of(emulator)
            calls = [pool.submit(work, client) for _ in range(8)]
            next(client.assistants.v1.sessions.list())
            client.close()
            assert all(call.result(10) >= 0 for call in calls)


def test_a_client_shows_who_it_is_and_nothing_secret(client: Client, emulator: Emulator):
    assert repr(client).startswith("<Client AC")
    assert emulator.environment()["TWILIO_AUTH_TOKEN"] not in repr(client)
    assert repr(client.proxy.v1.services) == "<Services /v1/Services>"
    assert client.account_sid == emulator.account_sid

"""The fixtures in projects of users: plain, with anyio's plugin, with pytest-asyncio, in parallel, unused."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "twilio_sessions.testing.plugin"
# What takes time and is not looked at here: every package with a plugin would be compiled anew.
QUICK = ("--assert=plain", "-p", "no:hypothesispytest", "-p", "no:cacheprovider")

# What every project below has: warnings are errors, and a look around when all is over.
INI = """
[pytest]
filterwarnings = error
asyncio_default_fixture_loop_scope = function
anyio_mode = strict
"""
LOOK_AROUND = """
import asyncio, gc, os, sys, threading
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    gc.collect()
    left = [one.name for one in threading.enumerate() if one.name.startswith("twilio")]
    loops = [one for one in gc.get_objects() if isinstance(one, asyncio.AbstractEventLoop)]
    left += [loop for loop in loops if not loop.is_closed()]
    if sys.platform == "linux" and not hasattr(config, "workerinput"):
        links = [f"/proc/self/fd/{one}" for one in os.listdir("/proc/self/fd")]
        left += [link for link in links if os.path.islink(link) and "socket:" in os.readlink(link)]
    print("left behind:", left or "nothing", file=sys.__stderr__)
"""

PLAIN = """
from datetime import timedelta
import pytest
from twilio_sessions import Client
from twilio_sessions.testing import EmulatorOptions, Fault, Seed

def test_a_client(twilio_emulator, twilio_client):
    service = twilio_emulator.add_service("rides")
    session = twilio_emulator.add_session(service, "Order #1234", participants=2)
    sessions = twilio_client.proxy.v1.services(service.sid).sessions
    assert sessions("Order #1234").fetch().sid == session.sid
    sessions(session.sid).update(status="closed")
    assert session.status == "closed"
    assert [one.operation for one in twilio_emulator.processed] == ["sessions.fetch", "sessions.update"]
    assert [one.status for one in twilio_emulator.requests] == [200, 200]

@pytest.mark.parametrize("number", range(3))
def test_every_test_has_its_own_account(twilio_emulator, twilio_client, number):
    assert not list(twilio_client.proxy.v1.services.list())
    assert len(twilio_emulator.requests) == 1
    twilio_client.proxy.v1.services.create(unique_name="the same each time")
    twilio_emulator.faults.add(Fault("stall", times=None))

def test_code_that_makes_its_own_client(twilio_emulator, twilio_env):
    with Client() as client:
        assert not list(client.proxy.v1.services.list())
    assert len(twilio_emulator.requests) == 1
    assert twilio_env == twilio_emulator.environment()

def test_a_lost_answer(twilio_emulator, twilio_client):
    twilio_emulator.faults.add(Fault("reset", operation="services.create", when="after"))
    service = twilio_client.proxy.v1.services.create(unique_name="made once")
    made = [one.created for one in twilio_emulator.processed if one.operation == "services.create"]
    assert made == [(service.sid,)]

def test_the_clock(twilio_emulator):
    session = twilio_emulator.add_session(twilio_emulator.add_service(), ttl=timedelta(hours=1))
    twilio_emulator.advance(timedelta(hours=2))
    assert session.status == "closed"

def test_nothing_waits_for_a_rate_limit(twilio_client):
    assert twilio_client._async_client._pipeline.shared.gate is None

@pytest.mark.twilio_emulator(seed=Seed(services=3, sessions=20), options=EmulatorOptions(latency=0.01))
class TestMarked:
    def test_by_the_class(self, twilio_emulator):
        assert twilio_emulator.store.counts()["sessions"] == 20
        assert twilio_emulator.options.latency == 0.01

    @pytest.mark.twilio_emulator(options=EmulatorOptions(latency=0.02))
    def test_by_the_test_itself_where_it_says_something(self, twilio_emulator):
        assert twilio_emulator.store.counts()["sessions"] == 20
        assert twilio_emulator.options.latency == 0.02
"""

ASYNC = """
import asyncio
import pytest
pytestmark = pytest.mark.{mark}

async def names(client):
    return [one.unique_name async for one in client.proxy.v1.services.list()]

@pytest.mark.parametrize("number", range(2))
async def test_an_account_of_its_own(twilio_emulator, twilio_async_client, number):
    assert await names(twilio_async_client) == []
    await twilio_async_client.proxy.v1.services.create(unique_name="rides")
    assert twilio_emulator.store.counts()["services"] == 1

async def test_many_at_once(twilio_emulator, twilio_async_client):
    twilio_emulator.add_service("rides")
    assert await asyncio.gather(*(names(twilio_async_client) for _ in range(20))) == [["rides"]] * 20
"""

IN_OTHER_LOOPS = """
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("number", range(2))
async def test_in_the_loop_of_the_session(twilio_emulator, twilio_async_client, number):
    assert await names(twilio_async_client) == []

class TestLoopOfTheClass:
    @pytest.mark.asyncio(loop_scope="class")
    async def test_in_it(self, twilio_async_client):
        assert await names(twilio_async_client) == []

@pytest.mark.asyncio(loop_scope="module")
async def test_in_the_loop_of_the_module(twilio_async_client):
    assert await names(twilio_async_client) == []
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A user's project in a folder of its own, with credentials in the environment that must not be used."""
    pytester.makeini(INI)
    pytester.makeconftest(LOOK_AROUND)
    # asyncio watches the plugin elsewhere; here it would watch a whole run of pytest.
    monkeypatch.delenv("PYTHONASYNCIODEBUG", raising=False)
    monkeypatch.setenv("TWILIO_API_KEY", "SK" + "1" * 32)
    monkeypatch.setenv("TWILIO_API_SECRET", "of production")
    return pytester


def run(project: pytest.Pytester, *arguments: str, **outcomes: int) -> str:
    """Run the project's tests in a process of their own; nothing is left behind."""
    done = project.runpytest_subprocess("-p", PLUGIN, *QUICK, *arguments, timeout=50)
    done.assert_outcomes(**outcomes)
    left = {line for line in done.errlines if line.startswith("left behind")}
    assert left == {"left behind: nothing"}
    assert done.ret == (1 if "errors" in outcomes else 0), "something went wrong after the last test"
    return str(done.stdout.str())


def test_plain_tests_need_no_other_plugin(project: pytest.Pytester):
    project.makepyfile(PLAIN)
    run(project, "-p", "no:anyio", "-p", "no:asyncio", "-W", "ignore::pytest.PytestConfigWarning", passed=10)


def test_anyio_and_pytest_asyncio_side_by_side(project: pytest.Pytester):
    project.makepyfile(
        test_anyio=ASYNC.format(mark="anyio"), test_asyncio=ASYNC.format(mark="asyncio") + IN_OTHER_LOOPS
    )
    run(project, passed=10)


@pytest.mark.parametrize("mode", ["--anyio-mode=auto", "--asyncio-mode=auto"])
def test_no_marks_in_auto_mode(project: pytest.Pytester, mode: str):
    project.makepyfile(ASYNC.replace("pytestmark = pytest.mark.{mark}", ""))
    run(project, mode, passed=3)


def test_the_whole_session_in_one_loop(project: pytest.Pytester):
    project.makepyfile(ASYNC.format(mark="asyncio"))
    run(project, "-o", "asyncio_default_test_loop_scope=session", passed=3)


def test_in_parallel(project: pytest.Pytester):
    project.makepyfile(test_plain=PLAIN, test_anyio=ASYNC.format(mark="anyio"))
    assert "2 workers" in run(project, "-n", "2", passed=13)


def test_what_the_readme_shows_is_a_test(project: pytest.Pytester):
    readme = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
    shown = [
        one
        for one in re.findall(r"^```python\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        if "def test_" in one
    ]
    project.makepyfile(*shown)
    run(project, passed=1)


def test_who_does_not_use_it_does_not_pay(project: pytest.Pytester):
    project.makepyfile(f"""
        import sys

        def test_that_nothing_is_loaded(request):
            assert request.config.pluginmanager.has_plugin({PLUGIN!r})
            assert not {{"aiohttp", "msgspec", "twilio_sessions.emulator"}} & set(sys.modules)
    """)
    run(project, passed=1)


def test_what_cannot_work_says_so(project: pytest.Pytester):
    project.makepyfile(
        test_wrong="""
        import pytest
        from twilio_sessions.testing import Seed

        def test_without_a_loop(twilio_async_client): ...

        @pytest.mark.twilio_emulator(Seed())
        def test_a_value_without_a_name(twilio_emulator): ...

        @pytest.mark.twilio_emulator(sede=Seed())
        def test_a_name_that_is_none(twilio_emulator): ...

        @pytest.mark.anyio
        @pytest.mark.asyncio
        async def test_of_two_masters(twilio_async_client): ...

        class TestTrio:
            @pytest.fixture
            def anyio_backend(self):
                return "trio"

            @pytest.mark.anyio
            async def test_elsewhere(self, twilio_async_client): ...
        """
    )
    said = run(project, errors=5)
    assert (
        "test_without_a_loop asks for twilio_async_client, but neither anyio's plugin nor pytest-asyncio"
        in said
    )
    assert "@pytest.mark.twilio_emulator takes options by name, such as seed=Seed()" in said
    assert "got an unexpected keyword argument 'sede'" in said
    assert "test_of_two_masters is for anyio and pytest-asyncio at once; take one of the marks away" in said
    assert "AsyncClient runs on asyncio; let the fixture anyio_backend return 'asyncio'" in said


def test_the_marker_and_the_fixtures_are_documented(project: pytest.Pytester):
    markers = project.runpytest_inprocess("-p", PLUGIN, "--markers", "-W", "ignore").stdout.str()
    assert "@pytest.mark.twilio_emulator(**options): what the fixture" in markers
    listed = project.runpytest_inprocess("-p", PLUGIN, "--fixtures", "-W", "ignore").stdout.str()
    for name in ("twilio_emulator", "twilio_client", "twilio_async_client", "twilio_env"):
        assert f"\n{name} -- " in listed
    assert "_twilio" not in listed


def test_pytest_finds_it_by_itself():
    (found,) = [one for one in entry_points(group="pytest11") if one.name == PLUGIN]
    assert found.value == PLUGIN, "the name of the plugin is its module, so that it cannot be loaded twice"

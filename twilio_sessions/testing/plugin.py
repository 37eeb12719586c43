"""The pytest plugin; pytest loads it wherever this package is installed, so it imports next to nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from anyio.from_thread import BlockingPortal

    from twilio_sessions.client import AsyncClient
    from twilio_sessions.emulator import Emulator
    from twilio_sessions.sync import Client

__all__ = (
    "pytest_configure",
    "twilio_async_client",
    "twilio_client",
    "twilio_emulator",
    "twilio_env",
)

MARKER = "twilio_emulator"
_ONE_OF_TWO = "take one of the marks away, or set asyncio_mode or anyio_mode to strict"

# They would win over, or add to, what the emulator says.
_OTHERS = ("TWILIO_API_KEY", "TWILIO_API_SECRET", "TWILIO_EDGE", "TWILIO_REGION")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, and get along with pytest-asyncio where it is."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(**options): what the fixture `twilio_emulator` passes on to `Emulator`, such as seed=, "
        "options=, clock=; the closest marker wins, option by option.",
    )
    asyncio_plugin = sys.modules.get("pytest_asyncio.plugin")
    if asyncio_plugin is not None and config.pluginmanager.is_registered(asyncio_plugin):
        try:
            from twilio_sessions.testing import _asyncio  # noqa: PLC0415 - only where that plugin is
        except TypeError:
            return  # it is older than 0.24, and knows no loop scopes; whoever needs it will be told
        config.pluginmanager.register(_asyncio, _asyncio.__name__)


@pytest.fixture(scope="session")
def _twilio_emulator_thread() -> Generator[BlockingPortal]:
    """One thread for all emulators of a test session: to start it takes longer than to start one of them."""
    from twilio_sessions.testing._running import emulator_thread  # noqa: PLC0415 - only for those who use it

    with emulator_thread() as thread:
        yield thread


@pytest.fixture
def twilio_emulator(
    request: pytest.FixtureRequest, _twilio_emulator_thread: BlockingPortal
) -> Generator[Emulator]:
    """A local Twilio with an account of its own, empty unless `@pytest.mark.twilio_emulator(seed=...)` says.

    Example:
        def test_a_lost_answer(twilio_emulator, twilio_client):
            twilio_emulator.faults.add(Fault("reset", operation="services.create", when="after"))
            service = twilio_client.proxy.v1.services.create(unique_name="made once")
            assert [one.created for one in twilio_emulator.processed] == [(service.sid,), ()]
    """
    from twilio_sessions.emulator import Emulator  # noqa: PLC0415 - only for those who use it
    from twilio_sessions.testing._running import run_emulator  # noqa: PLC0415

    with run_emulator(Emulator(**_asked(request)), thread=_twilio_emulator_thread) as emulator:
        yield emulator


def _asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what markers ask for; those of the test come before those of its class and module."""
    asked: dict[str, Any] = {}
    for marker in request.node.iter_markers(MARKER):
        if marker.args:
            pytest.fail(f"@pytest.mark.{MARKER} takes options by name, such as seed=Seed()", pytrace=False)
        asked = {**marker.kwargs, **asked}
    return asked


@pytest.fixture
def twilio_client(twilio_emulator: Emulator) -> Generator[Client]:
    """A `Client` of `twilio_emulator`.

    Example:
        def test_that_a_session_can_be_found(twilio_emulator, twilio_client):
            session = twilio_emulator.add_session(twilio_emulator.add_service("rides"), "Order #1234")
            sessions = twilio_client.proxy.v1.services(session.service.sid).sessions
            assert sessions("Order #1234").fetch().sid == session.sid
    """
    from twilio_sessions.testing._running import client_for  # noqa: PLC0415 - only for those who use it

    with client_for(twilio_emulator) as client:
        yield client


@pytest.fixture
def twilio_async_client(request: pytest.FixtureRequest) -> AsyncClient:
    """An `AsyncClient` of `twilio_emulator`, for the event loop of the test.

    The test is run by anyio's plugin or by pytest-asyncio, in either of its modes; any other test is told so.

    Example:
        async def test_that_nothing_is_left(twilio_emulator, twilio_async_client):
            twilio_emulator.add_service("rides")
            await remove_everything(twilio_async_client)
            assert twilio_emulator.store.counts()["services"] == 0
    """
    # Who runs the test must run the fixture, too: the client is closed in the loop that it was used in.
    client: AsyncClient = request.getfixturevalue(_fixture_for(request))
    return client


def _fixture_for(request: pytest.FixtureRequest) -> str:
    for_anyio = "anyio_backend" in request.fixturenames
    ours = request.config.pluginmanager.get_plugin("twilio_sessions.testing._asyncio")
    if ours is not None and ours.runs(request.node):
        if for_anyio:
            # Each of the two plugins would take the fixture for its own, and the client be closed nowhere.
            pytest.fail(
                f"{request.node.name} is for anyio and pytest-asyncio at once; {_ONE_OF_TWO}", pytrace=False
            )
        return str(ours.fixture_name(request.node))
    if for_anyio:
        if "asyncio" in request.getfixturevalue("anyio_backend"):
            return "_twilio_async_client_of_anyio"
        pytest.fail(
            "AsyncClient runs on asyncio; let the fixture anyio_backend return 'asyncio'", pytrace=False
        )
    pytest.fail(
        f"{request.node.name} asks for twilio_async_client, but neither anyio's plugin nor pytest-asyncio "
        "(0.24 or newer) runs it: mark it with @pytest.mark.anyio or @pytest.mark.asyncio; in a test without "
        "an event loop ask for twilio_client, or for twilio_env and make the client where its loop is",
        pytrace=False,
    )


@pytest.fixture
async def _twilio_async_client_of_anyio(twilio_emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    from twilio_sessions.testing._running import async_client_for  # noqa: PLC0415 - only for those who use it

    async with async_client_for(twilio_emulator) as client:
        yield client


@pytest.fixture
def twilio_env(twilio_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """Point the environment at `twilio_emulator`, for code that makes its own client; returns the variables.

    Example:
        def test_the_nightly_job(twilio_emulator, twilio_env):
            nightly_job.main()  # makes a Client()
            assert twilio_emulator.requests
    """
    for name in _OTHERS:
        monkeypatch.delenv(name, raising=False)
    variables = twilio_emulator.environment()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables

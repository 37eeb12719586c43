"""An emulator that runs in a thread, and clients of it: what the fixtures are made of."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict

from anyio.from_thread import start_blocking_portal

from twilio_sessions.client import AsyncClient
from twilio_sessions.emulator import Emulator
from twilio_sessions.sync import Client

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from anyio.from_thread import BlockingPortal

__all__ = ["async_client_for", "client_for", "emulator_thread", "run_emulator"]


def emulator_thread() -> AbstractContextManager[BlockingPortal]:
    """Start a thread for emulators; it ends with the context."""
    return start_blocking_portal("asyncio", name="twilio-emulator")


@contextmanager
def run_emulator(
    emulator: Emulator | None = None, *, thread: BlockingPortal | None = None
) -> Generator[Emulator]:
    """Run an emulator in a thread, so that the calling one may block, or run a loop of any kind.

    Args:
        emulator: The emulator; by default one of an empty account.
        thread: A thread that runs emulators already; by default a new one.

    Yields:
        The emulator, ready for requests.

    Raises:
        EmulatorStartError: Its address is in use.

    Example:
        with run_emulator(Emulator(seed=Seed(services=3, sessions=500))) as emulator:
            os.environ.update(emulator.environment())
    """
    if thread is None:
        with emulator_thread() as started, run_emulator(emulator, thread=started) as running:
            yield running
        return
    with thread.wrap_async_context_manager(emulator if emulator is not None else Emulator()) as running:
        yield running


def client_for(emulator: Emulator) -> Client:
    """Make a client of a running emulator; it keeps to a rate limit only if the emulator has one.

    Example:
        with run_emulator() as emulator, client_for(emulator) as client:
            client.proxy.v1.services.create(unique_name="rides")
    """
    return Client(**_access_to(emulator))


def async_client_for(emulator: Emulator) -> AsyncClient:
    """Make an async client of a running emulator; it keeps to a rate limit only if the emulator has one.

    Example:
        async with Emulator() as emulator, async_client_for(emulator) as client:
            await client.proxy.v1.services.create(unique_name="rides")
    """
    return AsyncClient(**_access_to(emulator))


class _Access(TypedDict):
    account_sid: str
    auth_token: str
    proxy_url: str
    assistants_url: str
    rate_limit: bool


def _access_to(emulator: Emulator) -> _Access:
    told = emulator.environment()
    return {
        "account_sid": told["TWILIO_ACCOUNT_SID"],
        "auth_token": told["TWILIO_AUTH_TOKEN"],
        "proxy_url": told["TWILIO_SESSIONS_PROXY_URL"],
        "assistants_url": told["TWILIO_SESSIONS_ASSISTANTS_URL"],
        # A test of two hundred requests should not take five seconds.
        "rate_limit": emulator.options.rate_limit is not None,
    }

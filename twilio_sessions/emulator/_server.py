"""The emulator's public face: start it, point a client at it, stop it."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_sessions.emulator._additions import Additions
from twilio_sessions.emulator._api import Api
from twilio_sessions.emulator._app import App
from twilio_sessions.emulator._clock import Clock
from twilio_sessions.emulator._control import PREFIX, Control
from twilio_sessions.emulator._exchange import Context
from twilio_sessions.emulator._ledger import Ledger
from twilio_sessions.emulator._options import EmulatorOptions
from twilio_sessions.emulator._paging import Tokens
from twilio_sessions.emulator._plan import FaultPlan
from twilio_sessions.emulator._render import Renderer
from twilio_sessions.emulator._seed import Seed, plant
from twilio_sessions.emulator._store import Store
from twilio_sessions.emulator._values import is_sid

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from types import TracebackType
    from typing import Self

    from twilio_sessions.emulator._ledger import Processed, ReceivedRequest

__all__ = ("DEFAULT_ACCOUNT_SID", "DEFAULT_AUTH_TOKEN", "Emulator", "EmulatorStartError")

_LAST_PORT = 65_535
_REASONS = {
    errno.EADDRINUSE: "the port is taken; choose another one, or 0 for any that is free",
    errno.EADDRNOTAVAIL: "that is no address of this machine; 127.0.0.1 is",
    errno.EACCES: "this port needs privileges; choose one from 1024 on, or 0 for any that is free",
}
# Right in form, and plainly nobody's.
DEFAULT_ACCOUNT_SID = "AC" + "0" * 31 + "1"
DEFAULT_AUTH_TOKEN = "emulated-auth-token"  # noqa: S105 - opens nothing but the emulator


class EmulatorStartError(OSError):
    """The emulator could not listen on its address; the message says which and why."""


class Emulator(Additions):
    """A local Twilio for Proxy v1 and for the Sessions of Assistants v1, on one address.

    It holds one account in memory and answers over HTTP as Twilio does: the same paths, credentials,
    errors, paging and status rules. It starts with `async with`, or with `start` and `close`; the `add_...`
    methods fill the account one record at a time.

    Example:
        async with Emulator(seed=Seed(services=3, sessions=500)) as emulator:
            os.environ.update(emulator.environment())
            ...
            assert emulator.store.counts()["sessions"] == 500

    Args:
        host: Address to listen on.
        port: TCP port; 0 takes any free one, see `base_url`.
        account_sid: The account, `AC` and 32 hexadecimal digits; by default `DEFAULT_ACCOUNT_SID`.
        auth_token: Its token; by default `DEFAULT_AUTH_TOKEN`.
        api_keys: Further credentials: secrets by the SID (`SK…`) of their API key.
        seed: What the account owns at the start; by default nothing.
        options: Choices for what Twilio leaves undocumented.
        clock: Returns the current aware UTC `datetime`; by default a `Clock` that follows the machine.

    Attributes:
        account_sid: The emulated account.
        store: Its state, for assertions; `store.counts()` sums it up.
        clock: The clock that expiry and retention follow; move it with `clock.advance` and `clock.set`.
        options: The options in force.
        faults: What goes wrong with which of the coming requests; at first nothing.
        requests: The last requests received, oldest first; `requests.clear()` forgets them.
        processed: The last operations that were really executed, whether or not an answer arrived.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        account_sid: str | None = None,
        auth_token: str | None = None,
        api_keys: Mapping[str, str] | None = None,
        seed: Seed | None = None,
        options: EmulatorOptions | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        if account_sid is not None and not is_sid(account_sid, "AC"):
            raise ValueError(f"not an account SID (AC and 32 hexadecimal digits): {account_sid!r}")
        if not 0 <= port <= _LAST_PORT:
            raise ValueError(f"port: must be an integer from 0 to {_LAST_PORT}, not {port}")
        self.account_sid: str = account_sid if account_sid is not None else DEFAULT_ACCOUNT_SID
        self.options: EmulatorOptions = options if options is not None else EmulatorOptions()
        self.clock: Clock = (
            clock if isinstance(clock, Clock) else Clock(clock) if clock is not None else Clock()
        )
        self._auth_token = auth_token if auth_token is not None else DEFAULT_AUTH_TOKEN
        self._api_keys = dict(api_keys or {})
        self._seed = seed
        self._host, self._port = host, port
        self._lock = threading.RLock()
        self._front = _Front()
        self._base_url: str | None = None
        self._runner: web.ServerRunner | None = None
        self._ledger = Ledger(self.options.ledger_size)
        self.requests: deque[ReceivedRequest] = self._ledger.requests
        self.processed: deque[Processed] = self._ledger.processed
        self.faults: FaultPlan = FaultPlan()
        self.store: Store = self._planted()

    @property
    def base_url(self) -> str:
        """The origin of both products, such as `http://127.0.0.1:54321`; their paths do not collide."""
        if self._base_url is None:
            raise RuntimeError(
                "the emulator has no address until it is started: use `async with Emulator(...)`"
            )
        return self._base_url

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point a client of this library at the emulator."""
        return {
            "TWILIO_ACCOUNT_SID": self.account_sid,
            "TWILIO_AUTH_TOKEN": self._auth_token,
            "TWILIO_SESSIONS_PROXY_URL": self.base_url,
            "TWILIO_SESSIONS_ASSISTANTS_URL": self.base_url,
        }

    async def start(self) -> None:
        """Listen; returns when requests are accepted.

        Raises:
            EmulatorStartError: The address is in use, or not ours.
        """
        if self._runner is not None:
            raise RuntimeError("the emulator is already running")
        # A handler ends with its connection: a stalled one must not outlive the client that left. What is
        # executed is not cut in two by that, for it never waits.
        server = web.Server(self._front.handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            why = f"cannot listen on {self._host}:{self._port}: {_reason(error)}"
            raise EmulatorStartError(error.errno, why) from error
        except BaseException:
            await runner.cleanup()
            raise
        self._base_url = _origin(*runner.addresses[0][:2])
        self._equip(self._base_url)
        self._runner = runner

    async def close(self) -> None:
        """Stop listening and close every connection; closing twice is harmless. The state stays readable."""
        runner, self._runner, self._base_url = self._runner, None, None
        if runner is not None:
            self._front.app.close()
            await runner.cleanup()
            # The sockets close one turn of the loop later; nothing of ours is left after it.
            await asyncio.sleep(0)

    async def serve_forever(self) -> None:
        """Start if necessary and serve until cancelled; then close."""
        if self._runner is None:
            await self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await self.close()

    def _planted(self) -> Store:
        store = Store(self._seed.random_seed if self._seed is not None else 0)
        if self._seed is not None:
            plant(store, self.options, self._seed, self.clock())
        return store

    def _equip(self, base_url: str) -> None:
        self._front.app = self._application(base_url)
        if self.options.control:
            self._front.control = Control(
                self.store, self.options, self.clock, self.faults, self._ledger, self._reset
            )

    def _reset(self) -> None:
        """Begin anew behind the same address; who is still being answered is answered from before."""
        self._front.app.close()
        self.clock.reset()
        for forgotten in (self.faults, self.requests, self.processed):
            forgotten.clear()
        self.store = self._planted()
        self._equip(self.base_url)

    def _application(self, base_url: str) -> App:
        options = self.options
        render = Renderer(
            account_sid=self.account_sid,
            proxy_url=(options.proxy_public_url or base_url).rstrip("/"),
            assistants_url=(options.assistants_public_url or base_url).rstrip("/"),
        )
        # The same account gives the same tokens, so that a resumed walk survives a restart of the emulator.
        tokens = Tokens(self.account_sid.encode(), options.page_token_style)
        api = Api(
            Context(self.store, options, render, tokens), self.clock, ledger=self._ledger, lock=self._lock
        )
        return App(api, {self.account_sid: self._auth_token, **self._api_keys}, self.faults)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class _Front:
    """Stands in while the port, and with it every URL to be sent, is not yet known."""

    app: App
    control: Control | None = None

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.control is not None and request.raw_path.startswith(PREFIX):
            return await self.control.handle(request)
        # No request can come in before `start` has set `app`: it does not wait in between.
        return await self.app.handle(request)


def _reason(error: OSError) -> str:
    """Return why an address cannot be had, and what to do; what asyncio says names the address once more."""
    # Since Python 3.13 asyncio passes over addresses that are not this machine's, and then has no number.
    number = error.errno or errno.EADDRNOTAVAIL
    # Those of names that are not found are negative, and no other table has them.
    told = os.strerror(number) if number > 0 else error.strerror or str(error)
    return _REASONS.get(number, told)


def _origin(host: str, port: int) -> str:
    """Return the URL of a bound socket; the address, not a name, which may have several."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - nothing is bound here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

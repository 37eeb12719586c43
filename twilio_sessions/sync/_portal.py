"""The event loop behind every `Client` of a process: the first lease starts it, the last one stops it.

A thread of its own runs anyio's `BlockingPortal`, which keeps the loop open until it is stopped. Calls do
not go through `BlockingPortal.call`: that crosses the threads twice, leaves a request running after Ctrl-C,
lets one caller's SystemExit end everybody's work, and waits for ever when the loop ends in between. They go
through `Job`, which crosses once and does none of that.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol

import anyio
from anyio.from_thread import BlockingPortal

from twilio_sessions.errors import ConfigurationError
from twilio_sessions.sync._jobs import CLEANUP, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Lease", "LeaseHolder", "Portal", "is_exiting", "lease_for", "retire"]

# How long `close()` and the interpreter's exit wait for the thread; it is a daemon and cannot hold them up.
_JOIN: Final = 2.0


class LeaseHolder(Protocol):
    """Who takes a lease, once: a client's runtime."""

    lease: Lease | None
    closed: bool

    def new_lease(self, portal: Portal) -> Lease:
        """Make a lease at this portal."""
        ...


class Lease:
    """One client's share of a portal: what it runs there, and how it leaves."""

    def __init__(
        self,
        portal: Portal,
        close: Callable[[], Coroutine[Any, Any, None]],
        leave: Callable[[asyncio.AbstractEventLoop], object],
    ) -> None:
        self.portal: Portal = portal
        self.jobs: set[Job[Any]] = set()
        self.leave: Callable[[asyncio.AbstractEventLoop], object] = leave
        self.closed: bool = False
        self.retirement: Job[None] | None = None
        self._close = close

    def job(self, run: Callable[[], Coroutine[Any, Any, Any]]) -> Job[Any]:
        """Prepare a coroutine to run here; after a close it is over before it began."""
        job = Job[Any](run, self.portal.loop, self.jobs)
        # In this order: either this sees `closed`, or the retirement sees the job.
        if self.closed:
            job.deliver(asyncio.CancelledError())
        return job

    def retire(self) -> Job[None]:
        """Cancel what runs, close the client, give the lease back. Does not wait; finalisers call it."""
        if self.retirement is None:
            self.retirement = Job(self._retire, self.portal.loop, set())
            self.retirement.submit()
        return self.retirement

    async def _retire(self) -> None:
        self.closed = True
        jobs = list(self.jobs)
        for job in jobs:
            job.cancel()
        tasks = [job.task for job in jobs if job.task is not None]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=CLEANUP)
            await self._close()
        finally:
            await self.portal.release(self)

    def end(self) -> None:
        """Let everybody go who still waits; the loop is gone."""
        self.closed = True
        for job in [*self.jobs, *filter(None, [self.retirement])]:
            job.deliver(asyncio.CancelledError())


class Portal:
    """A loop in a thread. It holds its leases; nothing in it holds a client's user."""

    def __init__(self) -> None:
        _refuse_gevent()
        self.loop: asyncio.AbstractEventLoop = asyncio.new_event_loop()
        self.leases: set[Lease] = set()
        self.forked: bool = False
        self._left: list[object] = []
        self._blocking: BlockingPortal | None = None
        self._thread = threading.Thread(target=self._run, name="twilio-sessions", daemon=True)
        try:
            # In an empty context: a free-threaded Python would give the thread the caller's.
            contextvars.Context().run(self._thread.start)
        except RuntimeError as error:
            self.loop.close()
            raise ConfigurationError(f"the thread of the sync client cannot be started: {error}") from error

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread is the one that runs the loop."""
        return self._thread.ident == threading.get_ident()

    async def release(self, lease: Lease) -> None:
        """Take a lease back, on the loop; without leases the loop stops."""
        global _current  # noqa: PLW0603 - one portal per process
        with _lock:
            self.leases.discard(lease)
            last = not self.leases
            if last and _current is self:
                _current = None
        if last and self._blocking is not None:
            await self._blocking.stop(cancel_remaining=True)

    def join(self) -> None:
        """Wait a moment for the thread to end."""
        if not self.is_mine:
            self._thread.join(_JOIN)

    def leave_behind(self) -> None:
        """Mark everything as the parent's, in the child of a fork.

        The sockets are shared with the parent: closing them as usual would write into its streams and take
        them out of its selector. So they are kept, untouched and unseen, as long as this process lives.
        """
        self.forked = True
        self._left += [lease.leave(self.loop) for lease in self.leases]

    def _run(self) -> None:
        try:
            anyio.run(self._main, backend_options={"loop_factory": lambda: self.loop})
        except RuntimeError:
            # While the interpreter exits, Python 3.12 lets no loop shut its executor down.
            if not _exiting:
                raise
        finally:
            _alive.discard(self)
            for lease in list(self.leases):
                lease.end()

    async def _main(self) -> None:
        async with BlockingPortal() as self._blocking:
            await self._blocking.sleep_until_stopped()


# Re-entrant: a signal handler that makes a call may interrupt its own thread in here. Finalisers never take
# it, for the garbage collector may run in the thread that is just being started under it.
_lock = threading.RLock()
_current: Portal | None = None
_alive: Final[set[Portal]] = set()
_exiting = False


def lease_for(holder: LeaseHolder) -> Lease:
    """Return the holder's lease, or take one for it at the portal of this process."""
    with _lock:
        if holder.closed:
            raise ConfigurationError("this client is closed; make a new one")
        lease = holder.lease
        if lease is None or lease.portal.forked:
            lease = holder.lease = holder.new_lease(_running())
            lease.portal.leases.add(lease)
        return lease


def retire(holder: LeaseHolder) -> Lease | None:
    """Close the holder for good; return the lease that is on its way out, if it ever had one."""
    with _lock:
        holder.closed = True
        lease = holder.lease
        if lease is None or lease.portal.forked:
            return None
        lease.retire()
        return lease


def is_exiting() -> bool:
    """Tell whether the interpreter is on its way out."""
    return _exiting


def _running() -> Portal:
    global _current  # noqa: PLW0603 - one portal per process
    if _exiting:
        raise ConfigurationError("the interpreter is exiting; the sync client makes no new connections")
    if _current is None:
        _current = Portal()
        _alive.add(_current)
    return _current


def _at_exit() -> None:
    """Close every client that is still open, then the loop: otherwise both complain as they are finalised.

    `atexit` and not `threading._register_atexit`: threads that are not daemons go on making calls after the
    main thread's last line, and have ended when this runs.
    """
    global _exiting  # noqa: PLW0603 - set once
    with _lock:
        _exiting = True
        portals = list(_alive)
        for lease in [lease for portal in portals for lease in portal.leases]:
            lease.retire()
    for portal in portals:
        portal.join()


def _after_fork() -> None:
    """Start from nothing in a child: the thread stayed in the parent, and the sockets are the parent's."""
    global _lock, _current  # noqa: PLW0603 - one portal per process
    _lock = threading.RLock()
    _current = None
    for portal in _alive:
        portal.leave_behind()
    _alive.clear()


def _refuse_gevent() -> None:
    monkey = sys.modules.get("gevent.monkey")
    if monkey is not None and monkey.is_module_patched("threading"):
        raise ConfigurationError(
            "the sync client needs real threads, and gevent has patched threading; leave threads unpatched "
            "(monkey.patch_all(thread=False)), or use the AsyncClient"
        )


# anyio would import it in the thread; a fork of another thread in that moment leaves the child with an import
# lock that nobody releases.
importlib.import_module("anyio._backends._asyncio")
atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

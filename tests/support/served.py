"""Servers for tests of synchronous code: they run in a thread, so that the test itself may block."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from typing import TYPE_CHECKING, Self

from canary import SECRET

from twilio_sessions import Client
from twilio_sessions.emulator import Emulator, EmulatorOptions, Seed

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["SilentServer", "client_of", "emulated", "environment_of", "page", "served"]

ACCOUNT = "AC" + "1" * 32


@contextlib.contextmanager
def emulated(
    seed: Seed | None = None, options: EmulatorOptions | None = None, *, account_sid: str | None = None
) -> Iterator[Emulator]:
    """Run a local Twilio in a thread."""
    with served(Emulator(account_sid=account_sid, seed=seed, options=options, auth_token=SECRET)) as emulator:
        yield emulator


@contextlib.contextmanager
def served(emulator: Emulator) -> Iterator[Emulator]:
    """Run an emulator in a thread."""
    ready = threading.Event()
    # It cancels what is left of a connection that came in the last moment.
    runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
    loop = runner.get_loop()
    stop = asyncio.Event()

    async def main() -> None:
        async with emulator:
            ready.set()
            await stop.wait()

    def run() -> None:
        with runner:
            runner.run(main())

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert ready.wait(10)
        yield emulator
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def client_of(emulator: Emulator) -> Client:
    told = emulator.environment()
    return Client(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
    )


class SilentServer:
    """Takes connections and requests, answers the first `answers` of them, and says when one is dropped."""

    def __init__(self, *answers: bytes) -> None:
        self.asked = threading.Semaphore(0)
        self.dropped = threading.Semaphore(0)
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def client(self) -> Client:
        return Client(ACCOUNT, SECRET, proxy_url=self.url, assistants_url=self.url)

    def was_asked(self, count: int = 1) -> bool:
        return all(self.asked.acquire(timeout=5) for _ in range(count))

    def was_dropped(self, count: int = 1) -> bool:
        return all(self.dropped.acquire(timeout=5) for _ in range(count))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._threads.append(threading.Thread(target=self._talk, args=(connection,)))
                self._threads[-1].start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(ConnectionError):
            while connection.recv(65536):
                if self._answers:
                    connection.sendall(self._answers.pop(0))
                else:
                    self.asked.release()
        self.dropped.release()


def environment_of(server: Emulator | SilentServer) -> dict[str, str]:
    """Return the variables that point a client in another process at this server."""
    if isinstance(server, Emulator):
        return server.environment()
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": SECRET,
        "TWILIO_SESSIONS_PROXY_URL": server.url,
        "TWILIO_SESSIONS_ASSISTANTS_URL": server.url,
    }


_number = itertools.count()


def page(rows: int, *, following: str | None) -> bytes:
    """Return an answer with a page of Assistants sessions, none of which was on another page."""
    listed = ",".join(f'{{"id":"s{next(_number)}"}}' for _ in range(rows))
    after = f'"{following}"' if following else "null"
    body = f'{{"sessions":[{listed}],"meta":{{"next_page_url":{after},"key":"sessions"}}}}'
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()

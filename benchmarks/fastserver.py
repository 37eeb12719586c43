"""A load generator's other end: a server in a process of its own, with answers that are rendered in advance.

It has any number of services with any number of sessions, each with two participants and two interactions,
lists, fetches, creates, updates and deletes them, answers each request after a latency of choice, and counts.
It checks and changes nothing: the emulator is for that.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import attrs
from rendered import ACCOUNT, PAGE, Answers, service_sid, session_sid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

__all__ = ["ACCOUNT", "PAGE", "TOKEN", "FastServer", "Told", "fast_server", "service_sid", "session_sid"]

TOKEN: Final = "not-a-secret"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@attrs.frozen
class FastServer:
    """How much there is, and how far away.

    Attributes:
        services: How many services.
        sessions: How many sessions each of them has.
        latency: Seconds from each request to its answer.
        sizes: How many sessions each service has, where they differ; then `services` and `sessions` mean
            nothing.
        closed: Whether sessions are closed, and so have each of their six dates.
    """

    services: int = 1
    sessions: int = 100_000
    latency: float = 0.0
    sizes: tuple[int, ...] = ()
    closed: bool = False


@attrs.frozen
class Told:
    """What the server said of itself.

    Attributes:
        requests: How many it answered since it was asked last.
        cpu: Seconds of processor time that it has taken since it began.
        posted: Bytes of forms that came since it was asked last.
    """

    requests: int
    cpu: float
    posted: int = 0


@contextmanager
def fast_server(wanted: FastServer) -> Iterator[tuple[str, Connection]]:
    """Run it; gives its address, and a pipe on which any object asks for a `Told`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(wanted, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", ours
    finally:
        process.terminate()
        process.join()


def _serve(wanted: FastServer, pipe: Connection) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sizes = wanted.sizes or (wanted.sessions,) * wanted.services
        _Protocol.answers = Answers(sizes, f"http://127.0.0.1:{port}", closed=wanted.closed)
        _Protocol.latency = wanted.latency
        loop.add_reader(pipe.fileno(), _tell, pipe)
        pipe.send(port)
        await server.serve_forever()

    asyncio.run(main())


def _tell(pipe: Connection) -> None:
    pipe.recv()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(Told(_Protocol.count, usage.ru_utime + usage.ru_stime, _Protocol.posted))
    _Protocol.count = _Protocol.posted = 0


class _Protocol(asyncio.Protocol):
    answers: Answers
    latency: float
    count = 0
    posted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n") + 4) >= 4:  # noqa: PLR2004 - the length of what is found
            method, target, rest = self._buffer[:end].split(b" ", 2)
            form = 0 if method == b"GET" else _content_length(rest)
            if len(self._buffer) < end + form:
                return
            self._buffer = self._buffer[end + form :]
            self._reply(self.answers.answer(method, target), form)

    def _reply(self, answer: bytes, form: int) -> None:
        _Protocol.count += 1
        _Protocol.posted += form
        if self.latency:
            asyncio.get_running_loop().call_later(self.latency, self._transport.write, answer)
        else:
            self._transport.write(answer)


def _content_length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0

"""A server that answers with exactly the bytes it is given, for tests of what servers should not do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs

Answer = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@attrs.define
class RawServer:
    """Where the server is, and the head (and form) of each request that it saw."""

    url: str
    seen: list[str] = attrs.field(factory=list[str])
    open_connections: int = 0

    async def asked(self, requests: int) -> None:
        """Wait until so many requests have come."""
        while len(self.seen) < requests:  # noqa: ASYNC110 - short, and simpler than a condition
            await asyncio.sleep(0.002)


def http(status: int, body: bytes, *headers: str, reason: str = "Whatever") -> bytes:
    """Return a whole, correct answer."""
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def raw_server(*answers: Answer) -> AsyncGenerator[RawServer]:
    """Serve the answers in order, one per request; the last one again and again."""
    state = RawServer(url="")
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.open_connections += 1
        if (task := asyncio.current_task()) is not None:
            serving.add(task)
            task.add_done_callback(serving.discard)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next(
                    (
                        int(line.split(":")[1])
                        for line in head.splitlines()
                        if line.lower().startswith("content-length")
                    ),
                    0,
                )
                form = (await reader.readexactly(length)).decode("latin-1")
                answer = answers[min(len(state.seen), len(answers) - 1)]
                state.seen.append(head + form)
                if callable(answer):
                    await answer(reader, writer)
                else:
                    writer.write(answer)
                    await writer.drain()
                if writer.is_closing():
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            # The client has left, or the test is over: both end an answer that would never end.
            pass
        finally:
            state.open_connections -= 1
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    state.url = f"http://{host}:{port}"
    try:
        yield state
    finally:
        server.close()
        # An answer that never ends is ended here; from 3.12 on the server waits for it.
        for task in list(serving):
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()

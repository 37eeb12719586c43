"""What a fault does on the wire: connections that break, answers that stop, drip or never end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import zlib
from typing import TYPE_CHECKING

from aiohttp import web

from twilio_sessions.emulator._distort import Answer, kept_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from twilio_sessions.emulator._fault import Fault
    from twilio_sessions.emulator._ledger import ReceivedRequest

__all__ = ("Wire", "pause")

_BLOCK = 1 << 16
_TICK = 0.05  # seconds between two pieces of a slow body, unless a single byte takes longer


async def pause(seconds: float, closing: asyncio.Event) -> None:
    """Wait, unless the emulator closes: then nothing is worth waiting for."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await closing.wait()


class Wire:
    """One answer on its way to one client; every effect says in the ledger's line what was sent.

    An effect that ends the connection still returns a response, which goes nowhere: what belongs to a
    closed connection is dropped by the server without a word.

    Args:
        request: What is answered.
        line: The request's line in the ledger.
        headers: The headers of every answer.
        closing: Set when the emulator stops; whatever waits for the client waits for this, too.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        line: ReceivedRequest,
        headers: Mapping[str, str],
        closing: asyncio.Event,
    ) -> None:
        self._request, self._line = request, line
        self._headers = headers
        self._closing = closing

    async def send(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        """Send an answer, or not, in the fault's own way."""
        if fault.do in {"reset", "hang-up"}:
            return self._broken(reset=fault.do == "reset")
        # Without a body to cut, the answer ends where it would have begun.
        if fault.do == "stall" and (fault.after_bytes is None or answer.body is None):
            return await self._stall()
        if fault.do == "truncate" and answer.body is None:
            return self._broken(reset=fault.ending == "reset")
        ways: Mapping[str, Callable[[Fault, Answer], Awaitable[web.StreamResponse]]] = {
            "truncate": self._truncate,
            "stall": self._stall_in_body,
            "slow": self._slow,
            "huge": self._huge,
            "gzip-bomb": self._bomb,
        }
        way = ways.get(fault.do, self._whole)
        return await (self._whole if answer.body is None else way)(fault, answer)

    async def _stall(self) -> web.StreamResponse:
        """Send nothing more until the client leaves, whose going cancels this."""
        await self._closing.wait()
        return self._broken(reset=True)

    async def _whole(self, _: Fault, answer: Answer) -> web.StreamResponse:
        self._line.status, self._line.answer = answer.status, "whole"
        return web.Response(status=answer.status, headers=self._head(answer), body=answer.body)

    async def _begin(self, answer: Answer, length: int | None) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=self._head(answer))
        response.content_length = length
        self._line.status, self._line.answer = answer.status, "cut"
        await response.prepare(self._request)
        return response

    async def _finish(self, response: web.StreamResponse) -> web.StreamResponse:
        await response.write_eof()
        self._line.answer = "whole"
        return response

    async def _stall_in_body(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        body = answer.body or b""
        response = await self._begin(answer, len(body))
        await response.write(body[: kept_of(fault, body)])
        return await self._stall()

    async def _slow(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        body, speed = answer.body or b"", fault.bytes_per_second or 1.0
        piece = max(int(speed * _TICK), 1)
        response = await self._begin(answer, len(body))
        for start in range(0, len(body), piece):
            await pause(piece / speed, self._closing)
            await response.write(body[start : start + piece])
        return await self._finish(response)

    async def _huge(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        size = fault.size or 2
        response = await self._begin(answer, size)
        for start in range(0, size - 2, _BLOCK):
            await response.write(b" " * min(_BLOCK, size - 2 - start))
        await response.write(b"{}")
        return await self._finish(response)

    async def _bomb(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        headers = {**answer.headers, "Content-Encoding": "gzip"}
        armed = Answer(answer.status, answer.body, answer.content_type, headers)
        response = await self._begin(armed, None)
        async for piece in _gzipped(fault.size or 2):
            await response.write(piece)
        return await self._finish(response)

    async def _truncate(self, fault: Fault, answer: Answer) -> web.StreamResponse:
        # Written past the server's own writer, which would not let an announced length be missed.
        body = answer.body or b""
        kept = body[: kept_of(fault, body)]
        framing = fault.framing or "length"
        if framing == "chunked" and kept:
            kept = b"%x\r\n%b\r\n" % (len(kept), kept)
        self._line.status, self._line.answer = answer.status, "cut"
        if self._request.transport is not None:
            self._request.transport.write(self._raw_head(answer, framing, len(body)) + kept)
        return self._broken(reset=fault.ending == "reset")

    def _head(self, answer: Answer) -> dict[str, str]:
        headers = {**self._headers, **answer.headers}
        if answer.content_type is not None:
            headers["Content-Type"] = answer.content_type
        return headers

    def _raw_head(self, answer: Answer, framing: str, length: int) -> bytes:
        ending = {
            "length": f"Content-Length: {length}",
            "chunked": "Transfer-Encoding: chunked",
            "close": "Connection: close",
        }[framing]
        named = [f"{name}: {value}" for name, value in self._head(answer).items()]
        status = f"HTTP/1.1 {answer.status} {web.Response(status=answer.status).reason}"
        return "\r\n".join([status, *named, ending, "", ""]).encode()

    def _broken(self, *, reset: bool) -> web.StreamResponse:
        if self._line.answer == "pending":
            self._line.answer = "none"
        transport = self._request.transport
        if transport is not None and reset:
            connection = transport.get_extra_info("socket")
            # To linger for no time at all is what makes the kernel say RST rather than FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        elif transport is not None:
            transport.close()
        return web.Response(status=500)


async def _gzipped(size: int) -> AsyncIterator[bytes]:
    """Yield a gzip file of `size` decoded bytes: spaces, and at the end an empty object."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    left = size - 2
    while left > 0:
        step = min(left, 1 << 20)
        yield packer.compress(b" " * step)
        left -= step
        await asyncio.sleep(0)
    yield packer.compress(b"{}") + packer.flush()

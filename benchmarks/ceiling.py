"""How fast the load generator is when nothing holds it up: asked over plain sockets, with nothing parsed."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fastserver import FastServer, fast_server, service_sid, session_sid
from findings import Findings
from peers import first_page, sessions_url
from turns import Contestant, take_turns

if TYPE_CHECKING:
    from settings import Settings

__all__ = ["ALONE", "ceiling"]

ALONE: Final = "The load generator alone"
_CONNECTIONS: Final = 100
_CHUNK: Final = 1 << 20
_LENGTH: Final = re.compile(rb"Content-Length: (\d+)")
_PAGES: Final = "pages, one connection"
_CALLS: Final = f"calls, {_CONNECTIONS} connections"


def ceiling(settings: Settings) -> Findings:
    """Ask for pages one after the other, and for sessions over many connections at once."""
    calls = max(_CONNECTIONS, settings.concurrent // _CONNECTIONS * _CONNECTIONS)
    pages = settings.fetches
    with fast_server(FastServer(closed=True)) as (base, pipe), ExitStack() as stack:
        address = ("127.0.0.1", urlsplit(base).port)
        sockets = [stack.enter_context(socket.create_connection(address)) for _ in range(_CONNECTIONS)]
        page = _request(first_page(base, service_sid(0)))
        call = _request(f"{sessions_url(base, service_sid(0))}/{session_sid(0)}")
        contestants = [
            Contestant(_PAGES, lambda: _ask(sockets[:1], page, pages), pages),
            Contestant(_CALLS, lambda: _ask(sockets, call, calls), calls),
        ]
        measured = take_turns(ALONE, "request", contestants, settings.rounds, pipe)
    figures: dict[str, float] = {}
    for name in (_PAGES, _CALLS):
        each = measured.median(name, "wall")
        figures[f"load generator, {name}, requests/s"] = 1e6 / each
        figures[f"load generator, {name}, its CPU us per request"] = measured.server_share(name) * each
    return Findings([], [measured], figures)


def _request(url: str) -> bytes:
    parts = urlsplit(url)
    return f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()


def _ask(sockets: list[socket.socket], request: bytes, count: int) -> None:
    """Send a request over each of the sockets, then read the answers; again and again."""
    for _ in range(count // len(sockets)):
        for one in sockets:
            one.sendall(request)
        for one in sockets:
            _read(one)


def _read(one: socket.socket) -> None:
    got = one.recv(_CHUNK)
    head, separator, _ = got.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not separator or length is None:
        raise RuntimeError(f"expected the head of an answer, got {got[:200]!r}")
    left = len(head) + len(separator) + int(length[1]) - len(got)
    while left > 0:
        left -= len(one.recv(_CHUNK))

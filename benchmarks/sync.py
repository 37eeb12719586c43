"""Measures the sync client against awaiting, against a bare hop to another thread, and against others.

Run `python benchmarks/sync.py` with httpx, requests and urllib3 installed. All contestants of a table take
turns inside one run, so the ratios hold on a busy machine, too; absolute times do not. The server is a
process of its own with answers rendered beforehand, so that it is never what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import functools
import gc
import json
import multiprocessing
import os
import platform
import statistics
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

import httpx
import requests
import urllib3

from twilio_sessions import AsyncClient, Client
from twilio_sessions._core.codec import split_page
from twilio_sessions._core.listing import Rows
from twilio_sessions._core.page import Page
from twilio_sessions._core.request import Response
from twilio_sessions.proxy import Session

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
    from multiprocessing.connection import Connection

    from twilio_sessions.proxy import AsyncSessions

C = TypeVar("C", AsyncClient, Client)

ACCOUNT: Final = "AC" + "1" * 32
TOKEN: Final = "not-a-secret"
SERVICE: Final = "KS" + "2" * 32
SESSION: Final = "KC" + "3" * 32
PAGE: Final = 100
FAR: Final = b"/far"
"""In front of a path: answer after `LATENCY` seconds, as a server that is not on this machine."""
LATENCY: Final = 0.002


# The server


def _session(number: int) -> dict[str, object]:
    sid = f"KC{number:032x}"
    base = f"https://proxy.twilio.com/v1/Services/{SERVICE}/Sessions/{sid}"
    return {
        "sid": sid,
        "service_sid": SERVICE,
        "account_sid": ACCOUNT,
        "date_started": "2026-01-01T00:00:00Z",
        "date_ended": None,
        "date_last_interaction": "2026-01-01T00:10:00Z",
        "date_expiry": None,
        "unique_name": f"order {number}",
        "status": "open",
        "closed_reason": None,
        "ttl": 3600,
        "mode": "voice-and-message",
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:10:00Z",
        "url": base,
        "links": {"participants": f"{base}/Participants", "interactions": f"{base}/Interactions"},
    }


def _answer(body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


def _answers(rows: int) -> dict[bytes, bytes]:
    """Render a whole listing, page by page, and one session, each under its request's target."""
    path = f"/v1/Services/{SERVICE}/Sessions"
    found = {f"{path}/{SESSION}".encode(): _answer(_session(0))}
    for page in range(-(-rows // PAGE)):
        following = f"{path}?PageSize={PAGE}&Page={page + 1}&PageToken=PT{page + 1}"
        last = (page + 1) * PAGE >= rows
        meta = {
            "page": page,
            "page_size": PAGE,
            "next_page_url": None if last else f"https://proxy.twilio.com{following}",
            "key": "sessions",
        }
        numbers = range(page * PAGE, min(rows, (page + 1) * PAGE))
        target = f"{path}?PageSize={PAGE}" + (f"&Page={page}&PageToken=PT{page}" if page else "")
        found[target.encode()] = _answer({"sessions": [_session(n) for n in numbers], "meta": meta})
    return found


class _Protocol(asyncio.Protocol):
    answers: Mapping[bytes, bytes]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1]
            answer = self.answers[target.removeprefix(FAR)]
            if target.startswith(FAR):
                asyncio.get_running_loop().call_later(LATENCY, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _serve(rows: int, port: Connection) -> None:
    async def main() -> None:
        _Protocol.answers = _answers(rows)
        server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


# The measuring


def _timed(run: Callable[[], object]) -> float:
    gc.collect()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _take_turns(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Let everybody warm up, then run in turns, so that a slow moment of the machine hits all alike."""
    for run in contestants.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        order = list(contestants)[:: 1 if number % 2 else -1]
        for name in order:
            times[name].append(_timed(contestants[name]))
    return times


def _ratio(times: Mapping[str, list[float]], name: str, against: str) -> float:
    """Return the median of the ratios inside the same round."""
    return statistics.median(a / b for a, b in zip(times[name], times[against], strict=True))


def _table(title: str, times: Mapping[str, list[float]], per: int, against: str) -> None:
    print(f"\n{title}\n{'':34}{'median':>10}{'best':>10}   ratio to {against}")
    for name, taken in times.items():
        median, best = (value / per * 1e6 for value in (statistics.median(taken), min(taken)))
        print(f"{name:34}{median:10.1f}{best:10.1f}   {_ratio(times, name, against):.2f}")


def _goal(text: str, value: float, bound: float) -> bool:
    met = value <= bound
    print(f"  {'met   ' if met else 'MISSED'} {text}: {value:.2f} (goal: at most {bound:g})")
    return met


class _Loop:
    """An event loop in a thread, as one would write it by hand."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, object]) -> object:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _nothing() -> None:
    """Stand in for a call that costs nothing, so that only the way there and back is left."""


def bench_call(client: Client, rounds: int) -> bool:
    """Measure the way to the loop and back, without any work."""
    count = 500
    bare, runtime = _Loop(), client._runtime  # noqa: SLF001 - the hop itself

    async def awaiting() -> None:
        for _ in range(count):
            await _nothing()

    def facade() -> None:
        for _ in range(count):
            runtime.call(_nothing)

    def threadsafe() -> None:
        for _ in range(count):
            bare.run(_nothing())

    times = _take_turns(
        {
            "awaiting directly": lambda: bare.run(awaiting()),
            "run_coroutine_threadsafe": threadsafe,
            "sync client": facade,
        },
        rounds,
    )
    bare.close()
    _table("One call that does nothing, us", times, count, "run_coroutine_threadsafe")
    return _goal(
        "hop / run_coroutine_threadsafe", _ratio(times, "sync client", "run_coroutine_threadsafe"), 2
    )


def bench_listing(where: str, client: Client, other: AsyncClient, rows: int, rounds: int) -> bool:
    """Measure a whole listing, sync against async."""
    loop = asyncio.new_event_loop()

    async def walk(sessions: AsyncSessions) -> int:
        return sum([1 async for _ in sessions.list()])

    def awaited() -> None:
        assert loop.run_until_complete(walk(other.proxy.v1.services(SERVICE).sessions)) == rows

    def facade() -> None:
        assert sum([1 for _ in client.proxy.v1.services(SERVICE).sessions.list()]) == rows

    times = _take_turns({"async": awaited, "sync client": facade}, rounds)
    loop.run_until_complete(other.close())
    loop.close()
    _table(f"Listing {rows} sessions from {where}, us per session", times, rows, "async")
    return _goal("sync / async", _ratio(times, "sync client", "async"), 1.05)


def _pages(bodies: list[bytes]) -> list[Page[Session]]:
    """Make pages that are not decoded yet, as they come from the network."""
    made: list[Page[Session]] = []
    for body in bodies:
        response = Response(method="GET", url="", status=200, headers={}, body=body)
        parts = split_page(body, "sessions")
        made.append(Page(response=response, parts=parts, model=Session, next_page_token=None))
    return made


def bench_iteration(client: Client, rows: int, rounds: int) -> bool:
    """Measure what the facade's iterator costs per row over decoding, without a network in the way."""
    bodies = [page.raw for page in client.proxy.v1.services(SERVICE).sessions.pages()]
    runtime = client._runtime  # noqa: SLF001 - the iterator itself

    async def batches() -> AsyncGenerator[Callable[[], list[Session]], None]:
        for page in _pages(bodies):
            yield functools.partial(getattr, page, "items")

    def facade() -> None:
        assert sum([1 for _ in runtime.iterate(Rows(batches()))]) == rows

    def decode() -> None:
        assert sum([1 for page in _pages(bodies) for _ in page.items]) == rows

    times = _take_turns({"decoding": decode, "sync client": facade}, rounds)
    _table(f"{rows} sessions that are in memory, us per session", times, rows, "decoding")
    pairs = zip(times["sync client"], times["decoding"], strict=True)
    over = statistics.median(ours - bare for ours, bare in pairs) / rows * 1e6
    return _goal("facade over decoding, us per session", over, 1.5)


def bench_request(client: Client, base: str, rounds: int) -> bool:
    """Measure one small GET over a kept-alive connection, JSON decoded, with everybody's usual client."""
    count = 100
    url = f"{base}/v1/Services/{SERVICE}/Sessions/{SESSION}"
    context = client.proxy.v1.services(SERVICE).sessions(SESSION)
    basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Accept": "application/json"}
    with (
        httpx.Client(headers=headers, trust_env=False) as by_httpx,
        requests.Session() as by_requests,
        urllib3.PoolManager(headers=headers) as by_urllib3,
    ):
        by_requests.headers.update(headers)
        by_requests.trust_env = False
        one: dict[str, Callable[[], object]] = {
            "sync client": context.fetch,
            "urllib3": lambda: json.loads(by_urllib3.request("GET", url).data),
            "httpx": lambda: by_httpx.get(url).json(),
            "requests": lambda: by_requests.get(url).json(),
        }
        times = _take_turns({name: _repeated(run, count) for name, run in one.items()}, rounds)
    _table("One small GET, us", times, count, "urllib3")
    met = [
        _goal("sync client / urllib3", _ratio(times, "sync client", "urllib3"), 1.25),
        _goal("sync client / httpx", _ratio(times, "sync client", "httpx"), 1),
        _goal("sync client / requests", _ratio(times, "sync client", "requests"), 1),
    ]
    return all(met)


def _repeated(run: Callable[[], object], count: int) -> Callable[[], None]:
    def repeated() -> None:
        for _ in range(count):
            run()

    return repeated


def main() -> None:
    """Print the tables, and whether each goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="sessions to list")
    parser.add_argument("--rounds", type=int, default=15, help="turns of every contestant")
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=_serve, args=(options.rows, theirs), daemon=True
    )
    server.start()
    base = f"http://127.0.0.1:{ours.recv()}"
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs")
    try:
        with _new(base, Client) as client, _new(f"{base}{FAR.decode()}", Client) as far:
            met = [
                bench_call(client, options.rounds * 3),
                bench_request(client, base, options.rounds * 3),
                bench_iteration(client, options.rows, options.rounds),
                bench_listing("no distance", client, _new(base, AsyncClient), options.rows, options.rounds),
                bench_listing(
                    f"{LATENCY * 1000:g} ms away",
                    far,
                    _new(f"{base}{FAR.decode()}", AsyncClient),
                    options.rows,
                    max(3, options.rounds // 3),
                ),
            ]
    finally:
        server.terminate()
    sys.exit(0 if all(met) else 1)


def _new(base: str, kind: type[C]) -> C:
    return kind(ACCOUNT, TOKEN, proxy_url=base, assistants_url=base)


if __name__ == "__main__":
    main()

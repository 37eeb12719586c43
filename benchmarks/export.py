"""Measures an export beside a script with the official package, and beside what is possible at all.

Run `python benchmarks/export.py` with `twilio==9.10.9` installed; all cases take about twenty minutes, most
of it waiting, and `--case far|limit|size` runs one of them. Servers are processes of their own.

- far: many services, 50 ms away, no rate limit: the time against requests x latency / places, and against
  a script that does one thing after the other, measured on a part of the work and scaled up.
- limit: one service under the published rate limit, its clock (150 requests in 5 s) sped up for all alike.
- size: sessions only, from a server that is as fast as the client: memory and processor time per row,
  against a bare aiohttp loop that writes the same lines.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import platform
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import attrs
import msgspec
from backports import zstd
from fastserver import ACCOUNT, PAGE, TOKEN, FastServer, Told, fast_server, service_sid
from goals import Goal, report
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client as OfficialClient

from twilio_sessions import AsyncClient
from twilio_sessions._core.gate import Gate
from twilio_sessions._core.window import Limit
from twilio_sessions.emulator import Emulator, EmulatorOptions, Seed
from twilio_sessions.export import ExportReport, export

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

CONCURRENCY: Final = 64
LATENCY: Final = 0.05
LIMIT: Final = 150
WINDOW: Final = 5.0

FAR: Final = {"services": 100, "sessions": 1000, "sample": 200}
LIMITED: Final = {"sessions": 20_000, "speed": 1}
SIZE: Final = {"small": 100_000, "large": 1_000_000, "rounds": 5}
QUICK_FAR: Final = {"services": 10, "sessions": 20, "sample": 20}
QUICK_LIMITED: Final = {"sessions": 1000, "speed": 5}
QUICK_SIZE: Final = {"small": 10_000, "large": 20_000, "rounds": 1}


def client_of(base: str, **options: Any) -> AsyncClient:
    """Return a client of a server at this address."""
    return AsyncClient(ACCOUNT, TOKEN, proxy_url=base, assistants_url=base, **options)


async def export_all(client: AsyncClient, out: Path, **options: Any) -> ExportReport:
    """Export Proxy."""
    async with client:
        return await export(client, out, products=["proxy"], concurrency=CONCURRENCY, **options)


# Many services, far away


def far(folder: Path, *, services: int, sessions: int, sample: int) -> list[Goal]:
    """Export from afar; against the official package, and against the bound."""
    with fast_server(FastServer(services, sessions, LATENCY)) as (base, pipe):
        began = time.perf_counter()
        done = asyncio.run(export_all(client_of(base, rate_limit=False), folder / "far"))
        ours = time.perf_counter() - began
        pipe.send("tell")
        told: Told = pipe.recv()
        theirs = official(base, folder / "official", sample) * services * sessions / sample
    bound = told.requests * LATENCY / CONCURRENCY
    print(
        f"{done.total_rows:,} rows of {services} services in {told.requests:,} requests, "
        f"{LATENCY * 1e3:g} ms away, {CONCURRENCY} at a time: {ours:.1f} s; bound {bound:.1f} s; "
        f"one after the other {theirs:,.0f} s (from {sample} sessions)"
    )
    return [
        Goal(f"far: time / (requests x latency / {CONCURRENCY})", ours / bound, 1.15),
        Goal("far: official script / ours", theirs / ours, 20, at_least=True),
    ]


def official(base: str, out: Path, sessions: int) -> float:
    """Do the same job as most people would write it, for so many sessions; return the seconds."""
    client = OfficialClient(ACCOUNT, TOKEN, http_client=TwilioHttpClient())
    client.proxy.base_url = base
    began = time.perf_counter()
    left = sessions
    with out.open("w") as file:
        for service in client.proxy.v1.services.list():
            for session in client.proxy.v1.services(service.sid).sessions.stream(page_size=PAGE):
                context = client.proxy.v1.services(service.sid).sessions(session.sid)
                rows = [session, *context.participants.list(), *context.interactions.list()]
                file.writelines(json.dumps(_plain(row)) + "\n" for row in rows)
                left -= 1
                if left == 0:
                    return time.perf_counter() - began
    return time.perf_counter() - began


def _plain(row: object) -> dict[str, str]:
    return {name: str(value) for name, value in vars(row).items() if not name.startswith("_")}


# One service, under the published limit


def serve_limited(sessions: int, speed: float, pipe: Connection) -> None:
    """Run a local Twilio whose limit is the published one, on a clock that runs faster."""

    async def main() -> None:
        options = EmulatorOptions(
            rate_limit=LIMIT, rate_limit_window=WINDOW / speed, proxy_max_page_size=PAGE, ledger_size=100
        )
        seed = Seed(services=1, sessions=sessions, assistants_sessions=0, assistants_messages=0)
        async with Emulator(seed=seed, options=options) as emulator:
            pipe.send(emulator.environment())
            await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


def limited(folder: Path, *, sessions: int, speed: float) -> list[Goal]:
    """Export one service with everything in it as fast as the limit allows."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve_limited, args=(sessions, speed, theirs), daemon=True)
    process.start()
    told: dict[str, str] = ours.recv()
    client = AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=told["TWILIO_SESSIONS_PROXY_URL"],
        timeout=120,
    )
    gate = Gate({"proxy": Limit(requests=LIMIT, window=WINDOW / speed)})
    pipeline = client._pipeline  # noqa: SLF001 - the limit is Twilio's, no option changes it
    pipeline.shared = attrs.evolve(pipeline.shared, gate=gate)
    began = time.perf_counter()
    done = asyncio.run(export_all(client, folder / "limit"))
    took = time.perf_counter() - began
    ours.send("done")
    process.join()
    # Each session is one request at each of two endpoints; the first window's worth may go at once.
    per_second = LIMIT / WINDOW * speed
    bound = (sessions - LIMIT) / per_second
    print(
        f"{done.total_rows:,} rows in {done.requests:,} requests at {per_second:g}/s and endpoint: "
        f"{took:.1f} s; bound {bound:.1f} s; {done.throttled} x 429"
    )
    return [
        Goal("limit: of the allowed rate", 100 * bound / took, 97, "%", at_least=True),
        Goal("limit: answered 429", 100 * done.throttled / done.requests, 0.1, "%"),
    ]


# Size


class _Meta(msgspec.Struct):
    next_page_url: str | None


class _Page(msgspec.Struct):
    sessions: list[msgspec.Raw]
    meta: _Meta


async def bare_raw(base: str, out: Path) -> None:
    """List sessions with nothing but aiohttp, and write the rows as they came."""
    decoder = msgspec.json.Decoder(_Page)
    await _bare(base, out, lambda body: _cut(decoder.decode(body)))


async def bare_json(base: str, out: Path) -> None:
    """List sessions with nothing but aiohttp and JSON to dicts and back."""

    def rows(body: bytes) -> tuple[list[bytes], str | None]:
        page: dict[str, Any] = msgspec.json.decode(body)
        return [msgspec.json.encode(row) for row in page["sessions"]], page["meta"]["next_page_url"]

    await _bare(base, out, rows)


def _cut(page: _Page) -> tuple[list[bytes], str | None]:
    return [bytes(row) for row in page.sessions], page.meta.next_page_url


async def _bare(base: str, out: Path, rows: Callable[[bytes], tuple[list[bytes], str | None]]) -> None:
    url: str | None = f"{base}/v1/Services/{service_sid(0)}/Sessions?PageSize={PAGE}"
    async with aiohttp.ClientSession() as session:
        with out.open("wb") as file:
            while url:
                async with session.get(url) as response:
                    lines, url = rows(await response.read())
                file.write(zstd.compress(b"\n".join(lines) + b"\n", 1))


async def ours_only(base: str, out: Path) -> None:
    """List sessions with an export."""
    await export_all(client_of(base, rate_limit=False), out, include=["sessions"])


CONTESTANTS: Final = {"export": ours_only, "bare, raw rows": bare_raw, "bare, JSON and back": bare_json}


def measured(name: str, base: str, out: str, pipe: Connection) -> None:
    """Run one contestant in this process; send its peak memory in MiB and its processor seconds."""
    before = _cpu()
    asyncio.run(CONTESTANTS[name](base, Path(out)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((peak, _cpu() - before))


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _one(name: str, base: str, out: Path) -> tuple[float, float]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=measured, args=(name, base, str(out), theirs))
    process.start()
    result: tuple[float, float] = ours.recv()
    process.join()
    return result


def size(folder: Path, *, small: int, large: int, rounds: int) -> list[Goal]:
    """Measure memory at two sizes, and processor time per row beside bare loops."""
    peaks: dict[int, float] = {}
    with fast_server(FastServer(1, large)) as (base, _):
        peaks[large], _ = _one("export", base, folder / "large")
    ratios: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    with fast_server(FastServer(1, small)) as (base, _):
        for turn in range(rounds):
            costs = {name: _one(name, base, folder / f"{turn} {name}") for name in CONTESTANTS}
            peaks[small] = costs["export"][0]
            for name, (_, seconds) in costs.items():
                ratios[name].append(costs["export"][1] / seconds)
                print(f"  {name:24}{seconds / small * 1e6:8.1f} us per row")
    raw, plain = (sorted(ratios[name])[rounds // 2] for name in ("bare, raw rows", "bare, JSON and back"))
    return [
        Goal(f"size: peak memory, {large:,} rows", peaks[large], 150, "MiB"),
        Goal(f"size: peak memory, {large:,} / {small:,} rows", peaks[large] / peaks[small], 1.1),
        Goal("size: processor time / bare loop that cuts rows out", raw, 1.2),
        Goal("size: processor time / bare loop, JSON to dicts and back", plain, 1.2),
    ]


def main() -> None:
    """Run the cases, print the goals, and exit with 1 when one is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", choices=["far", "limit", "size"], action="append")
    parser.add_argument("--quick", action="store_true", help="a hundredth of everything: only to see it run")
    options = parser.parse_args()
    cases = options.case or ["far", "limit", "size"]
    logging.getLogger("twilio_sessions").setLevel(logging.ERROR)
    print(
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs", flush=True
    )
    goals: list[Goal] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "far" in cases:
            goals += far(folder, **(QUICK_FAR if options.quick else FAR))
        if "limit" in cases:
            goals += limited(folder, **(QUICK_LIMITED if options.quick else LIMITED))
        if "size" in cases:
            goals += size(folder, **(QUICK_SIZE if options.quick else SIZE))
    sys.exit(0 if report(goals) else 1)


if __name__ == "__main__":
    main()

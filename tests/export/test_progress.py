"""What an export says of itself while it runs: counts of this run and of earlier ones, and rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from progress import at_rate, service

from twilio_sessions import AsyncClient
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.export import ExportProgress, export
from twilio_sessions.export._layout import Tally
from twilio_sessions.export._progress import PartitionProgress, _Meter

if TYPE_CHECKING:
    from pathlib import Path


def client_of(emulator: Emulator, *, rate_limit: bool = False) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        rate_limit=rate_limit,
    )


def test_a_rate_is_that_of_the_last_ten_seconds(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    meter = _Meter(now)
    value, rate = 0, 0.0
    for second in range(1, 31):
        now = 1000.0 + second
        value += 100 if second <= 15 else 10
        rate = meter.rate(value)
        if second in (1, 10):
            assert rate == 100
    assert rate == 10
    now += 0.01
    assert meter.rate(value) == pytest.approx(10, rel=0.2), "asked again at once, it does not jump"
    assert len(meter._samples) < 15  # noqa: SLF001


def test_bursts_are_evened_out_however_seldom_somebody_looks(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    meter = _Meter(now)
    rates: list[float] = []
    for second in range(2, 60, 2):
        now = 1000.0 + second
        # 150 requests go at once every five seconds, as under Twilio's limit.
        rates.append(meter.rate(150 * (1 + second // 5)))
    assert max(abs(rate - 30) for rate in rates[5:]) <= 7.5


def test_rows_of_earlier_runs_are_no_speed():
    progress = ExportProgress()
    partition = PartitionProgress("proxy", progress, lambda: None)
    partition.resumed("sessions", Tally(rows=5_000, duplicates=2))
    partition.read("sessions", 10, 1)
    assert (progress.total_rows, progress.rows_before, progress.duplicates) == (5_010, 5_000, 3)
    assert progress.rows_per_second <= 10 / 0.2


def test_an_outage_has_no_end_that_anybody_knows():
    progress = at_rate(60, partitions=1, current=[service(1, participants=300)])
    partition = PartitionProgress("proxy", progress, lambda: None)
    etas = [progress.eta]
    partition.waiting("no route to host")
    etas.append(progress.eta)
    partition.read("participants", 1, 0)
    etas.append(progress.eta)
    assert etas == [10, None, 10]
    assert progress.remaining == 300


def test_before_the_plan_nobody_knows_anything():
    assert ExportProgress().eta is None
    assert not ExportProgress().outlook.is_all_known


@pytest.mark.parametrize("rate_limit", [True, False])
async def test_an_export_tells_what_is_left(tmp_path: Path, *, rate_limit: bool):
    seen: list[tuple[int, float | None, int]] = []

    def note(progress: ExportProgress) -> None:
        outlook = progress.outlook
        seen.append((outlook.listings, outlook.limit, progress.requests))

    async with (
        Emulator(seed=Seed(services=3, sessions=60)) as emulator,
        client_of(emulator, rate_limit=rate_limit) as client,
    ):
        await client.proxy.v1.services("KS" + "0" * 32).sessions.list(limit=0).aclose()
        report = await export(client, tmp_path / "a", on_progress=note)
        requests = client.counters.requests
        again = await export(client, tmp_path / "a", on_progress=note)
    assert max(left for left, _, _ in seen) > 20
    assert seen[-1][0] == 0
    assert {limit for _, limit, _ in seen} == ({30.0} if rate_limit else {None})
    assert report.requests == requests == max(made for _, _, made in seen)
    assert report.rows_read == report.total_rows == again.total_rows
    assert (again.rows_read, again.requests) == (0, 0)

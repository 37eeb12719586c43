"""Checking an archive against the API: counts, digests, and names of what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from forgery import file_of, forge

from twilio_sessions import ArchiveError, ArgumentError, AsyncClient, RateLimitError
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import (
    ApiReport,
    Changes,
    Compared,
    export,
    export_since_last,
    open_archive,
    verify_against_api,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twilio_sessions.export import VerifyProgress

SEED: Final = Seed(services=3, sessions=120, random_seed=3)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED) as running:
        yield running


def client_of(emulator: Emulator, account_sid: str | None = None) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        account_sid or told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        rate_limit=False,
        max_attempts=1,
    )


@pytest.fixture
async def client(emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    async with client_of(emulator) as made:
        yield made


def differing(report: ApiReport) -> dict[str, Changes]:
    return {
        f"{each.partition.split('/', 1)[1]} {each.resource}": each.changes
        for each in report.compared
        if not each.holds
    }


def of(report: ApiReport, resource: str) -> list[Compared]:
    return [each for each in report.compared if each.resource == resource]


async def test_right_after_an_export_twilio_has_the_same(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path)
    emulator.requests.clear()
    seen: list[tuple[str, int, int, int]] = []

    def note(progress: VerifyProgress) -> None:
        seen.append((progress.step, progress.done, progress.total, progress.rows))

    report = await verify_against_api(client, tmp_path, on_progress=note)
    assert report.holds, differing(report)
    rows = open_archive(tmp_path).manifest.rows
    listed = ("services", "phone-numbers", "sessions", "assistants-sessions")
    assert {name: sum(each.listed for each in of(report, name)) for name in listed} == {
        name: rows[name] for name in listed
    }
    for each in report.compared:
        assert each.archived == each.listed
        assert each.archived_digest == each.listed_digest
        assert each.error is None
    assert len(report.compared) == 1 + 2 * SEED.services + 1
    assert seen[-1] == (
        "listings",
        len(report.compared),
        len(report.compared),
        sum(rows[name] for name in listed),
    )
    assert report.requests == len(emulator.requests)
    assert report.seconds > 0


async def test_every_difference_is_named(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path)
    partition = file_of(tmp_path, "sessions").partition
    assert partition.service_sid is not None
    service = client.proxy.v1.services(partition.service_sid)
    created = await service.sessions.create()
    number = await service.phone_numbers.create(phone_number="+14155559999")
    new_service = await client.proxy.v1.services.create(unique_name="new")
    report = await verify_against_api(client, tmp_path)
    assert differing(report) == {
        "proxy services": Changes(added=(new_service.sid,)),
        f"{partition.folder} sessions": Changes(added=(created.sid,)),
        f"{partition.folder} phone-numbers": Changes(added=(number.sid,)),
    }
    (compared,) = (each for each in of(report, "sessions") if not each.holds)
    assert compared.listed == compared.archived + 1
    assert compared.listed_digest != compared.archived_digest


async def test_a_service_that_is_gone_is_named_with_all_of_its_sessions(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    file = file_of(tmp_path, "sessions")
    sid = file.partition.service_sid
    assert sid is not None
    await client.proxy.v1.services(sid).delete()
    report = await verify_against_api(client, tmp_path)
    (compared,) = (each for each in of(report, "sessions") if not each.holds)
    assert compared.error is not None
    assert "20404" in compared.error
    assert (compared.listed, compared.archived) == (0, file.data.rows)
    assert len(compared.changes.removed) == file.data.rows
    assert differing(report)["proxy services"] == Changes(removed=(sid,))

    await export_since_last(client, tmp_path)
    assert (await verify_against_api(client, tmp_path)).holds


async def test_a_service_that_goes_while_it_is_listed_is_gone(tmp_path: Path):
    gone = Fault("answer", status=404, operation="sessions.list", target="PageToken", times=None)
    async with Emulator(seed=Seed(services=1, sessions=250)) as emulator, client_of(emulator) as client:
        await export(client, tmp_path, products=["proxy"], include=[])
        emulator.faults.add(gone)
        report = await verify_against_api(client, tmp_path)
    (compared,) = of(report, "sessions")
    assert (compared.listed, compared.archived, len(compared.changes.removed)) == (0, 250, 250)
    assert not compared.holds


async def test_a_product_that_is_gone_is_no_match_for_an_archive_without_rows(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    emulator.faults.add(Fault("answer", status=410, operation="assistants.*", times=None))
    await export(client, tmp_path, include=[])
    report = await verify_against_api(client, tmp_path)
    (compared,) = of(report, "assistants-sessions")
    assert (compared.archived, compared.listed, compared.changes) == (0, 0, Changes())
    assert not compared.holds


async def test_a_product_that_is_gone_does_not_cost_the_rest(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path, include=[])
    emulator.faults.add(Fault("answer", status=410, operation="assistants.*", times=None))
    report = await verify_against_api(client, tmp_path)
    assert list(differing(report)) == ["assistants assistants-sessions"]
    assert "410" in (of(report, "assistants-sessions")[0].error or "")


async def test_a_row_that_somebody_took_away_with_all_traces_is_added_again(
    client: AsyncClient, tmp_path: Path
):
    await export(client, tmp_path, include=[])
    file = file_of(tmp_path, "sessions")
    forge(file, lambda lines: lines[1:], tallies=True)
    (changes,) = differing(await verify_against_api(client, tmp_path)).values()
    assert len(changes.added) == 1


async def test_one_error_comes_out(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, include=[])
    emulator.faults.add(Fault("answer", status=429, operation="sessions.list", times=None))
    with pytest.raises(RateLimitError):
        await verify_against_api(client, tmp_path)


async def test_another_account_or_no_archive_is_refused(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    with pytest.raises(ArchiveError, match=r"manifest.json is missing"):
        await verify_against_api(client, tmp_path)
    await export(client, tmp_path / "archive", include=[])
    async with client_of(emulator, "AC" + "9" * 32) as other:
        with pytest.raises(ArgumentError, match=r"is of the account AC0+1; the credentials are of AC9+$"):
            await verify_against_api(other, tmp_path / "archive")

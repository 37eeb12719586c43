"""The export: every row once, as it was sent, in files that only their owner reads."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import anyio
import pytest
from raw_server import http, raw_server

from twilio_sessions import (
    APIError,
    ArgumentError,
    AsyncClient,
    InvalidResponseError,
    PaginationError,
    ServerError,
)
from twilio_sessions.emulator import Emulator, Seed
from twilio_sessions.export import ExportProgress, RowCount, count_rows, export, select

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from raw_server import Answer

SEED = Seed(services=4, sessions=250, random_seed=3)


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED) as running:
        yield running


def client_of(url: str) -> AsyncClient:
    account = "AC" + "0" * 31 + "1"
    return AsyncClient(
        account, "emulated-auth-token", proxy_url=url, assistants_url=url, max_attempts=1, rate_limit=False
    )


@pytest.fixture
async def client(emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    async with client_of(emulator.base_url) as made:
        yield made


def held(emulator: Emulator) -> dict[str, int]:
    return {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}


async def test_every_row_is_exported_once(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    report = await export(client, tmp_path / "a" / "b", include=["all"])
    expected = held(emulator)
    assert report.rows == expected
    assert count_rows(report.out) == {name: RowCount(count, count) for name, count in expected.items()}
    assert report.total_rows == sum(expected.values())
    assert report.skipped == ()


async def test_message_interactions_are_left_to_those_who_ask(client: AsyncClient, tmp_path: Path):
    report = await export(client, tmp_path)
    assert "message-interactions" not in report.rows
    assert report.rows["interactions"] > 0


async def test_rows_are_the_bytes_that_were_sent(tmp_path: Path):
    service = b'{\n  "sid": "KS%s",\n "a_new_field": 1.50, "unique_name": "x\\ny"}' % (b"0" * 32)
    listing = b'{"services": [%s], "meta": {"next_page_url": null}}' % service
    empty = b'{"sessions": [], "meta": {"next_page_url": null}}'
    async with raw_server(http(200, listing), http(200, empty)) as server, client_of(server.url) as client:
        await export(client, tmp_path, products=["proxy"], include=[])
    line = (tmp_path / "proxy" / "services.ndjson").read_bytes()
    assert line == service.replace(b"\n", b" ") + b"\n"
    assert json.loads(line) == json.loads(service)


async def test_services_are_chosen_by_sid_or_name(client: AsyncClient, tmp_path: Path):
    first, second = [service async for service in client.proxy.v1.services.list(limit=2)]
    report = await export(client, tmp_path, services=[first.sid, second.unique_name or ""], include=[])
    assert report.rows["services"] == 2
    folders = {path.name for path in (tmp_path / "proxy").iterdir() if path.is_dir()}
    assert folders == {first.sid, second.sid}
    assert not (tmp_path / "assistants").exists()


async def test_a_service_that_is_not_there_is_named(client: AsyncClient, tmp_path: Path):
    with pytest.raises(ArgumentError, match="there is no 'nobody' in this account"):
        await export(client, tmp_path, services=["nobody"])


async def test_files_are_for_their_owner_only(client: AsyncClient, tmp_path: Path):
    report = await export(client, tmp_path / "out")
    for path in [report.out, *report.out.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


async def test_nothing_is_written_over(client: AsyncClient, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArgumentError, match="out must be a new or an empty folder"):
        await export(client, tmp_path)
    with pytest.raises(ArgumentError, match="out must be a folder"):
        await export(client, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


async def test_progress_is_told(client: AsyncClient, tmp_path: Path):
    seen: list[int] = []

    def note(progress: ExportProgress) -> None:
        seen.append(progress.total_rows)
        assert progress.partitions == 5
        assert progress.partitions_done <= 5

    report = await export(client, tmp_path, on_progress=note)
    assert seen == sorted(seen)
    assert seen[-1] == report.total_rows


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(500, b"{}"), ServerError),
        (http(401, b'{"code": 20003}'), APIError),
        (http(200, b'{"sessions": [], "meta": {"next_page_url": "https://x.example/"}}'), PaginationError),
    ],
)
async def test_what_goes_wrong_comes_out_as_one_error(tmp_path: Path, answer: Answer, kind: type[Exception]):
    services = [{"sid": "KS" + str(number) * 32} for number in range(3)]
    listing = json.dumps({"services": services, "meta": {"next_page_url": None}}).encode()
    async with raw_server(http(200, listing), answer) as server, client_of(server.url) as client:
        with pytest.raises(kind):
            await export(client, tmp_path, include=[])


async def test_an_error_below_a_session_says_where(tmp_path: Path):
    ks, kc = "KS" + "1" * 32, "KC" + "2" * 32
    services = http(200, json.dumps({"services": [{"sid": ks}], "meta": {"next_page_url": None}}).encode())
    sessions = http(200, json.dumps({"sessions": [{"sid": kc}], "meta": {"next_page_url": None}}).encode())
    async with (
        raw_server(services, sessions, http(503, b"busy")) as server,
        client_of(server.url) as client,
    ):
        with pytest.raises(ServerError) as caught:
            await export(client, tmp_path, products=["proxy"], include=["participants"])
    assert caught.value.__notes__ == [f"while exporting participants of {kc} in {ks}"]


async def test_a_session_that_vanished_meanwhile_is_named(tmp_path: Path):
    ks, kc = "KS" + "1" * 32, "KC" + "2" * 32
    services = http(200, json.dumps({"services": [{"sid": ks}], "meta": {"next_page_url": None}}).encode())
    sessions = http(200, json.dumps({"sessions": [{"sid": kc}], "meta": {"next_page_url": None}}).encode())
    gone = http(404, b'{"code": 20404, "message": "not found"}')
    async with raw_server(services, sessions, gone) as server, client_of(server.url) as client:
        report = await export(client, tmp_path, products=["proxy"], include=["interactions"])
    assert [skipped.what for skipped in report.skipped] == [f"interactions of {kc} in {ks}"]
    assert "20404" in report.skipped[0].why
    assert report.rows == {"services": 1, "sessions": 1, "interactions": 0}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_product_that_was_switched_off_is_named(tmp_path: Path, status: int):
    empty = http(200, b'{"services": [], "meta": {"next_page_url": null}}')
    async with raw_server(empty, http(status, b"gone")) as server, client_of(server.url) as client:
        report = await export(client, tmp_path)
    assert report.skipped[0].what == "assistants"
    assert "switched off" in report.skipped[0].why
    assert report.is_complete


async def test_a_product_that_cannot_be_reached_does_not_cost_the_rest(tmp_path: Path):
    empty = http(200, b'{"services": [], "meta": {"next_page_url": null}}')
    async with (
        raw_server(empty) as server,
        AsyncClient(
            "AC" + "0" * 32, "t", proxy_url=server.url, assistants_url="http://127.0.0.1:1", max_attempts=1
        ) as client,
    ):
        report = await export(client, tmp_path)
    assert [(one.what, one.is_gone) for one in report.skipped] == [("assistants", False)]
    assert "it cannot be reached" in report.skipped[0].why
    assert not report.is_complete


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"include": ["particpants"]}, "include does not know 'particpants'; known are all, interactions,"),
        ({"products": ["video"]}, "products does not know 'video'; known are assistants, proxy"),
        ({"concurrency": 0}, "concurrency must be 1 or more"),
    ],
)
async def test_what_cannot_be_exported_is_refused(
    client: AsyncClient, emulator: Emulator, tmp_path: Path, arguments: dict[str, object], message: str
):
    with pytest.raises(ArgumentError, match=message):
        await export(client, tmp_path / "out", **arguments)  # type: ignore[arg-type]
    assert len(emulator.requests) == 0
    assert not (tmp_path / "out").exists()


def test_the_selection_completes_what_was_asked():
    everything = select()
    assert everything.products == {"proxy", "assistants"}
    assert "message-interactions" not in everything.include
    assert "message-interactions" in select(include=["all"]).include
    assert select(include=[]).include == {"services", "sessions"}
    assert select(services=["a"]).products == {"proxy"}
    assert select(services=["a"], products=["proxy", "assistants"]).products == {"proxy", "assistants"}


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "line 1: not a row"), ('{"sid": "KC1"}\n{}', "line 2: a row without a sid")],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: str, message: str):
    (tmp_path / "proxy").mkdir()
    (tmp_path / "proxy" / "services.ndjson").write_text(content)
    with pytest.raises(ValueError, match=message):
        count_rows(tmp_path)


def test_doubled_rows_are_seen(tmp_path: Path):
    (tmp_path / "assistants").mkdir()
    (tmp_path / "assistants" / "sessions.ndjson").write_text('{"id": "a"}\n{"id": "a"}\n{"id": "b"}\n')
    assert count_rows(tmp_path) == {"assistants-sessions": RowCount(3, 2)}


def listing(key: str, *sids: str, following: str | None = None, path: str = "/v1/Services") -> bytes:
    url = f"https://proxy.twilio.com{path}?PageToken={following}" if following else None
    rows = [{"sid": sid} for sid in sids]
    return http(200, json.dumps({key: rows, "meta": {"next_page_url": url}}).encode())


async def test_a_sid_that_is_no_name_of_a_folder_writes_nothing(tmp_path: Path):
    async with raw_server(listing("services", "../../escaped")) as server, client_of(server.url) as client:
        with pytest.raises(InvalidResponseError, match="the sid of a listed service must be KS"):
            await export(client, tmp_path / "out", products=["proxy"], include=[])
    assert [str(found) async for found in anyio.Path(tmp_path).rglob("*")] == [str(tmp_path / "out")]


async def test_rows_that_come_again_on_a_later_page_are_written_once(tmp_path: Path):
    ks, one, two = "KS" + "1" * 32, "KC" + "2" * 32, "KC" + "3" * 32
    path = f"/v1/Services/{ks}/Sessions"
    answers = [
        listing("services", ks, following="a"),
        listing("services", ks),
        listing("sessions", one, two, following="b", path=path),
        listing("sessions", two),
    ]
    last = {"duplicates": 0}
    async with raw_server(*answers) as server, client_of(server.url) as client:
        report = await export(
            client,
            tmp_path,
            products=["proxy"],
            include=[],
            on_progress=lambda progress: last.update(duplicates=progress.duplicates),
        )
    assert report.rows == {"services": 1, "sessions": 2}
    assert count_rows(tmp_path)["sessions"] == RowCount(2, 2)
    assert last == {"duplicates": 1}


async def test_a_service_that_vanished_meanwhile_does_not_cost_the_rest(tmp_path: Path):
    gone, there = "KS" + "1" * 32, "KS" + "2" * 32

    async def by_path(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = server.seen[-1]
        writer.write(http(404, b"{}") if gone in head else listing("sessions", "KC" + "3" * 32))
        await writer.drain()

    async with (
        raw_server(listing("services", gone, there), by_path) as server,
        client_of(server.url) as client,
    ):
        report = await export(client, tmp_path, products=["proxy"], include=[], concurrency=1)
    assert [skipped.what for skipped in report.skipped] == [f"service {gone}"]
    assert report.rows["sessions"] == 1


async def test_a_mistake_in_the_arguments_leaves_an_empty_folder(client: AsyncClient, tmp_path: Path):
    with pytest.raises(ArgumentError, match="there is no 'nobody'"):
        await export(client, tmp_path / "out", services=["nobody"])
    assert list((tmp_path / "out").iterdir()) == []

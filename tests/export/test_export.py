"""The export: every row once, as it was sent, in files that only their owner reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import anyio
import pytest
from archives import check_modes, client_of, emulator_of, rows_held, rows_in
from raw_server import http
from routes import KC, KS, page, routed

from twilio_sessions import (
    ArchiveError,
    ArgumentError,
    AsyncClient,
    AuthenticationError,
    ExportIncompleteError,
    InvalidResponseError,
    PaginationError,
    ServerError,
)
from twilio_sessions.emulator import Seed
from twilio_sessions.export import ExportProgress, RowCount, count_rows, export, open_archive, select

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator

SEED = Seed(services=4, sessions=250, random_seed=3)
GONE = http(404, b'{"code": 20404, "message": "not found"}')


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with emulator_of(SEED) as running:
        yield running


@pytest.fixture
async def client(emulator: Emulator) -> AsyncGenerator[AsyncClient]:
    async with client_of(emulator.base_url) as made:
        yield made


def held(emulator: Emulator) -> dict[str, int]:
    return {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}


@pytest.mark.parametrize(("compress", "part_rows"), [("zstd", 50_000), ("zstd", 40), ("none", 100)])
async def test_every_row_is_exported_once_and_as_it_was_sent(
    emulator: Emulator, client: AsyncClient, tmp_path: Path, compress: str, part_rows: int
):
    report = await export(
        client,
        tmp_path / "a" / "b",
        include=["all"],
        compress=compress,  # type: ignore[arg-type]
        part_rows=part_rows,
    )
    expected = held(emulator)
    assert report.rows == expected
    assert report.is_complete
    assert report.skipped == ()
    assert report.failures == ()
    assert report.total_rows == report.rows_read == sum(expected.values())
    assert rows_in(report.out) == rows_held(emulator)
    assert count_rows(report.out) == {name: RowCount(count, count) for name, count in expected.items()}


async def test_no_more_is_asked_for_at_once_than_is_allowed(tmp_path: Path):
    seed = Seed(services=12, sessions=60, random_seed=3)
    async with (
        emulator_of(seed, concurrency_limit=3, latency=0.002) as emulator,
        client_of(emulator.base_url) as client,
    ):
        report = await export(client, tmp_path / "a", concurrency=3)
    assert report.is_complete
    assert {request.status for request in emulator.requests} == {200}, "none was one too many"


async def test_parts_are_of_the_size_that_was_asked_for(client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path, products=["proxy"], part_rows=20)
    whole = []
    for manifest in open_archive(tmp_path).manifest.partitions:
        assert [part.number for part in manifest.parts] == list(range(len(manifest.parts)))
        whole += [sum(file.rows for file in part.files) for part in manifest.parts[:-1]]
    # A commit may bring some pages at once, and is not divided; sessions are durable before what is nested.
    assert whole
    assert min(whole) >= 20


async def test_a_finished_export_asks_for_nothing_again(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    first = await export(client, tmp_path)
    emulator.requests.clear()
    again = await export(client, tmp_path)
    assert len(emulator.requests) == again.requests == again.rows_read == 0
    assert again.rows == first.rows


async def test_message_interactions_are_left_to_those_who_ask(client: AsyncClient, tmp_path: Path):
    report = await export(client, tmp_path)
    assert "message-interactions" not in report.rows
    assert report.rows["interactions"] > 0


async def test_rows_are_the_bytes_that_were_sent(tmp_path: Path):
    service = b'{\n  "sid": "%s",\r\n "a_new_field": 1.50, "unique_name": "x\\ny"}' % KS(1).encode()
    listing = http(200, b'{"services": [%s], "meta": {"next_page_url": null}}' % service)
    async with routed({"/Services": listing}) as server, client_of(server.url) as client:
        await export(client, tmp_path, products=["proxy"], include=[], compress="none")
    line = (tmp_path / "proxy" / "services-00000.ndjson").read_bytes()
    # Line breaks between tokens are the only bytes that change: a row is one line.
    assert line == service.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n"
    assert json.loads(line) == json.loads(service)


async def test_services_are_chosen_by_sid_or_name(client: AsyncClient, tmp_path: Path):
    first, second = [service async for service in client.proxy.v1.services.list(limit=2)]
    await export(client, tmp_path, services=[first.sid, second.unique_name or ""], include=[])
    folders = {path.name for path in (tmp_path / "proxy").iterdir() if path.is_dir()}
    assert folders == {first.sid, second.sid}
    assert not (tmp_path / "assistants").exists()


async def test_a_service_that_is_not_there_is_named(client: AsyncClient, tmp_path: Path):
    with pytest.raises(ArgumentError, match="there is no 'nobody' in this account"):
        await export(client, tmp_path / "out", services=["nobody"])
    # The lock aside the folder is as empty as before, so that the next attempt may have it.
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".lock"]
    await export(client, tmp_path / "out", include=[])


async def test_files_are_for_their_owner_only(client: AsyncClient, tmp_path: Path):
    report = await export(client, tmp_path / "out", part_rows=50)
    check_modes(report.out)


async def test_nothing_is_written_over(client: AsyncClient, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArchiveError, match="holds file and is no archive; name a new or an empty folder"):
        await export(client, tmp_path)
    with pytest.raises(ArchiveError, match="must be a folder, and it is something else"):
        await export(client, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


async def test_progress_is_told(client: AsyncClient, tmp_path: Path):
    seen: list[int] = []

    def note(progress: ExportProgress) -> None:
        seen.append(progress.total_rows)
        assert progress.partitions == 6
        assert progress.partitions_done <= 6

    report = await export(client, tmp_path, on_progress=note)
    assert seen == sorted(seen)
    assert seen[-1] == report.total_rows


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(500, b"{}"), ServerError),
        (http(200, b'{"sessions": [], "meta": {"next_page_url": "https://x.example/"}}'), PaginationError),
        (
            http(200, b'{"sessions": [{"status": "open"}], "meta": {"next_page_url": null}}'),
            InvalidResponseError,
        ),
    ],
)
async def test_what_cannot_be_read_is_said_and_does_not_cost_the_rest(
    tmp_path: Path, answer: bytes, kind: type[Exception]
):
    routes = {
        "/Services": page("/v1/Services", [KS(number) for number in range(3)]),
        f"/Services/{KS(1)}/Sessions": answer,
        f"/Services/{KS(2)}/Sessions": page("/v1/Sessions", [KC(1)]),
    }
    async with routed(routes) as server, client_of(server.url) as client:
        with pytest.raises(ExportIncompleteError, match="1 of 4 partitions were not read") as caught:
            await export(client, tmp_path, products=["proxy"], include=[], patience=0)
        assert isinstance(caught.value.__cause__, kind)
        manifest = open_archive(tmp_path).manifest
        assert not manifest.is_complete
        assert [failure.what.split("/")[-1] for failure in manifest.failures] == [KS(1)]
        assert manifest.rows == {"services": 3, "sessions": 1}
        # The same call goes on with what was missing.
        routes[f"/Services/{KS(1)}/Sessions"] = page("/v1/Sessions", [KC(2)])
        report = await export(client, tmp_path, products=["proxy"], include=[], patience=0)
    assert report.is_complete
    assert report.rows == {"services": 3, "sessions": 2}


async def test_an_error_below_a_session_says_where(tmp_path: Path):
    routes = {
        "/Services": page("/v1/Services", [KS(1)]),
        "/Sessions": page("/v1/Sessions", [KC(2)]),
        "/Participants": http(503, b"busy"),
    }
    async with routed(routes) as server, client_of(server.url) as client:
        with pytest.raises(ExportIncompleteError) as caught:
            await export(client, tmp_path, products=["proxy"], include=["participants"], patience=0)
    cause = caught.value.__cause__
    assert cause is not None
    assert cause.__notes__ == [
        f"while exporting participants of {KC(2)} in {client.account_sid}/proxy/{KS(1)}"
    ]


async def test_a_session_that_vanished_meanwhile_is_named(tmp_path: Path):
    routes = {
        "/Services": page("/v1/Services", [KS(1)]),
        "/Sessions": page("/v1/Sessions", [KC(2)]),
        "/Interactions": GONE,
    }
    async with routed(routes) as server, client_of(server.url) as client:
        report = await export(client, tmp_path, products=["proxy"], include=["interactions"])
    assert [skipped.what for skipped in report.skipped] == [f"interactions of {KC(2)}"]
    assert "20404" in report.skipped[0].why
    assert report.rows == {"services": 1, "sessions": 1, "interactions": 0}
    assert report.is_complete


@pytest.mark.parametrize("status", [404, 410])
async def test_a_product_that_was_switched_off_is_named(tmp_path: Path, status: int):
    async with routed({"/v1/Sessions": http(status, b"gone")}) as server, client_of(server.url) as client:
        report = await export(client, tmp_path)
    assert report.skipped[0].what == "the rest of assistants"
    assert str(status) in report.skipped[0].why
    assert report.is_complete


async def test_both_products_may_be_switched_off(tmp_path: Path):
    async with (
        routed({"/v1/Sessions": GONE, "/v1/Services": GONE}) as server,
        client_of(server.url) as client,
    ):
        report = await export(client, tmp_path)
    assert {skipped.what for skipped in report.skipped} == {"proxy", "the rest of assistants"}
    assert "the product seems to be switched off" in report.skipped[0].why
    assert report.is_complete
    assert report.total_rows == 0


async def test_a_product_that_cannot_be_reached_does_not_cost_the_rest(tmp_path: Path):
    async with (
        routed({"/v1/Services": page("/v1/Services", [KS(1)])}) as server,
        AsyncClient(
            "AC" + "0" * 32, "t", proxy_url=server.url, assistants_url="http://127.0.0.1:1", max_attempts=1
        ) as client,
    ):
        # It is not waited for either, for all that the other product answers.
        report = await export(client, tmp_path, patience=60)
    assert [(one.what, one.is_gone) for one in report.skipped] == [("assistants", False)]
    assert "it cannot be reached" in report.skipped[0].why
    assert not report.is_complete
    assert report.rows["services"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"include": ["particpants"]}, "include does not know 'particpants'; known are all, interactions,"),
        ({"products": ["video"]}, "products does not know 'video'; known are assistants, proxy"),
        ({"concurrency": 0}, "concurrency must be 1 or more"),
        ({"patience": -1}, "patience must be seconds, 0 or more"),
        ({"patience": float("nan")}, "patience must be seconds, 0 or more"),
        ({"part_rows": 0}, "part_rows must be 1 or more"),
        ({"compress": "gzip"}, "compress does not know 'gzip'; known are none, zstd"),
        ({"statuses": ["shut"]}, "statuses does not know 'shut'"),
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
    assert everything.products == ("proxy", "assistants")
    assert "message-interactions" not in everything.include
    assert "message-interactions" in select(include=["all"]).include
    assert select(include=[]).include == ("services", "sessions")
    assert select(services=["a"]).products == ("proxy",)
    assert select(services=["a"], products=["proxy", "assistants"]).products == ("proxy", "assistants")


async def test_a_sid_that_is_no_name_of_a_folder_writes_nothing(tmp_path: Path):
    routes = {"/Services": page("/v1/Services", ["../../escaped"])}
    async with routed(routes) as server, client_of(server.url) as client:
        with pytest.raises(InvalidResponseError, match="the sid of a listed service must be KS"):
            await export(client, tmp_path / "out", products=["proxy"], include=[])
    assert [path.name async for path in anyio.Path(tmp_path).rglob("*")] == ["out", ".lock"]


async def test_rows_that_come_again_on_a_later_page_are_written_once(tmp_path: Path):
    path = f"/v1/Services/{KS(1)}/Sessions"
    routes: dict[str, bytes | list[bytes]] = {
        "/Services": page("/v1/Services", [KS(1)]),
        "/Sessions": [page(path, [KC(2), KC(3)], following="b"), page(path, [KC(3)])],
    }
    last = {"duplicates": 0}
    async with routed(routes) as server, client_of(server.url) as client:
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


async def test_a_listing_that_only_repeats_itself_has_an_end(tmp_path: Path):
    path = f"/v1/Services/{KS(1)}/Sessions"
    pages = [page(path, [KC(2), KC(3)], following=str(number)) for number in range(9)]
    routes: dict[str, bytes | list[bytes]] = {
        "/Services": page("/v1/Services", [KS(1)]),
        "/Sessions": pages,
    }
    async with routed(routes) as server, client_of(server.url) as client:
        with pytest.raises(ExportIncompleteError, match="brings only rows listed before"):
            await export(client, tmp_path, products=["proxy"], include=[])


async def test_a_service_that_vanished_meanwhile_does_not_cost_the_rest(tmp_path: Path):
    routes = {
        "/Services": page("/v1/Services", [KS(1), KS(2)]),
        f"/{KS(1)}/Sessions": GONE,
        f"/{KS(2)}/Sessions": page("/v1/Sessions", [KC(3)]),
    }
    async with routed(routes) as server, client_of(server.url) as client:
        report = await export(client, tmp_path, products=["proxy"], include=[], concurrency=1)
    assert [skipped.what for skipped in report.skipped] == [f"the rest of {KS(1)}"]
    assert report.rows["sessions"] == 1
    assert report.is_complete


async def test_refused_credentials_stop_everything_at_once(tmp_path: Path):
    routes = {
        "/Services": page("/v1/Services", [KS(number) for number in range(20)]),
        "/Sessions": http(401, b'{"code": 20003}'),
    }
    async with routed(routes) as server, client_of(server.url, max_attempts=5) as client:
        with pytest.raises(AuthenticationError, match="20003"):
            await export(client, tmp_path, products=["proxy"], include=[], concurrency=1)
        # One for each listing that was under way, and none again.
        assert sum("/Sessions" in head for head in server.seen) <= 20

"""All listings of one resource: several at once, none twice, and what becomes of those that fail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from archives import client_of
from journals import partition_of
from raw_server import http
from routes import KC, page, routed

from twilio_sessions import AuthenticationError, InvalidResponseError, PermissionDeniedError
from twilio_sessions.export import Partition, export_partition
from twilio_sessions.export._layout import CHECKPOINT, Checkpoint, unseal
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from raw_server import RawServer

    from twilio_sessions.export import PartitionManifest

PARTITION = partition_of(include=("sessions", "participants"))
SERVICE = f"/v1/Services/{PARTITION.service_sid}"
GONE = http(404, b'{"code": 20404}')
BUSY = http(503, b"{}")

Routes = dict[str, bytes | list[bytes]]


def participants(session: int) -> bytes:
    rows: list[Any] = [{"sid": f"KP{session}", "session_sid": KC(session)}]
    return page(f"{SERVICE}/Sessions/{KC(session)}/Participants", rows)


def routes_of(sessions: int, broken: Mapping[int, bytes | list[bytes]] | None = None) -> Routes:
    routes: Routes = {"/Sessions": page(f"{SERVICE}/Sessions", [KC(number) for number in range(sessions)])}
    for number in range(sessions):
        routes[f"/{KC(number)}/Participants"] = participants(number)
    for number, answer in (broken or {}).items():
        routes[f"/{KC(number)}/Participants"] = answer
    return routes


async def run(routes: Routes, out: Path, **options: Any) -> tuple[PartitionManifest, RawServer]:
    async with routed(routes) as server, client_of(server.url) as client:
        return await export_partition(client, PARTITION, out, **{"patience": 0} | options), server


def asked(server: RawServer) -> Counter[str]:
    """Count the requests for participants by session."""
    paths = [head.split(" ", 2)[1].split("?")[0] for head in server.seen]
    return Counter(path.split("/")[-2] for path in paths if path.endswith("/Participants"))


def checkpoint(out: Path) -> Checkpoint:
    folder = DiskFolder(out / PARTITION.folder)
    return unseal(folder.read(CHECKPOINT), Checkpoint, "x")


@pytest.mark.parametrize("concurrency", [1, 3, 64])
async def test_every_listing_is_read_once(tmp_path: Path, concurrency: int):
    manifest, server = await run(routes_of(30), tmp_path, concurrency=concurrency)
    assert manifest.tallies["participants"].rows == 30
    assert asked(server) == {KC(number): 1 for number in range(30)}


@pytest.mark.parametrize("failing", [[0], [7], [29], [0, 1, 2, 15, 29]])
async def test_a_failing_listing_does_not_cost_the_others(tmp_path: Path, failing: Sequence[int]):
    with pytest.raises(InvalidResponseError) as caught:
        # Twilio as a whole is not lost, as others do answer.
        await run(routes_of(30, dict.fromkeys(failing, http(200, b"<html>"))), tmp_path, patience=60)
    assert caught.value.__notes__[0].startswith(f"while exporting participants of KC{0:030x}")
    stage = checkpoint(tmp_path).stages["participants"]
    assert stage.done == 30 - len(failing)
    assert stage.cursor == failing[0]
    manifest, server = await run(routes_of(30), tmp_path)
    assert asked(server) == {KC(number): 1 for number in failing}
    assert manifest.tallies["participants"].rows == 30


async def test_too_many_failures_end_it(tmp_path: Path):
    routes = routes_of(300, dict.fromkeys(range(300), http(200, b"<html>")))
    with pytest.raises(Exception, match="not a page of participants"):
        async with routed(routes) as server, client_of(server.url) as client:
            await export_partition(client, PARTITION, tmp_path, patience=60, concurrency=4)
    assert 100 <= sum(asked(server).values()) <= 110


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
async def test_refusals_end_it_at_once(tmp_path: Path, status: int, kind: type[Exception]):
    routes = routes_of(300, dict.fromkeys(range(300), http(status, b"{}")))
    with pytest.raises(kind):
        async with routed(routes) as server, client_of(server.url, max_attempts=5) as client:
            await export_partition(client, PARTITION, tmp_path, patience=60, concurrency=4)
    assert 1 <= sum(asked(server).values()) <= 4


async def test_sessions_that_vanished(tmp_path: Path):
    manifest, server = await run(routes_of(12, {3: GONE, 7: GONE}), tmp_path)
    assert [skipped.what for skipped in manifest.skipped] == [
        f"participants of {KC(3)}",
        f"participants of {KC(7)}",
    ]
    assert manifest.tallies["participants"].rows == 10
    assert SERVICE not in [head.split(" ", 2)[1] for head in server.seen]


async def test_so_many_that_it_may_be_the_service(tmp_path: Path):
    routes = routes_of(50, dict.fromkeys(range(50), GONE))
    routes[SERVICE] = GONE
    manifest, server = await run(routes, tmp_path, concurrency=1)
    assert manifest.skipped[-1].what == f"the rest of {PARTITION.service_sid}"
    assert len(manifest.skipped) == 10
    assert len(asked(server)) == 10


async def test_all_vanished_but_not_the_service(tmp_path: Path):
    routes = routes_of(50, dict.fromkeys(range(50), GONE))
    # Whether it is there cannot be found out at first.
    routes[SERVICE] = [BUSY, http(200, b'{"sid": "KS1"}')]
    manifest, server = await run(routes, tmp_path, concurrency=1)
    assert len(manifest.skipped) == 50
    assert sum(head.split(" ", 2)[1] == SERVICE for head in server.seen) == 5


@pytest.mark.parametrize("status", [404, 410])
async def test_so_many_that_it_may_be_the_product(tmp_path: Path, status: int):
    gone = http(status, b'{"code": 20404}')
    listed = page("/v1/Sessions", [{"id": f"s{number}"} for number in range(50)])
    routes: Routes = {"/v1/Sessions": [listed, gone], "/Messages": gone}
    partition = Partition("assistants", None, ("sessions", "messages"))
    async with routed(routes) as server, client_of(server.url) as client:
        manifest = await export_partition(client, partition, tmp_path, concurrency=1)
        assert len(server.seen) == 12
    assert manifest.skipped[-1].what == "the rest of assistants"
    assert len(manifest.skipped) == 10
    assert manifest.tallies["sessions"].rows == 50


async def test_a_service_that_vanished_before_anything_was_read(tmp_path: Path):
    manifest, _ = await run({"/Sessions": GONE}, tmp_path)
    assert [skipped.what for skipped in manifest.skipped] == [f"the rest of {PARTITION.service_sid}"]
    # And it stays so.
    again, server = await run({}, tmp_path)
    assert again == manifest
    assert server.seen == []


async def test_nested_listings_begin_while_the_first_goes_on(tmp_path: Path):
    routes = routes_of(2)
    routes["/Sessions"] = page(f"{SERVICE}/Sessions", [KC(0)], following="b")
    # The second page of sessions comes when the participants of the first have been asked for.
    routes["=b"] = [BUSY] * 3 + [page(f"{SERVICE}/Sessions", [KC(1)])]
    manifest, server = await run(routes, tmp_path, patience=30)
    paths = [head.split(" ", 2)[1].split("/")[-1] for head in server.seen]
    assert paths.index("Participants?PageSize=100") < len(paths) - 1 - paths[::-1].index(
        "Sessions?PageToken=b"
    )
    assert {name: tally.rows for name, tally in manifest.tallies.items()} == {
        "sessions": 2,
        "participants": 2,
    }

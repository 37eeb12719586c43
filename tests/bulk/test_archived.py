"""What counts as archived: the content of a row, wherever it was fetched, and nothing less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import msgspec
import pytest
from archives import client_of, emulator_of

from twilio_sessions import ArchiveError, ArchiveLockedError, ArgumentError
from twilio_sessions.bulk import delete, plan_delete
from twilio_sessions.bulk._archived import ArchivedRows
from twilio_sessions.emulator import Seed
from twilio_sessions.export import export
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator

ROW: dict[str, Any] = {
    "sid": "KC1",
    "status": "closed",
    "ttl": 60,
    "date_updated": "2026-11-22T12:00:00Z",
    "closed_reason": None,
    "new_field": {"a": 1, "b": [2]},
    "url": "https://proxy.twilio.com/v1/KC1",
    "links": {"participants": "https://proxy.twilio.com/v1/KC1/Participants"},
}


def encoded(**changes: Any) -> bytes:
    return msgspec.json.encode(ROW | changes)


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        (encoded(), None),
        (msgspec.json.encode(dict(reversed(ROW.items()))), None),
        (encoded(url="http://127.0.0.1/KC1", links={}), None),
        (encoded(new_field={"b": [2], "a": 1}), None),
        (encoded(date_ended=None), None),
        (encoded(sid="KC2"), "it is not in the archive"),
        (encoded(ttl=61), "it has changed since it was archived: ttl was 60 and is 61"),
        (
            encoded(status="open", date_updated="2026-11-22T12:00:01Z"),
            (
                "it has changed since it was archived: status was 'closed' and is 'open'; "
                "date_updated was '2026-11-22T12:00:00Z' and is '2026-11-22T12:00:01Z'"
            ),
        ),
        (encoded(new_field=2), "it has changed since it was archived: another field is different"),
        (encoded(closed_reason="api"), "it has changed since it was archived: another field is different"),
    ],
)
def test_a_session_is_compared_by_its_content(row: bytes, difference: str | None):
    with ArchivedRows() as rows:
        rows.add_session(encoded())
        assert rows.difference(row) == difference


def test_what_belongs_to_it_has_to_be_there_as_what_it_is():
    one, other = b'{"sid":"KP1","session_sid":"KC1"}', b'{"sid":"KP2","session_sid":"KC1"}'
    with ArchivedRows() as rows:
        rows.add_belonging("participants", one)
        rows.add_belonging("participants", one)
        assert rows.strange("participants", [one]) is None
        assert rows.strange("participants", [one, other]) == "KP2"
        assert rows.strange("interactions", [one]) == "KP1"
        assert rows.strange("interactions", []) is None


async def test_an_archive_of_another_account(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    other = "AC" + "9" * 32
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = await plan_delete(client, next(iter(emulator.store.services)).sid)
    plan = attrs.evolve(plan, account_sid=other)
    with pytest.raises(ArgumentError, match=f"plan is of account {other}, and the client is of AC"):
        await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")


async def test_an_archive_of_other_services_has_nothing(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    one, two = emulator.store.services
    await export(client, tmp_path / "archive", services=[one.sid])
    plan = await plan_delete(client, two.sid)
    report = await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    assert report.counts == {"skipped": len(plan.sessions)}
    assert {each.why for each in report.undone} == {"it is not in the archive"}


async def test_an_archive_that_is_written_to_or_none(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    await export(client, tmp_path / "archive", products=["proxy"])
    plan = await plan_delete(client, next(iter(emulator.store.services)).sid)
    with DiskFolder(tmp_path / "archive").lock(), pytest.raises(ArchiveLockedError):
        await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
    with pytest.raises((ArchiveError, ValueError)):
        await delete(client, plan, journal=tmp_path / "j", archive=tmp_path / "nowhere")
    assert not [one for one in emulator.processed if one.operation == "sessions.delete"]


async def test_an_archive_read_elsewhere_is_as_good(tmp_path: Path):
    """The same account behind another address: the URLs in the rows are others, the content is not."""
    seed = Seed(services=1, sessions=5, random_seed=9)
    async with emulator_of(seed) as one, client_of(one.base_url) as client:
        await export(client, tmp_path / "archive", products=["proxy"])
        base = one.base_url
        await one.close()
        await one.start()
        assert one.base_url != base
        async with client_of(one.base_url) as again:
            plan = await plan_delete(again, next(iter(one.store.services)).sid)
            report = await delete(again, plan, journal=tmp_path / "j", archive=tmp_path / "archive")
            assert report.counts == {"deleted": 5}

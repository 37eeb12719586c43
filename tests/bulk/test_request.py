"""What a journal was begun for: another request is refused, and said in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from changed import services_of

from twilio_sessions import JournalError
from twilio_sessions.bulk import SessionFilter, close, delete, plan_close, plan_delete
from twilio_sessions.bulk._records import Header
from twilio_sessions.bulk._request import check_request

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator


async def test_a_journal_of_another_plan(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    one, two = services_of(emulator)
    plan = await plan_close(client, one.sid)
    await close(client, plan, journal=tmp_path / "j")
    other = await plan_close(client, two.sid)
    with pytest.raises(JournalError, match=rf"the services: {one.sid} when it was begun, {two.sid} now\)"):
        await close(client, other, journal=tmp_path / "j")
    with pytest.raises(JournalError, match="an interaction: not given when it was begun, 0:01:00 now"):
        await plan_close(client, one.sid, SessionFilter(idle=timedelta(minutes=1)), journal=tmp_path / "j")
    with pytest.raises(
        JournalError,
        match="is the journal of a bulk close, and this is a bulk delete",
    ):
        await delete(client, await plan_delete(client, one.sid), journal=tmp_path / "j", without_archive=True)


REQUEST: dict[str, object] = {
    "action": "close",
    "account_sid": "AC1",
    "services": ["KS1", "KS2"],
    "statuses": [],
    "idle_seconds": None,
    "older_than_seconds": 7776000.0,
    "name_prefix": None,
    "sids": None,
}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"account_sid": None}, "(the account: AC1 when it was begun, not given now)"),
        ({"services": ["KS1"]}, "(the services: KS1, KS2 when it was begun, KS1 now)"),
        ({"statuses": ["open"]}, "(the statuses: not given when it was begun, open now)"),
        (
            {"idle_seconds": 0.0},
            "without an interaction: not given when it was begun, 0:00:00 now)",
        ),
        ({"older_than_seconds": 60.0}, "(the age: 90 days, 0:00:00 when it was begun, 0:01:00 now)"),
        ({"name_prefix": "a"}, "(the beginning of unique names: not given when it was begun, a now)"),
        ({"sids": []}, "(the list of SIDs: not given when it was begun, an empty one now)"),
        ({"sids": ["KC" + "0" * 32] * 9}, f"{'KC' + '0' * 32}, KC{'0' * 32}, KC{'0' * 26}... now)"),
        ({"service_sid": "KS1"}, "(the service: not given when it was begun, KS1 now)"),
        (
            {"action": "delete"},
            "is the journal of a bulk close, and this is a bulk delete; go on with it",
        ),
        (
            {"rows_sha256": "00"},
            "is the journal of other rows: they have changed since it was begun",
        ),
    ],
)
def test_the_first_difference_is_named_in_words(asked: dict[str, object], words: str):
    now = datetime.now(UTC)
    with pytest.raises(JournalError) as caught:
        check_request(Header(REQUEST, now), Header(REQUEST | asked, now), "journal")
    assert str(caught.value).startswith("journal is the journal of ")
    assert words in str(caught.value)


def test_the_same_request_is_no_other():
    now = datetime.now(UTC)
    check_request(Header(REQUEST, now), Header(dict(reversed(REQUEST.items())), now), "journal")

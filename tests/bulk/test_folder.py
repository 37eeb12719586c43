"""The folder of a journal: whose it is, who may read it, and what it was begun for."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from archives import check_modes
from changed import services_of

from twilio_sessions import ArchiveError, JournalError, JournalLockedError
from twilio_sessions.bulk import close, plan_close
from twilio_sessions.bulk._folder import JOURNAL, PLAN, check_folder, held

if TYPE_CHECKING:
    from pathlib import Path

    from twilio_sessions import AsyncClient
    from twilio_sessions.emulator import Emulator


async def test_a_journal_in_use_or_no_journal(emulator: Emulator, client: AsyncClient, tmp_path: Path):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    with held(tmp_path / "j"), pytest.raises(JournalLockedError, match="written to by another process"):
        await close(client, plan, journal=tmp_path / "j")
    (tmp_path / "home" / "work").mkdir(parents=True)
    with pytest.raises(JournalError, match="is no journal of a bulk change, and it is not empty"):
        await close(client, plan, journal=tmp_path / "home")
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="must be a folder"):
        await close(client, plan, journal=tmp_path / "file")
    with pytest.raises(JournalError, match="file must be a folder, and it is a file; name a new folder for"):
        check_folder(tmp_path / "file")
    check_folder(tmp_path / "nowhere")


async def test_a_journal_that_others_can_read_is_taken_from_them(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    service = services_of(emulator)[0].sid
    await close(client, await plan_close(client, service), journal=tmp_path / "j")
    for name in (PLAN, JOURNAL):
        (tmp_path / "j" / name).chmod(0o664)
    await close(client, await plan_close(client, service, journal=tmp_path / "j"), journal=tmp_path / "j")
    check_modes(tmp_path / "j")


async def test_the_folder_itself_stays_as_somebody_made_it(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    (tmp_path / "j").mkdir(mode=0o755)
    plan = await plan_close(client, services_of(emulator)[0].sid)
    await close(client, plan, journal=tmp_path / "j")
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o755
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "j").iterdir()} == {0o600}


async def test_a_link_in_the_place_of_a_journal_changes_nothing_elsewhere(
    emulator: Emulator, client: AsyncClient, tmp_path: Path
):
    plan = await plan_close(client, services_of(emulator)[0].sid)
    await close(client, plan, journal=tmp_path / "j")
    (tmp_path / "j" / JOURNAL).rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").chmod(0o644)
    (tmp_path / "j" / JOURNAL).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArchiveError, match="is a link, and links are not followed"):
        await close(client, plan, journal=tmp_path / "j")
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o644

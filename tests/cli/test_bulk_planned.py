"""`sessions delete`, of one session and of many."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shown import bulk_emulated, service_of
from terminal import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with bulk_emulated() as running:
        yield running


def test_delete_wants_an_archive_or_to_be_told_that_none_is_wanted(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    command = ["sessions", "delete", "--service", service.sid, "--yes"]
    done = call(*command, cwd=tmp_path, **emulator.environment())
    assert done.returncode == 2
    assert "name the archive that has the sessions with --archive, or say --without-archive" in done.stderr
    assert not emulator.requests
    told = emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    new = emulator.add_session(service, "new")
    done = call(*command, "--archive", "archive", "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 3
    assert "delete: incomplete\ndeleted            6\nskipped            1\n" in done.stdout
    assert f"skipped:\n  {new.sid} new: it is not in the archive\n" in done.stdout
    assert "sessions delete --yes --archive archive --journal j\n" in done.stdout
    done = call(*command, "--without-archive", "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 0
    assert not list(service.sessions)


def test_an_archive_that_does_not_hold(emulator: Emulator, tmp_path: Path):
    told = emulator.environment()
    call("export", "--out", "archive", "--product", "proxy", "--quiet", cwd=tmp_path, **told)
    next((tmp_path / "archive").rglob("sessions-*")).write_bytes(b"")
    command = ["sessions", "delete", "--service", service_of(emulator).sid, "--yes", "--archive", "archive"]
    done = call(*command, "--journal", "j", cwd=tmp_path, **told)
    assert done.returncode == 1
    assert (
        "twilio-sessions: archive is not a verified archive, so nothing is deleted: proxy/KS" in done.stderr
    )
    assert len(list(service_of(emulator).sessions)) == 6


def test_delete_of_one_session_is_as_before(emulator: Emulator, tmp_path: Path):
    service = service_of(emulator)
    told = emulator.environment()
    one = ["sessions", "delete", "ride-1", "--service", str(service.unique_name)]
    assert call(*one, cwd=tmp_path, **told).returncode == 2
    done = call(*one, "--yes", cwd=tmp_path, **told)
    assert (done.returncode, done.stderr) == (0, "deleted session ride-1\n")
    done = call(*one, "--yes", "--status", "closed", cwd=tmp_path, **told)
    assert done.returncode == 2
    assert "name one session and its --service, or say with options which sessions; not both" in done.stderr
    assert len(list(service.sessions)) == 5


def test_an_archive_that_is_not_there_is_told_before_anything_is_listed(emulator: Emulator, tmp_path: Path):
    command = ["sessions", "delete", "--service", service_of(emulator).sid, "--archive", "nowhere"]
    for way in ("--yes", "--dry-run"):
        done = call(*command, way, cwd=tmp_path, **emulator.environment())
        assert done.returncode == 2
        assert "nowhere is no folder; name that of the archive" in done.stderr
    assert not emulator.requests

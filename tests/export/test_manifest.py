"""The manifest of an archive: what is in it, and whether that is all."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import attrs
import pytest

from twilio_sessions import ArchiveError
from twilio_sessions.export import Failure, Partition, PartitionManifest, Skipped, Tally, select
from twilio_sessions.export._archive_plan import Plan
from twilio_sessions.export._layout import MANIFEST
from twilio_sessions.export._manifest import manifest_hash, read_manifest, write_manifest
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SELECTION = select(include=["participants"])
PARTITIONS = (
    SELECTION.partition("proxy", None, "AC1"),
    SELECTION.partition("proxy", "KS1", "AC1"),
    SELECTION.partition("proxy", "KS2", "AC1"),
    SELECTION.partition("assistants", None, "AC1"),
)
PLAN = Plan(SELECTION, "AC1", PARTITIONS, (), NOW)


@pytest.fixture
def folder(tmp_path: Path) -> DiskFolder:
    return DiskFolder(tmp_path)


def finished(partition: Partition, *skipped: Skipped) -> PartitionManifest:
    tallies = {name: Tally(rows=10 + at, pages=1) for at, name in enumerate(partition.include)}
    return PartitionManifest(partition, (), tallies, skipped, NOW, NOW)


def test_everything_was_read(folder: DiskFolder):
    manifest = write_manifest(folder, PLAN, map(finished, reversed(PARTITIONS)))
    assert manifest.is_complete
    assert manifest.rows == {"services": 10, "sessions": 20, "participants": 22, "assistants-sessions": 10}
    # In the order of the plan, whichever ended first.
    assert tuple(each.partition for each in manifest.partitions) == PARTITIONS
    assert manifest.unfinished == ()
    assert read_manifest(folder) == manifest
    assert folder.names() == [MANIFEST]


@pytest.mark.parametrize(
    ("skipped", "is_complete"),
    [(Skipped("participants of KC1", "gone"), True), (Skipped("assistants", "lost", is_gone=False), False)],
)
def test_what_was_left_out(folder: DiskFolder, skipped: Skipped, is_complete: bool):
    plan = attrs.evolve(PLAN, skipped=(Skipped("proxy", "off"),))
    done = [finished(PARTITIONS[0], skipped), *map(finished, PARTITIONS[1:])]
    manifest = write_manifest(folder, plan, done, skipped=[Skipped("more", "gone")])
    assert [each.what for each in manifest.skipped] == ["proxy", "more", skipped.what]
    assert manifest.is_complete is is_complete


def test_what_was_not_read(folder: DiskFolder):
    failure = Failure(PARTITIONS[2].key, "HTTP 503", "RQ1")
    manifest = write_manifest(folder, PLAN, map(finished, PARTITIONS[:2]), failures=[failure])
    assert not manifest.is_complete
    assert manifest.unfinished == ("AC1/proxy/KS2", "AC1/assistants")
    assert manifest.failures == (failure,)
    # Of what there is nothing there are 0.
    assert manifest.rows == {"services": 10, "sessions": 10, "participants": 11, "assistants-sessions": 0}


def test_its_hash_is_of_what_it_says_however_it_is_laid_out(folder: DiskFolder):
    manifest = write_manifest(folder, PLAN, map(finished, PARTITIONS))
    data = folder.read(MANIFEST)
    value = json.loads(data)
    assert manifest_hash(json.dumps(value, indent=7).encode()) == manifest.sha256 == value.pop("sha256")
    plain = json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
    assert hashlib.sha256(plain).hexdigest() == manifest.sha256
    assert manifest_hash(data.replace(b"KS1", b"KS3")) != manifest.sha256


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "is missing: this is no archive, or its export never ended"),
        (b"", "cannot be read"),
        (b"{}", "cannot be read"),
        (b'{"version":"\xff"}', "cannot be read"),
    ],
)
def test_what_is_none(folder: DiskFolder, data: bytes | None, message: str):
    if data is not None:
        folder.write(MANIFEST, 0, data)
    with pytest.raises(ArchiveError, match=f"manifest.json {message}"):
        read_manifest(folder)


def test_a_newer_version(folder: DiskFolder):
    write_manifest(folder, PLAN, [])
    newer = folder.read(MANIFEST).replace(b'"format": 1', b'"format": 2')
    folder.truncate(MANIFEST, 0)
    folder.write(MANIFEST, 0, newer)
    with pytest.raises(ArchiveError, match="has format 2; this version of twilio-sessions knows 1"):
        read_manifest(folder)

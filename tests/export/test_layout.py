"""Checkpoints and manifests as bytes: what was changed or torn is not taken for what was written."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from journals import partition_of

from twilio_sessions import ArchiveError
from twilio_sessions.export import DataFile, Part, PartitionManifest, Skipped, Tally
from twilio_sessions.export._layout import Checkpoint, Frame, part_name, seal, unseal
from twilio_sessions.export._stage import StageState, Walk

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
FILE = DataFile("sessions-00000.ndjson", "sessions", 2, 30, "ab" * 32, (Frame(15, 1), Frame(15, 1)))
TALLY = Tally(2, 1, 3, 4, first_created=NOW, last_created=NOW)
SKIPPED = Skipped("participants of KC1", "gone", is_gone=False, request_id="RQ1")
CHECKPOINT = Checkpoint(
    partition_of(),
    3,
    (FILE,),
    {"sessions": StageState(0, {0: Walk(0, "PageToken=é", 1)}), "participants": StageState(2, {}, [(4, 9)])},
    {"sessions": TALLY},
    (SKIPPED,),
    NOW,
)
MANIFEST = PartitionManifest(
    partition_of(), (Part("key", 0, (FILE,)),), {"sessions": TALLY}, (SKIPPED,), NOW, NOW
)


@pytest.mark.parametrize("value", [CHECKPOINT, MANIFEST, Part("key", 7, (FILE,))])
def test_values_come_back(value: object):
    assert unseal(seal(value), type(value), "x") == value


def test_every_byte_counts():
    sealed = seal(CHECKPOINT)
    for at in range(len(sealed) - 1):
        for bit in (0x01, 0x20, 0x80):
            changed = bytearray(sealed)
            changed[at] ^= bit
            try:
                found = unseal(bytes(changed), Checkpoint, "folder/checkpoint.json")
            except ArchiveError as error:
                assert str(error).startswith("folder/checkpoint.json ")  # noqa: PT017 - or it reads well
            else:
                # White space around the value, or the case of a key that is not read.
                assert found == CHECKPOINT


def test_every_byte_is_needed():
    sealed = seal(CHECKPOINT)
    for size in range(len(sealed) - 1):
        with pytest.raises(ArchiveError, match=r"^x cannot be read, it is damaged or of another version"):
            unseal(sealed[:size], Checkpoint, "x")


@given(st.binary(max_size=200))
def test_anything_else_is_refused(data: bytes):
    with pytest.raises(ArchiveError, match=r"^x "):
        unseal(data, Checkpoint, "x")


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"sha256":' + b"[" * 100_000, b'{"sha256": 1}'])
def test_malice_is_refused(data: bytes):
    with pytest.raises(ArchiveError, match=r"^x cannot be read"):
        unseal(data, Checkpoint, "x")


def test_what_was_edited_is_told_from_what_is_of_another_version():
    sealed = seal(CHECKPOINT)
    with pytest.raises(ArchiveError, match="was changed after it was written: its hash is another one"):
        unseal(sealed.replace(b"KC1", b"KC2"), Checkpoint, "x")
    with pytest.raises(ArchiveError, match="cannot be read, it is damaged or of another version"):
        unseal(seal(attrs.evolve(CHECKPOINT, part="three")), Checkpoint, "x")  # type: ignore[arg-type]


def test_names_of_parts_sort_as_their_numbers():
    assert part_name(7) == "part-00007.json"
    assert part_name(123_456) == "part-123456.json"

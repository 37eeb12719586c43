"""The plan of an archive: what a later run has to agree with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from twilio_sessions import ArchiveError
from twilio_sessions.export import Partition, Selection, select
from twilio_sessions.export._archive_plan import Plan, open_plan, write_plan
from twilio_sessions.export._layout import PLAN, seal
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "AC" + "1" * 32
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def plan_of(selection: Selection) -> Plan:
    return Plan(selection, ACCOUNT, (Partition("proxy", "KS1"), Partition("assistants")), (), NOW)


@pytest.fixture
def folder(tmp_path: Path) -> DiskFolder:
    return DiskFolder(tmp_path)


@pytest.mark.parametrize("found", [[], [".lock"], [".lock", "plan.json.tmp"]])
def test_an_empty_folder_has_none(folder: DiskFolder, found: list[str]):
    for name in found:
        folder.write(name, 0, b"{")
    assert open_plan(folder, select(), ACCOUNT) is None


def test_it_comes_back(folder: DiskFolder):
    plan = plan_of(select(statuses=["open"], created_after=NOW))
    write_plan(folder, plan)
    assert open_plan(folder, plan.selection, ACCOUNT) == plan


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"services": ["KS1"]},
            r"products was \('proxy', 'assistants'\) and is \('proxy',\) now; services",
        ),
        ({"include": []}, r"include was \('services', .*\) and is \('services', 'sessions'\) now"),
        ({"compress": "none"}, "compress was 'zstd' and is 'none' now"),
        ({"part_rows": 7}, "part_rows was 50000 and is 7 now"),
        (
            {"statuses": ["open"]},
            r"filters was Filters\(statuses=\(\).* and is .*statuses=\('open',\)",
        ),
        ({"created_after": NOW}, "filters was .* and is .*2026, 11, 22"),
    ],
)
def test_each_difference_is_named(folder: DiskFolder, asked: dict[str, Any], message: str):
    write_plan(folder, plan_of(select()))
    before = folder.read(PLAN)
    with pytest.raises(ArchiveError, match=f"belongs to another export: {message}.*name another folder"):
        open_plan(folder, select(**asked), ACCOUNT)
    assert folder.read(PLAN) == before


def test_another_account(folder: DiskFolder):
    write_plan(folder, plan_of(select()))
    with pytest.raises(ArchiveError, match=f"account_sid was '{ACCOUNT}' and is None now"):
        open_plan(folder, select(), None)


@pytest.mark.parametrize("name", ["notes.txt", "proxy", "manifest.json"])
def test_a_folder_that_is_no_archive(folder: DiskFolder, name: str):
    (folder.path / name).mkdir() if name == "proxy" else folder.write(name, 0, b"{}")
    with pytest.raises(ArchiveError, match=f"holds {name} and is no archive; name a new or an empty folder"):
        open_plan(folder, select(), ACCOUNT)
    assert folder.names() == ([] if name == "proxy" else [name])


@pytest.mark.parametrize("data", [b"", b"{}", b"PK\x03\x04", b'{"sha256":"\xff","content":{}}'])
def test_something_else_with_its_name(folder: DiskFolder, data: bytes):
    folder.write(PLAN, 0, data)
    with pytest.raises(ArchiveError, match=r"plan\.json cannot be read"):
        open_plan(folder, select(), ACCOUNT)
    assert folder.read(PLAN) == data


def test_an_edited_plan(folder: DiskFolder):
    write_plan(folder, plan_of(select()))
    edited = folder.read(PLAN).replace(b"KS1", b"KS2")
    folder.write(PLAN, 0, edited)
    with pytest.raises(ArchiveError, match=r"plan\.json was changed after it was written"):
        open_plan(folder, select(), ACCOUNT)


def test_a_newer_version(folder: DiskFolder):
    folder.write(PLAN, 0, seal(attrs.evolve(plan_of(select()), format=2)))
    with pytest.raises(ArchiveError, match=r"plan.json has format 2; this version .* knows 1"):
        open_plan(folder, select(), ACCOUNT)


def test_a_link_with_its_name(folder: DiskFolder, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    elsewhere = DiskFolder(tmp_path / "elsewhere")
    write_plan(elsewhere, plan_of(select()))
    (folder.path / PLAN).symlink_to(elsewhere.path / PLAN)
    with pytest.raises(ArchiveError, match="is a link, and links are not followed"):
        open_plan(folder, select(), ACCOUNT)

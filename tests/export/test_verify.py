"""Checking an archive: whatever is done to one, it is found and named."""

from __future__ import annotations

import errno
import json
import random
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import anyio
import attrs
import pytest
from forgery import edit_manifest, edit_partition, edit_row, file_of, forge, lines_of, rows_to_frame

from twilio_sessions import (
    ArchiveError,
    ArchiveLockedError,
    ArgumentError,
    AsyncClient,
    ExportIncompleteError,
)
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import (
    FORMATS,
    DataFile,
    PartitionManifest,
    Problem,
    Skipped,
    VerifyProgress,
    VerifyReport,
    convert,
    count_rows,
    export,
    export_since_last,
    open_archive,
    verify,
)
from twilio_sessions.export._layout import Part, part_name, seal, unseal
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twilio_sessions.export._frames import Compress

SEED: Final = Seed(services=3, sessions=60, random_seed=3)
PART_ROWS: Final = 60


def client_of(emulator: Emulator) -> AsyncClient:
    told = emulator.environment()
    return AsyncClient(
        told["TWILIO_ACCOUNT_SID"],
        told["TWILIO_AUTH_TOKEN"],
        proxy_url=emulator.base_url,
        assistants_url=emulator.base_url,
        rate_limit=False,
        max_attempts=1,
    )


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One whole archive in each form; tests get copies."""
    folder = tmp_path_factory.mktemp("originals")

    async def make() -> None:
        async with Emulator(seed=SEED) as emulator, client_of(emulator) as client:
            forms: tuple[Compress, ...] = ("none", "zstd")
            for form in forms:
                await export(client, folder / form, include=["all"], compress=form, part_rows=PART_ROWS)

    anyio.run(make)
    return {form: folder / form for form in ("none", "zstd")}


@pytest.fixture
def plain(originals: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(originals["none"], tmp_path / "archive")


@pytest.fixture(params=["none", "zstd"])
def archive(request: pytest.FixtureRequest, originals: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(originals[request.param], tmp_path / "archive")


def shown(report: VerifyReport) -> str:
    return "\n".join(map(str, report.problems))


def test_a_whole_archive_holds(archive: Path):
    seen: list[tuple[str, int, int]] = []

    def note(progress: VerifyProgress) -> None:
        seen.append((progress.step, progress.done, progress.total))

    report = verify(archive, on_progress=note)
    assert report.holds, shown(report)
    assert report.warnings == ()
    assert report.rows == {name: count.rows for name, count in count_rows(archive).items()}
    assert report.total_rows == sum(report.rows.values()) > 400
    assert (report.layers, report.path) == (1, archive)
    assert all(check.checked for check in report.checks)
    assert seen[-1] == ("references", report.size, report.size)
    assert seen == sorted(seen)


def test_nothing_is_changed_by_looking(archive: Path):
    def state() -> dict[str, tuple[int, bytes]]:
        files = [path for path in sorted(archive.rglob("*")) if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = state()
    verify(archive)
    assert state() == before


def test_every_flipped_byte_is_found_and_named(archive: Path):
    files = [path for path in archive.rglob("*") if path.is_file() and path.stat().st_size]
    rng = random.Random(5)
    for path in [*files, *rng.choices(files, k=40)]:
        data = path.read_bytes()
        at = rng.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        report = verify(archive)
        where = str(path.relative_to(archive))
        named = [problem for problem in report.problems if problem.where == where]
        assert named, f"byte {at} of {where}: {shown(report)}"
        if "ndjson" in path.name:
            assert any(_covers(problem, path, at) for problem in named), f"byte {at}: {shown(report)}"
        path.write_bytes(data)
    assert verify(archive).holds


def _covers(problem: Problem, path: Path, at: int) -> bool:
    """Tell whether a problem names the frame around a byte."""
    found = re.search(r"bytes ([\d,]+) to ([\d,]+)", problem.what)
    if found is None:
        return False
    first, last = (int(number.replace(",", "")) for number in found.groups())
    return first <= at < last <= path.stat().st_size


def _swap(root: Path) -> None:
    one, other = file_of(root, "sessions").path, file_of(root, "participants").path
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def _link(root: Path) -> None:
    path = file_of(root, "sessions").path
    path.rename(root.parent / "elsewhere")
    path.symlink_to(root.parent / "elsewhere")


def _cut(root: Path) -> None:
    path = file_of(root, "interactions").path
    path.write_bytes(path.read_bytes()[:-7])


def _append(root: Path) -> None:
    file = file_of(root, "interactions")
    row = rows_to_frame([b'{"sid":"KI' + b"1" * 32 + b'"}'], file.partition.compress)
    file.path.write_bytes(file.path.read_bytes() + row)


def _prepend(root: Path) -> None:
    file = file_of(root, "interactions")
    row = rows_to_frame([b'{"sid":"KI' + b"1" * 32 + b'"}'], file.partition.compress)
    file.path.write_bytes(row + file.path.read_bytes())


def _unlink(resource: str, name: str = "") -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        path = file_of(root, resource).path
        (path.with_name(name) if name else path).unlink()

    return damage


def _edit_partition_only(root: Path) -> None:
    path = file_of(root, "sessions").path.with_name("partition.json")
    path.write_bytes(path.read_bytes().replace(b'"rows":', b'"rows":1', 1))


def _manifest(change: Callable[[dict[str, Any]], object], *, sealed: bool = True) -> Callable[[Path], None]:
    def run(content: dict[str, Any]) -> None:
        change(content)

    return lambda root: edit_manifest(root, run, sealed=sealed)


def _drop_partition(content: dict[str, Any]) -> None:
    gone = content["partitions"].pop()
    for name, tally in gone["tallies"].items():
        content["rows"][f"assistants-{name}"] -= tally["rows"]


def _rename_partition(content: dict[str, Any]) -> None:
    content["partitions"][1]["partition"]["service_sid"] = "KS" + "9" * 32


def _tally(content: dict[str, Any]) -> None:
    content["partitions"][1]["tallies"]["sessions"]["rows"] += 1
    content["rows"]["sessions"] += 1


@pytest.mark.parametrize(
    ("damage", "check", "message"),
    [
        (
            _swap,
            "files",
            r"KS\w+/sessions-\S+: it has the content of another file; .* found \S+/participants-",
        ),
        (
            _swap,
            "files",
            r"KS\w+/participants-\S+: it has the content of another file; .* found \S+/sessions-",
        ),
        (_link, "files", r"KS\w+/sessions-\S+: it is a link or a folder, and no file$"),
        (
            _cut,
            "files",
            r"interactions-\S+, line \d+, byte [\d,]+: it has \S+ bytes instead of \S+; what was lost",
        ),
        (
            _append,
            "files",
            r"interactions-\S+, line \d+, byte [\d,]+: .* expected 0 lines in 0 bytes, found 1 lines",
        ),
        (
            _prepend,
            "files",
            r"interactions-\S+, line 1, byte 0: .* expected 0 lines in 0 bytes, found 1 lines",
        ),
        (_unlink("sessions"), "files", r"sessions-\S+: it is missing; expected \d+ rows in \S+ bytes$"),
        (_unlink("sessions", "part-00000.json"), "records", r"part-00000.json: it is missing; it says where"),
        (
            _unlink("sessions", "partition.json"),
            "records",
            r"KS\w+/partition.json: it is missing; the manifest says",
        ),
        (_edit_partition_only, "records", r"partition.json: it was changed after it was written: its hash"),
        (lambda root: (root / "plan.json").unlink(), "records", r"^plan.json: it is missing"),
        (
            lambda root: (root / "plan.json").write_text("{}"),
            "records",
            r"^plan.json: it cannot be read, it is damaged",
        ),
        (
            lambda root: (root / "manifest.json").write_text("{"),
            "records",
            r"^manifest.json: it cannot be read: ",
        ),
        (
            _manifest(lambda all_: all_.update(format=2)),
            "records",
            r"the format is not known; expected 1, found 2",
        ),
        (
            _manifest(lambda all_: all_.update(ended="2026-01-01T00:00:00Z"), sealed=False),
            "records",
            r"^manifest.json: it was changed after it was written: its SHA-256 is another one; ex\w+ \w{64},",
        ),
        (
            _manifest(lambda all_: all_["rows"].update(sessions=61)),
            "counts",
            r"^manifest.json: rows.sessions is not the sum of the partitions; expected 60, found 61$",
        ),
        (
            _manifest(_tally),
            "records",
            r"^manifest.json: tallies.sessions.rows is another one than in proxy/KS\w+/partition.json; exp",
        ),
        (
            _manifest(_drop_partition),
            "records",
            r"^manifest.json: unfinished is not what was .* expected \['AC\w+/assistants'\], found \[\]$",
        ),
        (
            _manifest(_rename_partition),
            "records",
            r"lists a partition that was not planned; found AC\w+/proxy/KS9+$",
        ),
        (
            _manifest(lambda all_: all_["partitions"][1]["parts"].pop()),
            "records",
            r"^manifest.json: parts is another one than in proxy/KS\w+/partition.json; expected \d of them",
        ),
        (
            _manifest(lambda all_: all_.update(is_complete=False)),
            "records",
            r"^manifest.json: is_complete contradicts unfinished and skipped; expected True, found False$",
        ),
        (
            _manifest(lambda all_: all_["selection"]["include"].pop()),
            "records",
            r"^manifest.json: selection.include is another one than in plan.json; expected \d of them, found",
        ),
        (
            _manifest(lambda all_: all_["failures"].append({"what": "AC1/proxy", "why": "500"})),
            "records",
            r"^manifest.json: it names a failure of a partition that is not unfinished; found AC1/proxy$",
        ),
        (
            _manifest(lambda all_: all_.update(since="0" * 64)),
            "layers",
            r"it names a manifest before it, and there is",
        ),
    ],
)
def test_damage_is_found_and_named(archive: Path, damage: Callable[[Path], None], check: str, message: str):
    damage(archive)
    report = verify(archive)
    assert not report.is_sound
    found = [str(problem) for problem in report.problems if problem.check == check]
    assert any(re.search(message, problem) for problem in found), shown(report)
    assert next(each for each in report.checks if each.name == check).problems == len(found)


@pytest.mark.parametrize("damage", [_swap, _link, _cut, _unlink("sessions"), _unlink("services")])
def test_what_follows_from_damage_is_not_said_again(archive: Path, damage: Callable[[Path], None]):
    damage(archive)
    assert {problem.check for problem in verify(archive).problems} == {"files"}


def _without(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[:at], *lines[at + 1 :]]


def _doubled(lines: list[bytes], at: int) -> list[bytes]:
    return [*lines[: at + 1], *lines[at:]]


def test_a_missing_line_is_located(plain: Path):
    file = file_of(plain, "interactions")
    lines = lines_of(file)
    file.path.write_bytes(b"\n".join(_without(lines, 30)) + b"\n")
    (problem,) = verify(plain).problems
    assert (problem.check, problem.where) == ("files", str(file.path.relative_to(plain)))
    assert problem.line is not None
    assert problem.line <= 31
    assert problem.offset == sum(len(line) + 1 for line in lines[: problem.line - 1])
    expected, found = (re.match(r"(\d+) lines", text or "") for text in (problem.expected, problem.found))
    assert expected is not None
    assert found is not None
    assert int(expected[1]) == int(found[1]) + 1


def test_a_missing_session_is_named_by_what_belongs_to_it(archive: Path):
    file = file_of(archive, "sessions")
    lines = lines_of(file)
    known = {json.loads(line)["session_sid"] for line in lines_of(file_of(archive, "interactions"))}
    at = next(at for at, line in enumerate(lines) if json.loads(line)["sid"] in known)
    file.path.write_bytes(rows_to_frame(_without(lines, at), file.partition.compress))
    first, *others = verify(archive).problems
    assert (first.check, first.where) == ("files", str(file.path.relative_to(archive)))
    assert {(problem.check, problem.sid) for problem in others} == {
        ("references", json.loads(lines[at])["sid"])
    }


def test_a_doubled_line_is_located_and_named(archive: Path):
    file = file_of(archive, "participants")
    lines = _doubled(lines_of(file), 8)
    file.path.write_bytes(rows_to_frame(lines, file.partition.compress))
    report = verify(archive)
    doubled = [problem for problem in report.problems if problem.check == "duplicates"]
    assert [(problem.line, problem.sid) for problem in doubled] == [(10, json.loads(lines[8])["sid"])]
    assert f"is there twice; first in {doubled[0].where}, line 9" in doubled[0].what
    assert [problem.check for problem in report.problems] == ["files", "duplicates"]


def _third(**fields: object) -> Callable[[list[bytes]], list[bytes]]:
    """Change the third row."""
    return lambda lines: [*lines[:2], edit_row(lines[2], **fields), *lines[3:]]


def _put(line: bytes) -> Callable[[list[bytes]], list[bytes]]:
    """Put something else in the place of the third row."""
    return lambda lines: [*lines[:2], line, *lines[3:]]


OTHER: Final = "9" * 32


@pytest.mark.parametrize(
    ("resource", "edit", "check", "message"),
    [
        (
            "sessions",
            lambda lines: _doubled(lines, 3),
            "duplicates",
            r"line 5: KC\w+ is there twice; first in .*line 4$",
        ),
        (
            "sessions",
            lambda lines: _without(lines, 0),
            "references",
            r"belongs to KC\w+, which is not among the sessions",
        ),
        (
            "services",
            lambda lines: _without(lines, 0),
            "references",
            r"to KS\w+, which is not among the services",
        ),
        (
            "sessions",
            _third(sid=None),
            "rows",
            r"sessions-\S+, line 3, byte \S+: a row without a sid or an id$",
        ),
        (
            "sessions",
            _third(service_sid=f"KS{OTHER}"),
            "rows",
            r"line 3,.*another service than .* found KS9+$",
        ),
        (
            "sessions",
            _third(date_created="2001-01-01T00:00:00Z"),
            "dates",
            r"first date_created; expected 20(2|3).*2001-",
        ),
        (
            "sessions",
            _third(date_created="2091-01-01T00:00:00Z"),
            "dates",
            r"last date_created; expected .*found 2091-",
        ),
        ("sessions", _third(date_created="yesterday"), "rows", r"line 3, .*: not a row of JSON: Invalid"),
        (
            "sessions",
            _put(b'{"sid": "KC'),
            "rows",
            r"line 3, .*: not a row of JSON: Input data was truncated$",
        ),
        (
            "sessions",
            _put(b'{"x": "\xff", "sid": "KC1"}'),
            "rows",
            r"line 3, .*: not a row of JSON: 'utf-8' codec",
        ),
        ("sessions", _put(b"[]"), "rows", r"line 3, .*: not a row of JSON: Expected `object`, got `array`$"),
        ("sessions", _put(b"[" * 100_000), "rows", r"line 3, .*: not a row of JSON: "),
        (
            "participants",
            _third(session_sid=f"KC{OTHER}"),
            "references",
            r"line 3: it belongs to KC9+, which is not",
        ),
        (
            "participants",
            _third(session_sid=None),
            "references",
            r"line 3, byte \S+: a row without session_sid$",
        ),
        (
            "interactions",
            _third(session_sid=f"KC{OTHER}"),
            "references",
            r"line 3: it belongs to KC9+, which is not",
        ),
        (
            "message-interactions",
            _third(participant_sid=f"KP{OTHER}"),
            "references",
            r"line 3: it belongs to KP9+, which is not among the participants of the archive$",
        ),
        (
            "messages",
            _third(session_id="nobody's"),
            "references",
            r"line 3: it belongs to nobody's, which is not among the assistants-sessions of the archive$",
        ),
        (
            "phone-numbers",
            _third(service_sid=f"KS{OTHER}"),
            "rows",
            r"line 3, .*: a row of another service than that",
        ),
    ],
)
def test_forged_rows_are_found_though_every_hash_is_right(
    archive: Path, resource: str, edit: Callable[[list[bytes]], list[bytes]], check: str, message: str
):
    product = "assistants" if resource == "messages" else "proxy"
    forge(file_of(archive, resource, product), edit, tallies=True)
    report = verify(archive)
    found = [str(problem) for problem in report.problems if problem.check == check]
    assert any(re.search(message, problem) for problem in found), shown(report)
    assert not {"records", "files", "frames", "counts"} & {problem.check for problem in report.problems}


@pytest.mark.parametrize("change", [_without, _doubled])
def test_who_forgets_the_tallies_is_found_by_them(
    archive: Path, change: Callable[[list[bytes], int], list[bytes]]
):
    file = file_of(archive, "message-interactions")
    forge(file, lambda lines: change(lines, 0), tallies=False)
    problems = [str(problem) for problem in verify(archive).problems if problem.check == "counts"]
    rows = open_archive(archive).manifest.rows["message-interactions"]
    assert len(problems) == 2
    assert re.search(r"message-interactions: the tally is not the rows of its files", problems[0])
    assert re.search(r"the number of lines; expected \d+, found \d+", problems[1])
    assert rows > 0


def _edit_part(root: Path, resource: str, change: Callable[[DataFile], DataFile]) -> DataFile:
    """Change what is said of the largest file of a resource, in every record."""
    file = file_of(root, resource)
    path = file.path.with_name(part_name(file.part))
    part = unseal(path.read_bytes(), Part, "")
    changed = change(file.data)
    files = tuple(changed if each.name == file.data.name else each for each in part.files)
    path.write_bytes(seal(attrs.evolve(part, files=files)))
    listed = tuple(attrs.evolve(each, frames=()) for each in files)

    def put(manifest: PartitionManifest) -> PartitionManifest:
        parts = (
            attrs.evolve(each, files=listed) if each.number == file.part else each for each in manifest.parts
        )
        return attrs.evolve(manifest, parts=tuple(parts))

    edit_partition(file, put, root)
    return changed


def test_parts_and_partitions_that_contradict_each_other_are_found(archive: Path):
    path = file_of(archive, "sessions").path.with_name("part-00000.json")
    part = unseal(path.read_bytes(), Part, "")
    changed = (attrs.evolve(part.files[0], sha256="0" * 64), *part.files[1:])
    path.write_bytes(seal(attrs.evolve(part, files=changed)))
    assert re.search(
        r"^proxy/KS\w+/part-00000.json: files\[0\].sha256 is another one than in partition.json; .*0{64}$",
        shown(verify(archive)),
        re.MULTILINE,
    )


def test_a_partition_of_another_plan_is_found(archive: Path):
    path = file_of(archive, "sessions").path.with_name("partition.json")
    manifest = unseal(path.read_bytes(), PartitionManifest, "")
    path.write_bytes(seal(attrs.evolve(manifest, partition=attrs.evolve(manifest.partition, part_rows=7))))
    assert re.search(
        rf"^proxy/KS\w+/partition.json: part_rows is another one than in plan.json; .* {PART_ROWS}, found 7$",
        shown(verify(archive)),
        re.MULTILINE,
    )


def test_a_frame_that_is_said_to_have_fewer_rows_is_found(archive: Path):
    def fewer(data: DataFile) -> DataFile:
        first, *rest = data.frames
        return attrs.evolve(data, frames=(attrs.evolve(first, rows=first.rows - 1), *rest))

    data = _edit_part(archive, "sessions", fewer)
    rows = data.frames[0].rows
    report = verify(archive)
    assert [problem.check for problem in report.problems] == ["counts", "frames"]
    assert f"{data.name}: its rows and those of its frames differ" in shown(report)
    assert f"it has {rows + 1} lines instead of {rows}" in shown(report)


def test_another_hash_is_found_where_frames_have_none(archive: Path):
    def change(data: DataFile) -> DataFile:
        frames = tuple(attrs.evolve(frame, crc32=None) for frame in data.frames)
        return attrs.evolve(data, sha256="0" * 64, frames=frames)

    _edit_part(archive, "sessions", change)
    (problem,) = verify(archive).problems
    assert problem.check == "files"
    assert re.search(r"its SHA-256 is another one; expected 0{64}, found \w{64}$", str(problem))


def test_a_file_is_read_as_far_as_it_can_be_where_frames_have_no_checksum(plain: Path):
    data = _edit_part(
        plain,
        "interactions",
        lambda data: attrs.evolve(
            data, frames=tuple(attrs.evolve(frame, crc32=None) for frame in data.frames)
        ),
    )
    path = file_of(plain, "interactions").path
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:-1]) + b"\n")
    (problem,) = verify(plain).problems
    assert problem.offset == sum(frame.size for frame in data.frames[:-1])
    assert problem.found is not None
    assert problem.found.startswith(f"{data.frames[-1].rows - 1} lines in ")


@pytest.mark.parametrize("part_rows", [20, 50_000])
async def test_an_unfinished_archive_is_sound_and_says_what_is_missing(tmp_path: Path, part_rows: int):
    async with Emulator(seed=SEED) as emulator, client_of(emulator) as client:
        emulator.faults.add(Fault("answer", status=403, operation="interactions.list", nth=6))
        with pytest.raises(ExportIncompleteError):
            await export(client, tmp_path, part_rows=part_rows)
        unfinished = open_archive(tmp_path).manifest.unfinished
        report = verify(tmp_path)
        assert report.is_sound, shown(report)
        assert not report.is_complete
        assert not report.holds
        assert report.warnings == ()
        assert report.unfinished == tuple(f"{key} was not read to its end" for key in unfinished)
        check_open_files(tmp_path)

        before = (tmp_path / "manifest.json").read_bytes()
        await export(client, tmp_path, part_rows=part_rows)
    assert verify(tmp_path).holds
    (tmp_path / "manifest.json").write_bytes(before)
    report = verify(tmp_path)
    assert report.problems == ()
    assert report.unfinished == tuple(
        f"{key} was finished after manifest.json was written" for key in unfinished
    )


def check_open_files(root: Path) -> None:
    """What comes after the last checkpoint is no part of the archive; what it counts must be as it was."""
    checkpoint = next(root.rglob("checkpoint.json"))
    files = json.loads(checkpoint.read_bytes())["content"]["files"]
    for path in (checkpoint.with_name(file["name"]) for file in files):
        data = path.read_bytes()
        path.write_bytes(data + b"what was written after it")
        assert verify(root).problems == ()
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
        assert "its bytes were changed" in shown(verify(root))
        path.write_bytes(data[:-1])
        assert "what was lost or added begins here" in shown(verify(root))
        path.write_bytes(data)


def test_without_a_manifest_an_archive_is_unfinished(archive: Path):
    (archive / "manifest.json").unlink()
    report = verify(archive)
    assert report.is_sound
    assert report.unfinished == ("manifest.json is missing; an export writes it when it ends",)


def test_what_could_not_be_reached_is_missing(archive: Path):
    def change(content: dict[str, Any]) -> None:
        content["skipped"].append({"what": "assistants", "why": "no route", "is_gone": False})
        content["is_complete"] = False

    edit_manifest(archive, change, sealed=True)
    report = verify(archive)
    assert report.is_sound, shown(report)
    assert report.unfinished == ("assistants was not read: no route",)


def test_rows_without_a_checkpoint_are_named(archive: Path):
    path = file_of(archive, "sessions").path
    path.with_name("partition.json").unlink()
    (archive / "manifest.json").unlink()
    problems = [str(problem) for problem in verify(archive).problems]
    where = f"{path.parent.relative_to(archive)}/checkpoint.json"
    assert problems == [f"{where}: it is missing, and there are rows: it is not known what was read"]


def test_a_partition_that_was_not_begun_has_nothing_to_be_checked(archive: Path):
    shutil.rmtree(archive / "assistants")
    (archive / "manifest.json").unlink()
    report = verify(archive)
    assert report.is_sound
    assert len(report.unfinished) == 2


def test_a_service_that_vanished_meanwhile_need_not_be_listed(archive: Path):
    file = file_of(archive, "sessions")
    sid = file.partition.service_sid
    services = file_of(archive, "services")
    forge(services, lambda lines: [each for each in lines if json.loads(each)["sid"] != sid], tallies=True)
    dates = {problem.check for problem in verify(archive).problems}
    assert "references" in dates

    def skip(manifest: PartitionManifest) -> PartitionManifest:
        return attrs.evolve(manifest, skipped=(Skipped(f"the rest of {sid}", "404"),))

    edit_partition(file, skip, archive)
    edit_manifest(archive, lambda all_: all_["skipped"].append(_skipped(sid)), sealed=True)
    assert "references" not in {problem.check for problem in verify(archive).problems}


def _skipped(sid: str | None) -> dict[str, object]:
    return {"what": f"the rest of {sid}", "why": "404", "is_gone": True, "request_id": None}


def test_what_was_skipped_must_be_in_the_manifest(archive: Path):
    file = file_of(archive, "sessions")
    skipped = (Skipped("interactions of KC1", "it is gone"),)
    edit_partition(file, lambda manifest: attrs.evolve(manifest, skipped=skipped), archive)
    (problem,) = verify(archive).problems
    assert str(problem) == (
        "manifest.json: it does not say that interactions of KC1 was skipped; expected it is gone"
    )


def test_strange_files_are_remarks(archive: Path):
    folder = file_of(archive, "sessions").path.parent
    (archive / "notes.txt").write_text("mine")
    (folder / "sessions-00099.ndjson").write_text("{}")
    (folder / "partition.json.tmp").write_text("{")
    (archive / "proxy" / "KSother").mkdir()
    (archive / "proxy" / "link").symlink_to(archive)
    for name in ("notes.txt", "proxy/KSother"):
        (archive / name).chmod(0o700)
    report = verify(archive)
    assert report.holds, shown(report)
    where = str(folder.relative_to(archive))
    assert sorted(map(str, report.warnings)) == sorted(
        [
            "notes.txt: it is no part of the archive",
            "proxy/KSother: it is no part of the archive",
            "proxy/link: it is a link; an export makes none",
            f"{where}/partition.json.tmp: it was left by an interrupted write and may be removed",
            f"{where}/sessions-00099.ndjson: it is no part of the archive",
        ]
    )


def test_what_convert_makes_is_not_strange(archive: Path):
    for form in ("csv", "ndjson"):
        assert convert(archive, form).out.parent == archive
    for name in {*FORMATS, "archive.duckdb"} - {"csv", "ndjson", "duckdb"}:
        (archive / name).mkdir(mode=0o700)
    report = verify(archive)
    assert report.holds
    assert report.warnings == ()


def test_files_that_others_may_read_are_remarks(archive: Path):
    path = file_of(archive, "sessions").path
    path.chmod(0o640)
    path.parent.chmod(0o755)
    archive.chmod(0o701)
    report = verify(archive)
    assert report.holds
    folder = path.parent.relative_to(archive)
    assert sorted(map(str, report.warnings)) == [
        ".: others may read it; expected 0700, found 0701",
        f"{folder}/{path.name}: others may read it; expected 0600, found 0640",
        f"{folder}: others may read it; expected 0700, found 0755",
    ]


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive to which something was added twice."""
    path = tmp_path_factory.mktemp("grown") / "archive"

    async def make() -> None:
        async with Emulator(seed=SEED) as emulator, client_of(emulator) as client:
            await export(client, path)
            service = max(emulator.store.services, key=lambda each: len(each.sessions)).sid
            sessions = client.proxy.v1.services(service).sessions
            there = [session.sid async for session in sessions.list() if session.status == "open"]
            for number in range(2):
                await sessions.create(participants=[{"identifier": f"+1415555019{number}"}])
                await sessions(there[number]).update(status="closed")
                await export_since_last(client, path)

    anyio.run(make)
    return path


def test_an_archive_with_increments_holds(grown: Path):
    report = verify(grown)
    assert report.holds, shown(report)
    assert (report.layers, report.warnings) == (3, ())
    assert report.rows["sessions"] == SEED.sessions + 4


def test_each_increment_belongs_to_the_manifest_before_it(grown: Path, tmp_path: Path):
    archive = shutil.copytree(grown, tmp_path / "archive")
    path = archive / "increments" / "0001" / "manifest.json"
    path.write_bytes(path.read_bytes() + b" ")
    (problem,) = verify(archive).problems
    assert (problem.check, problem.where) == ("layers", "increments/0002/manifest.json")
    assert "the SHA-256 of increments/0001/manifest.json is another one" in problem.what


def test_a_missing_increment_is_found(grown: Path, tmp_path: Path):
    archive = shutil.copytree(grown, tmp_path / "archive")
    shutil.rmtree(archive / "increments" / "0001")
    problems = verify(archive).problems
    assert {problem.check for problem in problems} == {"layers"}
    assert "increments/0002/: an increment is missing before it" in shown(verify(archive))


def test_damage_in_an_increment_is_named_with_its_folder(grown: Path, tmp_path: Path):
    archive = shutil.copytree(grown, tmp_path / "archive")
    path = file_of(archive, "participants").path
    assert "0002" in str(path)
    path.unlink()
    (problem,) = verify(archive).problems
    assert problem.where == str(path.relative_to(archive))
    assert problem.what == "it is missing"


def test_rows_of_an_increment_may_belong_to_an_older_layer_and_no_others(grown: Path, tmp_path: Path):
    archive = shutil.copytree(grown, tmp_path / "archive")
    layers = open_archive(archive).layers
    old = json.loads(next(next(layers[0].files("proxy", "sessions")).rows()))["sid"]
    root = archive / "increments" / "0002"

    def forge_parent(sid: str) -> list[str]:
        file = file_of(archive, "participants")
        forge(file, lambda lines: [edit_row(lines[0], session_sid=sid), *lines[1:]], tallies=True, root=root)
        return [problem.check for problem in verify(archive).problems]

    assert forge_parent(old) == []
    assert forge_parent("KC" + OTHER) == ["references"]


def test_without_a_folder_or_an_archive_there_is_nothing_to_check(tmp_path: Path):
    with pytest.raises(ArgumentError, match=r"nothing is no folder; name the folder of an archive"):
        verify(tmp_path / "nothing")
    with pytest.raises(ArchiveError, match=r"holds neither plan.json nor manifest.json: it is no archive"):
        verify(tmp_path)


def test_an_archive_that_is_written_to_is_not_checked(archive: Path):
    with DiskFolder(archive).lock(), pytest.raises(ArchiveLockedError, match="written to by another"):
        verify(archive)


def test_an_archive_without_a_lock_gets_none(archive: Path):
    (archive / ".lock").unlink()
    assert verify(archive).holds
    assert not (archive / ".lock").exists()


def test_a_disk_that_fails_is_named(archive: Path, monkeypatch: pytest.MonkeyPatch):
    file, read = file_of(archive, "sessions"), DiskFolder.read

    def failing(folder: DiskFolder, name: str, offset: int = 0, length: int | None = None) -> bytes:
        if folder.path / name == file.path:
            raise OSError(errno.EIO, "Input/output error")
        return read(folder, name, offset, length)

    monkeypatch.setattr(DiskFolder, "read", failing)
    (problem,) = verify(archive).problems
    assert str(problem) == f"{file.path.relative_to(archive)}: it cannot be read: Input/output error"


def test_records_are_not_followed_out_of_the_archive(archive: Path):
    manifest = archive / "manifest.json"
    manifest.rename(archive.parent / "elsewhere.json")
    manifest.symlink_to(archive.parent / "elsewhere.json")
    data = _edit_name(archive, "../../../elsewhere.json")
    report = verify(archive)
    assert re.search("^manifest.json: .* is a link, and links are not followed here", shown(report))
    assert f"{data}: an export gives no file such a name" in shown(report)


def _edit_name(root: Path, name: str) -> str:
    """Give a data file another name in the records of its partition; return it as it is reported."""
    path = next(root.glob("proxy/KS*/partition.json"))
    for record in (path, path.with_name("part-00000.json")):
        content = json.loads(record.read_bytes())["content"]
        parts = content["parts"] if record == path else [content]
        parts[0]["files"][0]["name"] = name
        record.write_bytes(seal(content))
    return f"{path.parent.relative_to(root)}/{name}"


def test_a_folder_that_no_export_makes_is_not_looked_into(archive: Path):
    (archive / "manifest.json").unlink()
    plan = json.loads((archive / "plan.json").read_bytes())["content"]
    plan["partitions"][1]["service_sid"] = "../.."
    (archive / "plan.json").write_bytes(seal(plan))
    (problem,) = verify(archive).problems
    assert str(problem) == "proxy/../..: an export gives no folder such a name"


@pytest.mark.parametrize("name", ["partition.json", "checkpoint.json"])
def test_a_partition_of_which_nothing_is_known_is_named(archive: Path, name: str):
    (archive / "manifest.json").unlink()
    path = archive / "assistants" / "partition.json"
    path.rename(path.with_name(name)).write_text("{}")
    (problem,) = verify(archive).problems
    assert problem.where == f"assistants/{name}"
    assert "it cannot be read, it is damaged or of another version" in problem.what


def test_files_of_the_same_size_that_were_swapped_are_recognised(plain: Path):
    one, other = file_of(plain, "sessions"), file_of(plain, "participants")
    missing = one.data.size - other.data.size
    small, large = (other, one) if missing > 0 else (one, other)
    forge(small, lambda lines: [lines[0] + b" " * abs(missing), *lines[1:]], tallies=True)
    assert verify(plain).holds
    assert small.path.stat().st_size == large.path.stat().st_size
    _swap(plain)
    assert [problem.what for problem in verify(plain).problems] == ["it has the content of another file"] * 2


def test_too_much_between_intact_frames_is_not_looked_into(archive: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("twilio_sessions.export._contents._MOST_BETWEEN", 10)
    _append(archive)
    (problem,) = verify(archive).problems
    assert problem.found is not None
    assert problem.found.endswith(" bytes, too many to look into")


def test_an_increment_that_was_killed_is_unfinished(grown: Path, tmp_path: Path):
    archive = shutil.copytree(grown, tmp_path / "archive")
    (archive / "increments" / "0001" / "manifest.json").unlink()
    report = verify(archive)
    assert report.is_sound
    assert report.unfinished == (
        "increments/0001/manifest.json is missing; an export writes it when it ends",
    )

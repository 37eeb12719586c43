"""The command `verify`: what a person sees, what a program reads, and the exit codes."""

from __future__ import annotations

import functools
import json
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread
import pytest
from forgery import edit_row, file_of, forge
from terminal import Terminal, run

from twilio_sessions import AsyncClient, ExportIncompleteError
from twilio_sessions.cli._verify import run_verify
from twilio_sessions.emulator import Emulator, Fault, Seed
from twilio_sessions.export import export, verify

if TYPE_CHECKING:
    import subprocess
    from collections.abc import AsyncGenerator
    from pathlib import Path

SEED: Final = Seed(services=2, sessions=60, random_seed=3)


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
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("original") / "archive"

    async def make() -> None:
        async with Emulator(seed=SEED) as emulator, client_of(emulator) as client:
            await export(client, path)

    anyio.run(make)
    return path


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> Path:
    return shutil.copytree(original, tmp_path / "archive")


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    async with Emulator(seed=SEED) as running:
        yield running


async def run_beside(emulator: Emulator, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the program while the emulator goes on."""
    call = functools.partial(run, *arguments, cwd=cwd, **emulator.environment())
    return await anyio.to_thread.run_sync(call)


def test_a_whole_archive_as_a_script_sees_it(archive: Path):
    done = run("verify", "archive", cwd=archive.parent)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.match(r"check +checked +problems +what is to hold", lines[0])
    assert [line.split()[0] for line in lines[1:10]] == [check.name for check in verify(archive).checks]
    assert all(re.match(r"\w+ +[\d,]+ +0 +[a-z]", line) for line in lines[1:10])
    assert re.match(r"\d+ rows in .*: everything holds$", lines[-1])


def test_a_program_gets_everything_in_one_line(archive: Path, capsys: pytest.CaptureFixture[str]):
    assert run_verify(archive, against_api=False, output_format="json") == 0
    out, err = capsys.readouterr()
    assert (err, out.count("\n")) == ("", 1)
    told = json.loads(out)
    report = verify(archive)
    assert (told["event"], told["holds"], told["sound"], told["complete"]) == ("result", True, True, True)
    assert (told["path"], told["rows"], told["size"]) == (str(archive), report.rows, report.size)
    assert [check["name"] for check in told["checks"]] == [check.name for check in report.checks]
    assert (told["problems"], told["warnings"], told["unfinished"], told["api"]) == ([], [], [], None)


def damage(archive: Path) -> int:
    """Give many participants sessions that are not there; return how many."""
    file = file_of(archive, "participants")

    def change(lines: list[bytes]) -> list[bytes]:
        return [edit_row(line, session_sid=f"KC{at:032}") for at, line in enumerate(lines)]

    forge(file, change, tallies=True)
    return file.data.rows


def test_problems_come_first_and_no_more_than_a_person_reads(archive: Path):
    wrong = damage(archive)
    (archive / "notes[1].txt").write_text("")
    done = run("verify", "archive", cwd=archive.parent)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert len(lines) == 22
    assert all(re.search(r"participants-\S+, line \d+: it belongs to KC0+\d+", line) for line in lines[:20])
    assert lines[20] == f"and {wrong - 20} more; --output json names all"
    assert lines[21] == "note: notes[1].txt: it is no part of the archive"
    assert re.search(rf"^references +\d+ +{wrong} +each row belongs to", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(f": {wrong} problems; the archive is not as it was written\n")

    done = run("verify", "archive", "--output", "json", cwd=archive.parent)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["holds"], told["sound"]) == (False, False)
    assert len(told["problems"]) == wrong
    assert told["problems"][0].items() >= {"check": "references", "line": 1, "sid": "KC" + "0" * 32}.items()
    assert [warning["where"] for warning in told["warnings"]] == ["notes[1].txt"]


async def test_an_incomplete_archive_has_a_code_of_its_own(emulator: Emulator, tmp_path: Path):
    emulator.faults.add(Fault("answer", status=403, operation="interactions.list", nth=6))
    async with client_of(emulator) as client:
        with pytest.raises(ExportIncompleteError):
            await export(client, tmp_path / "archive")
    done = await run_beside(emulator, "verify", "archive", cwd=tmp_path)
    assert done.returncode == 3
    assert re.fullmatch(r"unfinished: AC0+1/proxy/KS\w+ was not read to its end\n", done.stderr)
    assert done.stdout.endswith(": sound so far, and incomplete: run the same export again\n")


async def test_against_the_api(emulator: Emulator, tmp_path: Path):
    async with client_of(emulator) as client:
        await export(client, tmp_path / "archive")
        done = await run_beside(emulator, "verify", "archive", "--against-api", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.search(r"^sessions +60 +60 +0 +0 +0 +the same *$", done.stdout, re.MULTILINE)
        assert re.search(r"^services +2 +2 +0 +0 +0 +the same *$", done.stdout, re.MULTILINE)
        assert done.stdout.endswith(": everything holds, and Twilio has the same\n")

        file = file_of(tmp_path / "archive", "sessions")
        sessions = client.proxy.v1.services(file.partition.service_sid or "").sessions
        removed, closed = [each.sid async for each in sessions.list() if each.status == "open"][:2]
        created = await sessions.create()
        await sessions(removed).delete()
        await sessions(closed).update(status="closed")

    done = await run_beside(emulator, "verify", "archive", "--against-api", cwd=tmp_path)
    assert done.returncode == 4
    where = f"sessions of {file.partition.key}"
    assert done.stderr.splitlines() == [
        f"{where}: {created.sid} was added",
        f"{where}: {removed} was removed",
        f"{where}: {closed} was changed",
    ]
    assert re.search(r"^sessions +60 +60 +1 +1 +1 +another one *$", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(": the archive is sound and complete, and Twilio has something else now\n")

    done = await run_beside(emulator, "verify", "archive", "--against-api", "-o", "json", cwd=tmp_path)
    assert done.returncode == 4
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["holds"], told["sound"], told["api"]["holds"]) == (False, True, False)
    (compared,) = (each for each in told["api"]["compared"] if not each["holds"])
    assert compared["changes"] == {"added": [created.sid], "removed": [removed], "changed": [closed]}
    assert compared["partition"] == file.partition.key


async def test_what_cannot_be_listed_is_said(emulator: Emulator, tmp_path: Path):
    async with client_of(emulator) as client:
        await export(client, tmp_path / "archive", include=[])
    emulator.faults.add(Fault("answer", status=410, operation="assistants.*", times=None))
    done = await run_beside(emulator, "verify", "archive", "--against-api", cwd=tmp_path)
    assert done.returncode == 4
    assert re.match(r"assistants-sessions of AC0+1/assistants: cannot be listed: .*410", done.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["verify"], 2, "PATH"),
        (["verify", "nowhere"], 2, "twilio-sessions: nowhere is no folder; name the folder of an archive"),
        (["verify", "empty"], 1, "twilio-sessions: empty holds neither plan.json nor manifest.json"),
        (
            ["verify", "archive", "--against-api"],
            2,
            "twilio-sessions: no credentials: set TWILIO_ACCOUNT_SID",
        ),
    ],
)
def test_mistakes_are_explained(archive: Path, arguments: list[str], code: int, message: str):
    (archive.parent / "empty").mkdir()
    done = run(*arguments, cwd=archive.parent)
    assert done.returncode == code
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_codes_are_documented(tmp_path: Path):
    text = " ".join(run("verify", "--help", cwd=tmp_path).stdout.split())
    assert "Example: twilio-sessions verify" in text
    for meaning in ("0 everything holds", "3 sound so far, and incomplete", "4 the archive is sound"):
        assert meaning in text


def test_a_person_sees_a_bar_and_the_table(archive: Path):
    with Terminal("verify", "archive", cwd=archive.parent, columns=100) as terminal:
        assert terminal.finish() == 0
        assert "reading files" in terminal.written
        assert "\x1b[32m" in terminal.written, "a terminal gets colour"
        assert "reading files" not in terminal.text
        assert terminal.lines[-1].endswith(": everything holds")


def test_the_code_is_that_of_the_worst(archive: Path, capsys: pytest.CaptureFixture[str]):
    assert run_verify(archive, against_api=False, output_format="text") == 0
    manifest = (archive / "manifest.json").rename(archive.parent / "aside")
    assert run_verify(archive, against_api=False, output_format="text") == 3
    manifest.rename(archive / "manifest.json")
    damage(archive)
    (archive / "manifest.json").unlink()
    assert run_verify(archive, against_api=False, output_format="json") == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["sound"], told["complete"]) == (False, False)


def test_ctrl_c_ends_it(archive: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("twilio_sessions.cli._verify.verify", interrupted)
    assert run_verify(archive, against_api=False, output_format="text") == 130
    assert capsys.readouterr().err == "interrupted; verify changes nothing, so nothing was changed\n"

"""The option `--accounts`: each to its own folder, one summary, and nobody stops the others."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from served import emulated
from terminal import CTRL_C, Terminal, call, run

from twilio_sessions.emulator import EmulatorOptions, Fault, Seed
from twilio_sessions.export import count_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.emulator import Emulator

SIDS = ["AC" + digit * 32 for digit in "12"]


@pytest.fixture
def emulators() -> Iterator[tuple[Emulator, Emulator]]:
    slow = EmulatorOptions(latency=0.05)
    with (
        emulated(Seed(services=2, sessions=80, random_seed=1), slow, account_sid=SIDS[0]) as one,
        emulated(Seed(services=2, sessions=30, random_seed=2), slow, account_sid=SIDS[1]) as other,
    ):
        yield one, other


@pytest.fixture
def environ(emulators: tuple[Emulator, Emulator], tmp_path: Path) -> dict[str, str]:
    """Write the file, and return the variables that it names."""
    one, other = emulators
    (tmp_path / "accounts.toml").write_text(
        f"""
        [production]
        account_sid = "{SIDS[0]}"
        auth_token_env = "PRODUCTION"
        proxy_url = "{one.base_url}"
        assistants_url = "{one.base_url}"

        [staging]
        account_sid = "{SIDS[1]}"
        auth_token_env = "STAGING"
        proxy_url = "{other.base_url}"
        assistants_url = "{other.base_url}"
        """
    )
    token = one.environment()["TWILIO_AUTH_TOKEN"]
    return {"PRODUCTION": token, "STAGING": token}


COMMAND = ["export", "--out", "all", "--accounts", "accounts.toml"]


def is_there(emulator: Emulator, folder: Path) -> bool:
    counts = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    del counts["message-interactions"]
    return {name: count.rows for name, count in count_rows(folder).items()} == counts


def test_each_account_has_its_folder(
    emulators: tuple[Emulator, Emulator], environ: dict[str, str], tmp_path: Path
):
    done = run(*COMMAND, "--to", "ndjson", cwd=tmp_path, **environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == SIDS
    for sid, emulator in zip(SIDS, emulators, strict=True):
        assert is_there(emulator, tmp_path / "all" / sid)
        assert (tmp_path / "all" / sid / "ndjson" / "sessions.ndjson").exists()
    rows = [sum(count.rows for count in count_rows(tmp_path / "all" / sid).values()) for sid in SIDS]
    requests = [len(emulator.requests) for emulator in emulators]
    printed = re.sub(r" +\d+\.\d  complete", "  1.0  complete", done.stdout)
    printed = re.sub(r"^(account +rows +requests +429s).*", r"\1", printed)
    assert printed == (
        "account     rows  requests  429s\n"
        f"production  {rows[0]:>4,}  {requests[0]:>8,}     0  1.0  complete\n"
        f"staging     {rows[1]:>4,}  {requests[1]:>8,}     0  1.0  complete\n"
        "each has its folder in all, named by its account SID\n"
        f"check:  twilio-sessions verify all/{SIDS[0]}\n"
        f"check:  twilio-sessions verify all/{SIDS[1]}\n"
        f"made all/{SIDS[0]}/ndjson of it: {rows[0]:,} rows\n"
        f"made all/{SIDS[1]}/ndjson of it: {rows[1]:,} rows\n"
    )


def test_the_failure_of_one_does_not_stop_the_other(
    emulators: tuple[Emulator, Emulator], environ: dict[str, str], tmp_path: Path
):
    done = call(*COMMAND, cwd=tmp_path, **environ | {"STAGING": "canary-9d1"})
    assert done.returncode == 1
    assert done.stderr.startswith(f"staging ({SIDS[1]}):\ntwilio-sessions: HTTP 401")
    assert done.stderr.endswith("not any more; check STAGING\n")
    assert re.search(r"^production .* complete *$", done.stdout, re.MULTILINE)
    assert re.search(r"^staging +failed$", done.stdout, re.MULTILINE)
    assert "go on:  twilio-sessions export --out all --accounts accounts.toml\n" in done.stdout
    assert "canary-9d1" not in done.stdout + done.stderr
    assert is_there(emulators[0], tmp_path / "all" / SIDS[0])
    emulators[0].requests.clear()
    assert call(*COMMAND, cwd=tmp_path, **environ).returncode == 0
    assert len(emulators[0].requests) == 0
    assert is_there(emulators[1], tmp_path / "all" / SIDS[1])


def test_one_that_is_incomplete(
    emulators: tuple[Emulator, Emulator], environ: dict[str, str], tmp_path: Path
):
    emulators[1].faults.add(Fault("answer", status=400, operation="interactions.list", nth=9))
    done = call(*COMMAND, cwd=tmp_path, **environ)
    assert (done.returncode, done.stderr) == (3, "")
    assert re.search(r"^staging .* incomplete *$", done.stdout, re.MULTILINE)
    assert re.search(
        r"^staging: not read to the end:\n  AC\w+/proxy/KS\w+: HTTP 400", done.stdout, re.MULTILINE
    )
    quiet = call(*COMMAND, "--quiet", cwd=tmp_path, **environ)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


def test_for_programs_there_is_a_line_for_each(environ: dict[str, str], tmp_path: Path):
    done = call(*COMMAND, "--progress", "json", cwd=tmp_path, **environ | {"STAGING": "wrong"})
    assert done.returncode == 1
    one, other = (json.loads(line) for line in done.stdout.splitlines())
    assert (one["account"], one["account_sid"], one["complete"]) == ("production", SIDS[0], True)
    assert (other["account"], other["complete"]) == ("staging", False)
    assert other["error"].startswith("HTTP 401")
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert {line["account"] for line in lines} == {"production"}


def test_ctrl_c_stops_all_of_them(
    emulators: tuple[Emulator, Emulator], environ: dict[str, str], tmp_path: Path
):
    with Terminal(*COMMAND, cwd=tmp_path, environ=environ) as terminal:
        text = terminal.wait_for(lambda text: re.search(r"staging +[1-9]", text) is not None)
        assert re.match(r"exporting 2 accounts to all +0:00:0\d\naccount +rows  rows/s  requests/s", text)
        terminal.press(CTRL_C)
        assert terminal.finish() == 130
        assert terminal.lines == [
            "interrupted; what was read is kept in all",
            "go on:  twilio-sessions export --out all --accounts accounts.toml",
        ]
    assert call(*COMMAND, cwd=tmp_path, **environ).returncode == 0
    assert is_there(emulators[0], tmp_path / "all" / SIDS[0])


def test_an_estimate_for_each(environ: dict[str, str], tmp_path: Path):
    done = call(*COMMAND, "--estimate", cwd=tmp_path, **environ)
    assert done.returncode == 0
    assert re.findall(r"^(\w+) \((AC\w+)\)$", done.stdout, re.MULTILINE) == [
        ("production", SIDS[0]),
        ("staging", SIDS[1]),
    ]
    assert "96 sessions, " in done.stdout
    assert "36 sessions, " in done.stdout
    assert not (tmp_path / "all").exists()
    done = call(*COMMAND, "--estimate", "--progress", "json", cwd=tmp_path, **environ | {"STAGING": "wrong"})
    assert done.returncode == 1
    assert json.loads(done.stdout)["account"] == "production"


def test_the_archive_of_one_account_is_none_of_many(environ: dict[str, str], tmp_path: Path):
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "plan.json").touch()
    done = call(*COMMAND, cwd=tmp_path, **environ)
    assert done.returncode == 1
    assert "all is the archive of one account; name another folder" in done.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "twilio-sessions: accounts.toml cannot be read: "),
        ("[a]\nauth_token_env = '0123456789abcdef0123456789abcdef'", "line 2: this looks like a secret"),
        (f"[a]\naccount_sid = '{SIDS[0]}'\nauth_token_env = 'NOT_SET'", "the variable NOT_SET is not set"),
    ],
)
def test_a_mistake_in_the_file(tmp_path: Path, text: str | None, message: str):
    if text is not None:
        (tmp_path / "accounts.toml").write_text(text)
    done = call(*COMMAND, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "0123456789abcdef" not in done.stderr
    assert not (tmp_path / "all").exists()

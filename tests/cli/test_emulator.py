"""The command `emulator`: a local Twilio in one shell, and whatever uses it in another."""

from __future__ import annotations

import signal
import subprocess
from typing import IO, TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest
from terminal import CLEAN, PROGRAM, run

from twilio_sessions.export import count_rows

if TYPE_CHECKING:
    from pathlib import Path


def variables(lines: IO[str]) -> dict[str, str]:
    return dict(line.rstrip("\n").split("=", 1) for line in (next(lines) for _ in range(4)))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_emulator_in_one_shell_and_an_export_in_another(tmp_path: Path, ending: signal.Signals):
    with subprocess.Popen(
        [PROGRAM, "emulator", "--port", "0", "--services", "3", "--sessions", "40", "--random-seed", "5"],
        env=CLEAN,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as emulator:
        assert emulator.stdout is not None
        assert emulator.stderr is not None
        try:
            told = variables(emulator.stdout)
            done = run("export", "--out", "archive", "--include", "participants", cwd=tmp_path, **told)
            with pytest.raises(OSError, match="401"):
                urlopen(Request(told["TWILIO_SESSIONS_PROXY_URL"] + "/v1/Services"))
        finally:
            emulator.send_signal(ending)
        assert emulator.wait(timeout=10) == 0
        assert emulator.stderr.read() == "a local Twilio with 3 services and 40 sessions; Ctrl-C ends it\n"
    assert (done.returncode, done.stderr) == (0, "")
    assert {name: count.rows for name, count in count_rows(tmp_path / "archive").items()} == {
        "services": 3,
        "sessions": 40,
        "participants": 60,
        "assistants-sessions": 8,
    }

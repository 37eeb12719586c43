"""The emulator as a program, with and without the extra `cli`, as another program starts and stops it."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from complaints import complaints_in

from twilio_sessions.emulator.__main__ import main

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PROGRAM = [sys.executable, "-W", "error", "-m", "twilio_sessions.emulator", "--port", "0"]


class Served:
    """A running program and the variables that it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        lines = [process.stdout.readline().rstrip("\n") for _ in range(4)]
        self.variables = dict(line.split("=", 1) for line in lines)

    def get(self, path: str, body: bytes | None = None) -> Any:
        pair = f"{self.variables['TWILIO_ACCOUNT_SID']}:{self.variables['TWILIO_AUTH_TOKEN']}"
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        url = self.variables["TWILIO_SESSIONS_PROXY_URL"] + path
        with urlopen(Request(url, body, headers), timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def status(self, path: str) -> int:
        try:
            self.get(path)
        except HTTPError as error:
            error.close()
            return error.code
        return 200


@contextmanager
def served(
    *flags: str, ending: signal.Signals = signal.SIGTERM, program: Sequence[str | Path] = PROGRAM
) -> Iterator[Served]:
    process = subprocess.Popen([*program, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield Served(process)
    finally:
        process.send_signal(ending)
        printed, complaints = process.communicate(timeout=10)
    assert process.returncode == 0
    assert printed == ""
    assert complaints_in(complaints).startswith("a local Twilio with ")
    assert len(complaints_in(complaints).splitlines()) == 1


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(ending):
    with served("--services", "2", "--sessions", "9", "--seed", "5", ending=ending) as program:
        services = program.get("/v1/Services")["services"]
        assert len(services) == 2
        assert program.status("/__emulator__/counts") == 404
    with served("--services", "2", "--sessions", "9", "--seed", "5") as program:
        assert [one["sid"] for one in program.get("/v1/Services")["services"]] == [
            one["sid"] for one in services
        ]


def test_every_flag_does_something():
    account = "AC" + "7" * 32
    with served(
        *("--services", "1", "--sessions", "0", "--control", "--latency", "0.2", "--rate-limit", "2"),
        *("--account-sid", account, "--auth-token", "made-up"),
        *("--fault", '{"do": "answer", "status": 503, "target": "PageSize=1$"}'),
        *("--fault", '[{"do": "answer", "status": 502, "target": "PageSize=2$"}, {"do": "bom", "nth": 9}]'),
    ) as program:
        assert program.variables["TWILIO_ACCOUNT_SID"] == account
        assert program.variables["TWILIO_AUTH_TOKEN"] == "made-up"
        faults = program.get("/__emulator__/faults")["faults"]
        assert [one["fault"]["do"] for one in faults] == ["answer", "answer", "bom"]
        assert program.status("/v1/Services?PageSize=1") == 503
        assert program.status("/v1/Services?PageSize=2") == 502
        begun = time.monotonic()
        assert program.status("/v1/Services?PageSize=3") == 200
        assert time.monotonic() - begun >= 0.2
        assert program.status("/v1/Services") == 200
        assert program.status("/v1/Services") == 429


def test_a_rate_limit_without_a_number_is_twilios():
    with served("--sessions", "0", "--rate-limit", "--control") as program:
        assert {program.status("/v1/Services") for _ in range(150)} == {200}
        assert program.status("/v1/Services") == 429


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--port", "99999"], 2, "port: must be an integer from 0 to 65535, not 99999"),
        (["--latency", "-1"], 2, "'latency' must be >= 0: -1.0"),
        (["--rate-limit", "0"], 2, "'rate_limit' must be >= 1: 0"),
        (["--fault", '{"do": "explode"}'], 2, "do: must be one of 'answer', "),
        (["--fault", "reset"], 2, "fault: must be JSON: "),
        (["--services", "0"], 2, "Seed.sessions needs at least one service"),
        (["--account-sid", "AC1"], 2, "not an account SID"),
        (["--host", "x" * 70], 2, "--host: "),
        (["--colour"], 2, "unrecognized arguments: --colour"),
        (["--host", "192.0.2.1"], 1, "cannot listen on 192.0.2.1:0: "),
    ],
)
def test_a_mistake_is_one_line(capsys, flags, code, message):
    try:
        returned: object = main(["--port", "0", *flags])
    except SystemExit as exit_:  # argparse's way
        returned = exit_.code
    printed, complaints = capsys.readouterr()
    assert (returned, printed) == (code, "")
    assert message in complaints.splitlines()[-1]


def test_the_help_shows_an_example():
    done = subprocess.run([*PROGRAM, "--help"], capture_output=True, text=True, check=True, timeout=30)
    assert "example: python -m twilio_sessions.emulator" in done.stdout


def test_the_command_has_the_same_flags():
    """What `twilio-sessions emulator` does with the two that it shares with no other test."""
    flags = [
        *("--port", "0", "--sessions", "0", "--control", "--latency", "0.2"),
        *(
            "--fault",
            '{"do": "bom", "nth": 9}',
            "--fault",
            '[{"do": "nan", "nth": 9}, {"do": "bom", "nth": 9}]',
        ),
    ]
    with served(*flags, program=[Path(sys.executable).parent / "twilio-sessions", "emulator"]) as program:
        faults = program.get("/__emulator__/faults")["faults"]
        assert [one["fault"]["do"] for one in faults] == ["bom", "nan", "bom"]
        begun = time.monotonic()
        assert program.status("/v1/Services") == 200
        assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--latency", "-1"], "twilio-sessions: 'latency' must be >= 0: -1.0"),
        (["--fault", "reset"], "twilio-sessions: fault: must be JSON: "),
    ],
)
def test_the_command_explains_a_mistake(flags, message):
    command = [Path(sys.executable).parent / "twilio-sessions", "emulator", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert complaints_in(done.stderr).startswith(message)

"""The export with a sync client: the same arguments and results, and Ctrl-C in the middle."""

from __future__ import annotations

import inspect
import re
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from scripts import Script
from served import client_of, emulated

from twilio_sessions import ArgumentError, Client, ConfigurationError
from twilio_sessions.emulator import EmulatorOptions, Seed
from twilio_sessions.export import (
    ExportProgress,
    RowCount,
    count_rows,
    estimate,
    estimate_sync,
    export,
    export_since_last,
    export_since_last_sync,
    export_sync,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

    from twilio_sessions.emulator import Emulator


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with emulated(Seed(services=2, sessions=60, random_seed=3)) as running:
        yield running


def test_everything_is_exported(emulator: Emulator, tmp_path: Path):
    seen: list[tuple[int, str]] = []

    def note(progress: ExportProgress) -> None:
        seen.append((progress.total_rows, threading.current_thread().name))

    with client_of(emulator) as client:
        report = export_sync(client, tmp_path / "archive", include=["all"], on_progress=note)
    expected = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    assert report.rows == expected
    assert count_rows(report.out) == {name: RowCount(count, count) for name, count in expected.items()}
    assert seen[-1] == (report.total_rows, "twilio-sessions")


def test_an_error_is_raised_here(emulator: Emulator, tmp_path: Path):
    with client_of(emulator) as client:
        with pytest.raises(ArgumentError, match="there is no 'nobody'"):
            export_sync(client, tmp_path / "archive", services=["nobody"])
        with pytest.raises(ArgumentError, match="concurrency must be 1 or more"):
            export_sync(client, tmp_path / "archive", concurrency=0)
    with pytest.raises(ConfigurationError, match="this client is closed"):
        export_sync(client, tmp_path / "archive")


def test_an_estimate(emulator: Emulator):
    with client_of(emulator) as client:
        assert estimate_sync(client, select(products=["proxy"])).sessions == 60


def test_what_is_new_is_added(emulator: Emulator, tmp_path: Path):
    with client_of(emulator) as client:
        export_sync(client, tmp_path / "archive", include=[])
        assert export_since_last_sync(client, tmp_path / "archive").rows["sessions"] == 0


@pytest.mark.parametrize(
    ("blocking", "awaited"),
    [(export_sync, export), (estimate_sync, estimate), (export_since_last_sync, export_since_last)],
)
def test_it_is_the_same_in_all_but_the_client(blocking: Callable[..., Any], awaited: Callable[..., Any]):
    assert blocking.__name__ == f"{awaited.__name__}_sync"
    assert blocking.__doc__ is not None
    assert f"{blocking.__name__}(client" in blocking.__doc__
    assert not re.search(r"\bawait\b", blocking.__doc__.replace("no `await`", ""))
    assert not inspect.iscoroutinefunction(blocking)
    ours, theirs = inspect.signature(blocking), inspect.signature(awaited)
    assert list(ours.parameters)[1:] == list(theirs.parameters)[1:]
    assert ours.parameters["client"].annotation == "Client"
    assert ours.return_annotation == theirs.return_annotation


SCRIPT = """
import sys
from twilio_sessions import Client
from twilio_sessions.export import export_sync
def show(progress):
    print(progress.total_rows, flush=True)
with Client(rate_limit=False) as client:
    try:
        report = export_sync(client, sys.argv[1], on_progress=show)
        print("complete", report.rows_read, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_keeps_what_was_read_and_the_same_call_goes_on(tmp_path: Path):
    options = EmulatorOptions(latency=0.05)
    archive = tmp_path / "archive"
    with emulated(Seed(services=2, sessions=200, random_seed=3), options) as emulator:
        running = Script(SCRIPT.replace("sys.argv[1]", repr(str(archive))), emulator)
        assert running.process.stdout is not None
        while int(running.process.stdout.readline()) < 400:
            pass
        began = time.monotonic()
        running.interrupt()
        printed = running.finish().splitlines()
        assert printed[-1] == "interrupted"
        assert time.monotonic() - began < 20
        again = Script(SCRIPT.replace("sys.argv[1]", repr(str(archive))), emulator).finish().splitlines()
        expected = {name.replace("_", "-"): count for name, count in emulator.store.counts().items()}
    del expected["message-interactions"]
    assert count_rows(archive) == {name: RowCount(count, count) for name, count in expected.items()}
    state, rows_read = again[-1].split()
    assert state == "complete"
    assert int(rows_read) <= sum(expected.values()) - 400


def test_a_client_made_from_another_exports_too(emulator: Emulator, tmp_path: Path):
    with client_of(emulator) as client:
        other: Client = client.with_options(max_attempts=1)
        assert export_sync(other, tmp_path / "archive", include=[]).rows["sessions"] == 60

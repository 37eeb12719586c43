"""Locks: they last as long as the process, and no longer."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from twilio_sessions import ArchiveLockedError
from twilio_sessions.export import _locks
from twilio_sessions.export._storage import DiskFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the folder, and whose child would do so too if it could."""
    script = f"""
        import os, pathlib, sys, time
        from twilio_sessions.export._storage import DiskFolder

        with DiskFolder(pathlib.Path({str(tmp_path)!r})).lock():
            if os.fork() == 0:
                print(os.getpid(), flush=True)
            time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, encoding="utf-8"
    )
    with process:
        yield process
        process.kill()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_another_process_is_refused_until_the_holder_is_killed(tmp_path: Path, holder: subprocess.Popen[str]):
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    try:
        with pytest.raises(ArchiveLockedError), DiskFolder(tmp_path).lock():
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        # The child lives on, and has nothing to do with it.
        os.kill(child, 0)
        with DiskFolder(tmp_path).lock():
            pass
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_file_system_without_locks_is_no_other_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(_: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(_locks, "_lock", refuse)
    with pytest.raises(OSError, match="No locks available"), DiskFolder(tmp_path).lock():
        pass
    # The file is closed nevertheless: this would be a leak that the warning filter makes an error.
    assert not _locks._held  # noqa: SLF001 - what is asserted is inside

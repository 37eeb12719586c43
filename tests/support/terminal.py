"""Runs the installed program as a person does: in a terminal of some size, looking at what it shows."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self
from unittest import mock

import pyte

from twilio_sessions.cli import _app

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["CLEAN", "CTRL_C", "PROGRAM", "Terminal", "call", "run"]

_FOUND = shutil.which("twilio-sessions", path=str(Path(sys.executable).parent))
if _FOUND is None:
    raise RuntimeError("the package is not installed beside this Python")
PROGRAM: str = _FOUND
_KEPT = ("HOME", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COVERAGE_FILE")
CLEAN = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
    "PYTHONWARNINGS": "error",
    "PATH": f"{Path(PROGRAM).parent}{os.pathsep}{os.environ['PATH']}",
}
LIMIT = 50


def run(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program in pipes, to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=CLEAN | environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
    )


def call(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, which begins half a second earlier; as if in pipes."""
    printed, said = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, CLEAN | environ, clear=True),
        mock.patch.object(sys, "argv", [PROGRAM, *arguments]),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(said),
    ):
        code = _app.run()
    return subprocess.CompletedProcess(list(arguments), code, printed.getvalue(), said.getvalue())


class Terminal:
    """The program in a terminal of its own.

    Attributes:
        process: The program.
        written: All that it wrote, as it wrote it.
        screen: What its terminal shows.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path,
        environ: Mapping[str, str] | None = None,
        columns: int = 80,
        lines: int = 40,
        program: str = PROGRAM,
    ) -> None:
        self.written = ""
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self._lock = threading.Lock()
        self._controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            [program, *arguments],
            cwd=cwd,
            env=CLEAN | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | dict(environ or {}),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            # Its controlling terminal, so that Ctrl-C comes as a key.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - before any thread
        )
        os.close(terminal)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._controller, 65536)
            except OSError:  # Linux says so when the other end is closed.
                return
            if not chunk:
                return
            with self._lock:
                self.written += chunk.decode(errors="replace")
                self._stream.feed(chunk)

    @property
    def lines(self) -> list[str]:
        """What the terminal shows, without blanks at the ends."""
        with self._lock:
            shown = [line.rstrip() for line in self.screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(self.lines)

    def wait_for(self, what: str | Callable[[str], bool], seconds: float = LIMIT) -> str:
        """Wait until the terminal shows something, and return what it shows."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.text
            if what in text if isinstance(what, str) else what(text):
                return text
            if self.process.poll() is not None and not self._reader.is_alive():
                break
            time.sleep(0.01)
        raise AssertionError(f"{what!r} was never shown; this was: {self.text}")

    def press(self, key: str) -> None:
        """Press a key, such as Ctrl-C."""
        os.write(self._controller, key.encode())

    def finish(self) -> int:
        """Wait for the end of the program, and return its exit code."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(LIMIT)
        os.close(self._controller)


CTRL_C = "\x03"

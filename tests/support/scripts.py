"""Runs scripts as users run them: in a process of their own, which must end in time and say nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Protocol

import pytest
from complaints import complaints_in
from measuring import unmeasured
from served import environment_of

if TYPE_CHECKING:
    from served import SilentServer

    from twilio_sessions.emulator import Emulator

__all__ = ["Run", "Script"]

LIMIT = 30


class Run(Protocol):
    """Runs a script and returns what it printed."""

    def __call__(
        self, script: str, server: Emulator | SilentServer, *, code: int = 0, ignore: str = ""
    ) -> str: ...


class Script:
    """A script that is running; warnings are errors in it, and asyncio watches.

    Its lines are counted on request only: see `measuring.unmeasured`.
    """

    def __init__(
        self, text: str, server: Emulator | SilentServer, *options: str, is_measured: bool = False
    ) -> None:
        inherited = os.environ if is_measured else unmeasured(os.environ)
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", *options, "-c", textwrap.dedent(text)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            # Forked children are ended with it.
            start_new_session=True,
            env={**inherited, **environment_of(server), "PYTHONASYNCIODEBUG": "1"},
        )

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def finish(self, *, code: int = 0) -> str:
        """Wait for the end, which must come in time, with this code and without a word on stderr."""
        try:
            printed, complaints = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            printed, complaints = self.process.communicate()
            pytest.fail(f"it hangs, after this: {printed}\n{complaints}")
        assert complaints_in(complaints) == ""
        assert self.process.returncode == code, printed
        return printed

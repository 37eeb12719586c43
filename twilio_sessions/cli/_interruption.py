"""Ctrl-C and SIGTERM: once stops in order within two seconds, twice stops at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, NoReturn

import anyio
import attrs

from twilio_sessions.cli._codes import of_signal
from twilio_sessions.cli._console import drop_output

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import FrameType

__all__ = ["interruptible"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
# An archive is whole at any instant, so whatever hangs after this is left behind: two seconds were promised.
_PATIENCE: Final = 1.8
_SHOW_CURSOR: Final = "\x1b[?25h"


async def interruptible(
    work: Callable[[], Awaitable[int]], *, last_words: str, farewell: Callable[[], object]
) -> int:
    """Do some work and return its exit code, or that of the signal that interrupted it.

    The first signal cancels the work, which may clean up; a second one ends the process, and so does work
    that has not ended in time.

    Args:
        work: What to do.
        last_words: What is said when the process is ended the hard way.
        farewell: Says what is to be said when the work was cancelled in order.
    """
    interruption = _Interruption(last_words)
    loop = asyncio.get_running_loop()
    with anyio.CancelScope() as scope, interruption.handlers(loop, scope):
        code = await work()
        # A signal that came too late to change anything.
        interruption.is_over()
        return code
    try:
        farewell()
    except BrokenPipeError:
        drop_output()
    interruption.last_words = ""
    return of_signal(interruption.received or signal.SIGINT)


@attrs.define
class _Interruption:
    """What signals do to some work.

    Attributes:
        last_words: What is said when the process is ended the hard way.
        received: The number of the first signal.
    """

    last_words: str
    received: int | None = None
    _timer: threading.Timer | None = None

    @contextmanager
    def handlers(self, loop: asyncio.AbstractEventLoop, scope: anyio.CancelScope) -> Generator[None]:
        """Listen to signals."""

        def handle(number: int, _frame: FrameType | None) -> None:
            if self.received is not None:
                self._end(number)
            self.received = number
            self._timer = threading.Timer(_PATIENCE, self._end, [number])
            self._timer.daemon = True
            self._timer.start()
            loop.call_soon_threadsafe(scope.cancel)

        # Not the loop's own handlers: those wait while the loop is busy, or after it has ended.
        # What a shell told to ignore (nohup, a job in the background) stays ignored.
        before = {one: signal.getsignal(one) for one in _SIGNALS}
        ours = [one for one in _SIGNALS if before[one] is not signal.SIG_IGN]
        for one in ours:
            signal.signal(one, handle)
        try:
            yield
        finally:
            # After the first signal the second one must be heard to the very end of the process.
            if self.received is None:
                for one in ours:
                    signal.signal(one, before[one])

    def is_over(self) -> None:
        """Let the process end by itself."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, number: int) -> NoReturn:
        cursor = _SHOW_CURSOR if sys.stderr.isatty() else ""
        said = f"\n{self.last_words}\n" if self.last_words else ""
        with suppress(OSError):
            os.write(sys.stderr.fileno(), f"{cursor}{said}".encode())
        os._exit(of_signal(number))

"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Final

from rich.console import Console

__all__ = ["boxes", "drop_output", "errors", "output"]


_WIDE: Final = 1000


class _Console(Console):
    """A console that leaves it to the command what a broken pipe means."""

    def on_broken_pipe(self) -> None:
        """Raise what was raised; by default the program would end here, with a code that means an error."""
        raise  # noqa: PLE0704 - called where the error is being handled


def output() -> Console:
    """Return the console for results."""
    return _console(stderr=False)


def errors() -> Console:
    """Return the console for everything that is no result."""
    return _console(stderr=True)


def boxes(*, stderr: bool = False) -> Console:
    """Return the console for help and for mistakes in options, which have a width in a pipe, too."""
    return _Console(stderr=stderr)


def _console(*, stderr: bool) -> Console:
    console = _Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    # Who reads a pipe has no width: nothing is wrapped, and no column is cut.
    return _Console(stderr=stderr, highlight=False, soft_wrap=True, width=_WIDE)


def drop_output() -> None:
    """Write to nowhere from now on: nobody reads, and the interpreter would complain of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())

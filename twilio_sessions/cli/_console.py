"""Where the command line writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from rich.console import Console

__all__ = ["boxes", "drop_output", "errors", "finish_output", "open_streams", "output"]

_WIDE: Final = 1000
_FILLED: Final = re.compile(r" +$", re.MULTILINE)


class _Console(Console):
    """A console that leaves it to the command what a broken pipe means, and fills up no line of a pipe."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; into a pipe without the blanks that fill up the columns of a table."""
        if self.is_terminal:
            super().print(*objects, **options)
            return
        with self.capture() as captured:
            super().print(*objects, **options)
        self.file.write(_FILLED.sub("", captured.get()))
        self.file.flush()

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


def open_streams() -> bool:
    """Return whether there is a standard output; remarks without a place to go to go nowhere.

    What a shell has closed (`>&-`), Python leaves out, and the next file or connection would get its number.
    """
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    return sys.stdout is not None


def finish_output() -> OSError | None:
    """Write what is still to be written; return what is wrong with standard output, if something is.

    Raises:
        BrokenPipeError: Nobody reads.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        drop_output(errors=False)
        return error
    return None


def drop_output(*, errors: bool = True) -> None:
    """Write to nowhere from now on: nobody reads, and the interpreter would complain of it at its end.

    Args:
        errors: Whether standard error, too.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr) if errors else (sys.stdout,):
        with suppress(OSError, ValueError):
            os.dup2(nowhere, stream.fileno())

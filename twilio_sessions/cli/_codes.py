"""Exit codes, and what they mean."""

from __future__ import annotations

from typing import Final

__all__ = ["BROKEN_PIPE", "FAILED", "INCOMPLETE", "INTERRUPTED", "OK", "TERMINATED", "USAGE", "of_signal"]

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INCOMPLETE: Final = 3
INTERRUPTED: Final = 130
BROKEN_PIPE: Final = 141
TERMINATED: Final = 143

MEANING: Final = """\
Exit codes:

- **0** complete
- **1** an error: the message says what to do; what was read is kept
- **2** the command or the configuration cannot be right; nothing was written
- **3** incomplete: something could not be read; the same command goes on
- **130** interrupted by Ctrl-C, **143** by SIGTERM: the same command goes on
"""


def of_signal(number: int) -> int:
    """Return the code with which a program ends that a signal has ended."""
    return 128 + number

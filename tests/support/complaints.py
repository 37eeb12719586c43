"""What a program complained of: its standard error, without remarks on how busy this machine is."""

from __future__ import annotations

import re

__all__ = ["complaints_in"]

# asyncio's debug mode says so of everything that takes 0.1 s, and on a busy machine anything may.
_SLOW = re.compile(r"^Executing <.* took \d+\.\d+ seconds$")


def complaints_in(stderr: str) -> str:
    """Return what is left of standard error; an empty string when there was nothing to complain of."""
    return "\n".join(line for line in stderr.splitlines() if not _SLOW.match(line))

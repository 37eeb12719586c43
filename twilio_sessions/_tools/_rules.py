"""What the sync facade is made from, and what its docstrings say differently."""

from __future__ import annotations

from typing import Final

__all__ = ["PHRASES", "ROOT", "SOURCES", "WORDS"]

SOURCES: Final = ("_core/resource.py", "assistants/_*.py", "proxy/_*.py", "client.py")
"""Where the async classes are, inside the package; every class whose name begins with `Async` counts."""

ROOT: Final = "AsyncClient"
"""The class that users make themselves; all others are reached through it."""

WORDS: Final = {
    r"\bAsync(?=[A-Z])": "",
    r"\basync (?=for\b|with\b)": "",
    r"\bawait ": "",
}
"""Patterns that turn the text of any docstring; one that never matches is an error."""

PHRASES: Final = {
    "Twilio's Sessions, awaited.": "Twilio's Sessions, for code without an event loop.",
    """Making one does no I/O and needs no event loop; the first request opens the connections. One client
    serves any number of tasks of one loop. `async with` or `close()` closes the connections.""": """\
Making one does no I/O and starts no thread; the first call opens the connections, in a thread that all
clients of a process share. One client serves any number of threads. `with` or `close()` closes the
connections; so do dropping it and the end of the interpreter. In the child of a fork the first call
opens connections of its own. Inside a running event loop it works, but blocks that loop, and says so
once in a `BlockingCallWarning`. Ctrl-C cancels what is under way.""",
}
"""Sentences that are true of one side only; white space counts as one blank, and each must match."""

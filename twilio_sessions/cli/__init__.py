"""The command line: parses, calls the library, shows what it does; nothing a library user would miss."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]

_INTERRUPTED = 130
_NEEDS = ("cyclopts", "rich")


def main() -> None:
    """Run `twilio-sessions`, or say what has to be installed for it."""
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"twilio-sessions: the command line needs {' and '.join(missing)}; "
            "install them with: pip install 'twilio-sessions[cli]'"
        )
    try:
        from twilio_sessions.cli._app import run  # noqa: PLC0415 - only now is it sure to work

        code = run()
    except KeyboardInterrupt:
        # In the first moments, while modules are read.
        code = _INTERRUPTED
    sys.exit(code)

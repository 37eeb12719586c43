"""The group `sessions` with its commands for many: `close`, `delete` and `create`."""

from __future__ import annotations

from typing import Final

import cyclopts

from twilio_sessions.cli._bulk_create import create
from twilio_sessions.cli._bulk_planned import close, delete
from twilio_sessions.cli._connection import connected

__all__ = ["add_bulk"]

_MEANING: Final = """\
Exit codes:

- **0** every session is done: changed, or as it should be already
- **1** an error that stops everything, or the answer was no; the message says what to do
- **2** the command, a file that it names or the configuration cannot be right, or nobody said yes; nothing
  was changed
- **3** some were skipped or failed; the same command tries them again; of --dry-run: some are not there, or
  cannot be looked at
- **130** interrupted by Ctrl-C, **143** by SIGTERM; of many sessions, the command that is printed goes on
"""


def add_bulk(app: cyclopts.App) -> None:
    """Add the commands to the group `sessions`; `create` and `delete` are those for one session as well."""
    group = cyclopts.App(
        name="sessions",
        help=(
            "Sessions: list, fetch, create, update, delete; close, delete and create many at once."
            "\n\nExample: twilio-sessions sessions list --service rides"
        ),
    )
    app.command(group)
    group.command(connected(create), help_epilogue=_MEANING)
    group.command(connected(delete), help_epilogue=_MEANING)
    group.command(connected(close), help_epilogue=_MEANING)

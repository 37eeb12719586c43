"""What to say when something went wrong: what happened, and what to do."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twilio_sessions.cli._remedies import REMEDIES
from twilio_sessions.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    ExportIncompleteError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TwilioSessionsError,
)

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["advice", "command_line", "explain"]

_ON_DISK: Final = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your quota of the disk is used up; free some space",
    errno.EFBIG: "a file may not grow that large here (ulimit -f); raise that limit",
    errno.EROFS: "the disk is read-only; name a folder on another one with --out",
    errno.EACCES: "you may not write there; change the permissions, or name another folder with --out",
    errno.EPERM: "you may not write there; change the permissions, or name another folder with --out",
    errno.EIO: "the disk reports that it is failing; look at it before you go on",
    errno.ELOOP: "a link is in the way, and links are not followed; move it away",
    errno.EMFILE: "too many files are open (ulimit -n); raise that limit, or lower --concurrency",
}


_BUSY: Final = "Twilio cannot answer at the moment; see https://status.twilio.com, and try again later"
_CREDENTIALS: Final = "TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET"
_AT_TWILIO: Final[dict[type[TwilioSessionsError], str]] = {
    AuthenticationError: "Twilio does not accept the credentials, or not any more; check {credentials}",
    PermissionDeniedError: "these credentials may not read this; use an API key that may, or the auth token",
    APIConnectionError: (
        "check the network, and TWILIO_SESSIONS_PROXY_URL and TWILIO_SESSIONS_ASSISTANTS_URL if they are set"
    ),
    RateLimitError: _BUSY,
    ServerError: _BUSY,
}


def advice(error: BaseException | None, credentials: str = _CREDENTIALS) -> str:
    """Return what to do about an error; an empty text when nobody knows, or its own message says that.

    Args:
        error: What went wrong.
        credentials: Where the credentials come from.
    """
    if isinstance(error, ExportIncompleteError):
        return advice(error.__cause__, credentials)
    if isinstance(error, APIError) and error.code in REMEDIES:
        return REMEDIES[error.code]
    if isinstance(error, TwilioSessionsError):
        known = (what for kind, what in _AT_TWILIO.items() if isinstance(error, kind))
        return next(known, "").format(credentials=credentials)
    return _ON_DISK.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def explain(console: Console, error: Exception, what: str = "") -> None:
    """Print an error: what happened, where, and what to do.

    Args:
        console: Where to.
        error: What went wrong.
        what: What to do, if that is known.
    """
    console.print(f"twilio-sessions: {_message(error)}", style="red", markup=False)
    for note in getattr(error, "__notes__", ()):
        console.print(f"  {note}", markup=False)
    if what:
        console.print(f"  {what}", markup=False)


def command_line(*arguments: object) -> str:
    """Return a command of this program, to be typed as it is."""
    program = Path(sys.argv[0])
    found = shutil.which(program.name)
    # As it is found on the PATH, or as it was called.
    is_found = found is not None and program.exists() and Path(found).samefile(program)
    words = [program.name if is_found else str(program), *map(str, arguments)]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)

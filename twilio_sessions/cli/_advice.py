"""What to say when something went wrong: what happened, and what to do."""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twilio_sessions._core.proxies import VARIABLES
from twilio_sessions.cli._remedies import REMEDIES
from twilio_sessions.cli._source import addresses_in_use, credentials_in_use
from twilio_sessions.cli._tables import printable
from twilio_sessions.errors import (
    APICertificateError,
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
    from collections.abc import Collection

    from rich.console import Console

__all__ = ["advice", "command_line", "explain", "message"]

_DENIED: Final = "you have no permission there; change the permissions{or_elsewhere}"
_ON_DISK: Final = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "your quota of the disk is used up; free some space",
    errno.EFBIG: "a file may not grow that large here (ulimit -f); raise that limit",
    errno.EROFS: "the disk is read-only; use a folder on another one{by}",
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: "the disk reports that it is failing; look at it before you go on",
    errno.ELOOP: "a link is in the way, and links are not followed; move it away",
    errno.EMFILE: "too many files are open (ulimit -n); raise that limit{or_fewer}",
}
# Options that name a folder to write to.
_FOLDERS: Final = ("--out", "--journal")

_BUSY: Final = "Twilio cannot answer at the moment; see https://status.twilio.com, and try again later"
_AT_TWILIO: Final[dict[type[TwilioSessionsError], str]] = {
    AuthenticationError: "Twilio does not accept the credentials, or not any more; check {credentials}",
    PermissionDeniedError: (
        "these credentials may not {verb} this; use an API key that may, or the auth token"
    ),
    RateLimitError: _BUSY,
    ServerError: _BUSY,
}
# What the library calls what is in between.
_THROUGH: Final = "the HTTP proxy"
_TRUST: Final = ("this machine's clock", "which certificates it trusts (SSL_CERT_FILE)")
# The library says what to look at in words of its arguments.
_HINT: Final = re.compile(r"; check .+?(?= \[[A-Z]+ )")
_VERBS: Final = {"GET": "read", "DELETE": "delete"}


def advice(
    error: BaseException | None, credentials: str | None = None, *, options: Collection[str] = ()
) -> str:
    """Return what to do about an error; an empty text when nobody knows, or its own message says that.

    Args:
        error: What went wrong.
        credentials: What to look at when the credentials are refused; by default those of this process.
        options: The options of the command, as far as advice may name them.
    """
    if isinstance(error, ExportIncompleteError):
        return advice(error.__cause__, credentials, options=options)
    if isinstance(error, APIError) and error.code in REMEDIES:
        return REMEDIES[error.code]
    if isinstance(error, APIConnectionError):
        return _between(error)
    if isinstance(error, TwilioSessionsError):
        return _at_twilio(error, credentials or credentials_in_use())
    return _on_disk(error, options) if isinstance(error, OSError) else ""


def _at_twilio(error: TwilioSessionsError, credentials: str) -> str:
    known = (what for kind, what in _AT_TWILIO.items() if isinstance(error, kind))
    verb = _VERBS.get(error.method, "create or change") if isinstance(error, APIError) else ""
    return next(known, "").format(credentials=credentials, verb=verb)


def _between(error: APIConnectionError) -> str:
    if _THROUGH in str(error):
        return f"check {', '.join(VARIABLES.values())}: those that are set"
    others: tuple[str, ...] = _TRUST if isinstance(error, APICertificateError) else ("the network",)
    *some, last = *addresses_in_use(error.url), *others
    return f"check {', '.join(some)} and {last}" if some else f"check {last}"


def _on_disk(error: OSError, options: Collection[str]) -> str:
    folder = next((option for option in _FOLDERS if option in options), "")
    return _ON_DISK.get(error.errno or 0, "").format(
        by=f" with {folder}" if folder else "",
        or_elsewhere=f", or name another folder with {folder}" if folder else "",
        or_fewer=", or lower --concurrency" if "--concurrency" in options else "",
    )


def explain(console: Console, error: Exception, what: str = "") -> None:
    """Print an error: what happened, where, and what to do.

    Args:
        console: Where to.
        error: What went wrong.
        what: What to do, if that is known.
    """
    # Some of it is what a server said.
    shown = "\n".join(map(printable, message(error).splitlines()))
    console.print(f"twilio-sessions: {shown}", style="red", markup=False)
    for note in getattr(error, "__notes__", ()):
        console.print(f"  {printable(note)}", markup=False)
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


def message(error: Exception) -> str:
    """Return what an error says, without what is said better on a command line."""
    if isinstance(error, APIConnectionError):
        return _HINT.sub("", str(error))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)

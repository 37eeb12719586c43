"""How a command ends that went wrong: its error in words of the command line, advice, and the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twilio_sessions.cli import _codes
from twilio_sessions.cli._advice import advice, explain
from twilio_sessions.cli._console import errors
from twilio_sessions.cli._debug import print_traceback
from twilio_sessions.cli._options import in_options
from twilio_sessions.cli._source import with_all_ways
from twilio_sessions.errors import (
    ArgumentError,
    ConfigurationError,
    JournalError,
    JournalLockedError,
    TwilioSessionsError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["end_with_error", "end_with_os_error"]


def end_with_error(error: TwilioSessionsError, options: Mapping[str, str]) -> int:
    """Say what the library says, and return the exit code.

    Args:
        error: What went wrong.
        options: The options of the command, by argument.
    """
    console = errors()
    print_traceback(console, error)
    explain(console, _in_words(error, options), advice(error, options=options.values()))
    is_wrong = isinstance(error, ArgumentError | ConfigurationError | JournalError)
    # That another process writes to a journal passes by itself.
    return _codes.USAGE if is_wrong and not isinstance(error, JournalLockedError) else _codes.FAILED


def end_with_os_error(error: OSError, lost: OSError | None, options: Mapping[str, str]) -> int:
    """Say what is wrong with a file, or with standard output, and return the exit code.

    Args:
        error: What went wrong.
        lost: What is wrong with standard output, if something is.
        options: The options of the command, by argument.
    """
    console = errors()
    print_traceback(console, error)
    if lost is not None and error.filename is None:
        error = OSError(lost.errno, lost.strerror, "standard output")
    explain(console, error, advice(error, options=options.values()))
    return _codes.FAILED


def _in_words(error: TwilioSessionsError, options: Mapping[str, str]) -> TwilioSessionsError:
    """Return an error in words of the command line: it has options and profiles, and none for a secret."""
    if isinstance(error, ArgumentError):
        return in_options(error, options)
    return with_all_ways(error) if isinstance(error, ConfigurationError) else error

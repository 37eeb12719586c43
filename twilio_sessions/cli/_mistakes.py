"""Mistakes in a command line, in two lines: what is wrong, and how it is done right."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Final, get_args

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnusedCliTokensError,
)

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["explain_mistake"]

_PROGRAM: Final = "twilio-sessions"
_EXAMPLE: Final = re.compile(r"Example: (.+)")
_WORDS: Final = {
    timedelta: "a duration such as 90m, 12h or 30d",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}


def explain_mistake(console: Console, error: CycloptsError) -> None:
    """Print what is wrong with a command line, and how it is done right.

    Args:
        console: Where to.
        error: What the parser says.
    """
    console.print(f"{_PROGRAM}: {_what(error)}", style="red", markup=False)
    console.print(f"  {_how(error)}", markup=False)


def _what(error: CycloptsError) -> str:
    command = " ".join(error.command_chain or ())
    if isinstance(error, UnknownCommandError):
        return _unknown_command(error)
    if isinstance(error, UnusedCliTokensError):
        words = " ".join(map(repr, error.unused_tokens or ()))
        return f"{command} does not take {words}; text with blanks or # in it needs quotes"
    if isinstance(error, MissingArgumentError):
        return _missing(error, command)
    if isinstance(error, CoercionError) and (wanted := _wanted(error)):
        return wanted
    return _uncapitalized(str(error))


def _unknown_command(error: UnknownCommandError) -> str:
    word = (error.unused_tokens or [""])[0]
    if word.startswith("-"):
        return f"unknown option: {word}; options come after the command"
    suggested, _, listed = str(error).partition(" Available commands: ")
    # Whoever is told what was meant needs no list of what else there is.
    is_suggested = "Did you mean" in suggested or not listed
    return _uncapitalized(suggested if is_suggested else f"{suggested} There are: {listed}")


def _missing(error: MissingArgumentError, command: str) -> str:
    """Tell an option without its value from one that is not there at all."""
    _, _, suggestion = str(error).partition(" Did you mean ")
    if suggestion:
        needed, _, given = suggestion.rstrip("?").partition(" instead of ")
        return f"{command} does not know {given}; did you mean {needed}?"
    if error.keyword is not None:
        return f"{error.keyword} needs a value"
    return f"{command} needs {error.argument.name if error.argument is not None else 'more'}"


def _wanted(error: CoercionError) -> str:
    """Say what a value should be, in words that are not Python's; an empty text where there are none."""
    kinds = {error.target_type, *get_args(error.target_type)}
    words = next((words for kind, words in _WORDS.items() if kind in kinds), None)
    if error.msg is not None or error.token is None or words is None:
        return ""
    name = error.token.keyword or (error.argument.name if error.argument is not None else "")
    return f'invalid value for {name}: must be {words}, not "{error.token.value}"'


def _how(error: CycloptsError) -> str:
    """Return an example, and where all options are."""
    # Of no command, that of None: it has no example.
    found = _EXAMPLE.search(getattr(error, "target", None).__doc__ or "")
    words = " ".join([_PROGRAM, *(error.command_chain or ())])
    if found is None:
        return f"all commands: {words} --help"
    return f"such as: {found[1].strip()} (all options: {words} --help)"


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]

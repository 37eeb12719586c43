"""Which option an argument of the library is: errors name what was typed, and not what Python calls it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twilio_sessions.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import cyclopts

__all__ = ["in_options", "options_of"]

# What the library takes several of, an option is given once for each, or by another word.
_OTHERWISE: Final = {
    "products": "product",
    "services": "service",
    "sids": "sids_from",
    "statuses": "status",
}
# "participants[0].identifier" is a member of one of several.
_MEMBER: Final = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")
_OR: Final = " or "


def options_of(app: cyclopts.App) -> dict[str, str]:
    """Return the options of the command that was called, by the names that its function has for them."""
    command = app.parse_commands()[1][-1]
    try:
        arguments = command.assemble_argument_collection()
    except (ValueError, NameError):
        # A group of commands has none, and those of --help are the parser's own affair.
        return {}
    return {each.field_info.name.rstrip("_"): each.names[0] for each in arguments if each.names != ("*",)}


def in_options(error: ArgumentError, options: Mapping[str, str]) -> ArgumentError:
    """Return an error that names options where it named arguments of the library.

    Args:
        error: What the library says; its message begins with the argument, as all of them do that know one.
        options: The options of the command, by argument.

    Example:
        >>> error = ArgumentError("page_size must be 1 or more; got 0", argument="page_size")
        >>> str(in_options(error, {"page_size": "--page-size"}))
        '--page-size must be 1 or more; got 0'
    """
    names = error.argument.split(_OR)
    text = str(error)
    if len(names) > 1:
        for name in names:
            text = re.sub(rf"(?<!['\w-]){re.escape(name)}(?!['\w-])", _option(name, options), text)
    elif text.startswith(f"{names[0]} "):
        text = _option(names[0], options) + text.removeprefix(names[0])
    told = ArgumentError(text, argument=error.argument)
    told.__notes__ = list(getattr(error, "__notes__", ()))
    return told


def _option(name: str, options: Mapping[str, str]) -> str:
    found = _MEMBER.fullmatch(name)
    if found is None:
        return name
    base, index, member = found.groups()
    option = options.get(base) or options.get(_OTHERWISE.get(base, ""))
    if option is None:
        return name
    numbered = option if index is None else f"{option} {int(index) + 1}"
    return numbered if member is None else f"{member} of {numbered}"

"""Turns docstrings of async classes into those of sync ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Docstrings", "GenerateError"]

_LEFTOVER: Final = re.compile(r"async|await", re.IGNORECASE)


class GenerateError(Exception):
    """The async source has something that no rule covers, or a rule covers nothing."""


def _loosely(phrase: str) -> str:
    """Return a pattern for a phrase, however its lines are broken."""
    return r"\s+".join(re.escape(word) for word in phrase.split())


class Docstrings:
    """Applies the rules, and remembers which of them have been of use."""

    def __init__(self, phrases: Mapping[str, str], words: Mapping[str, str]) -> None:
        self._rules = [(re.compile(_loosely(old)), new, old) for old, new in phrases.items()]
        self._rules += [(re.compile(old), new, old) for old, new in words.items()]
        self._unused = {old for *_, old in self._rules}

    def adapt(self, text: str, where: str) -> str:
        """Return the docstring of the sync side.

        Raises:
            GenerateError: It would still speak of awaiting.
        """
        for pattern, new, old in self._rules:
            # A replacement is text, not a template with backslashes.
            text, count = pattern.subn(new.replace("\\", r"\\"), text)
            if count:
                self._unused.discard(old)
        if leftover := _LEFTOVER.search(text):
            raise GenerateError(f"{where}: the docstring still says {leftover.group()!r}:\n{text}")
        return text

    def check_all_used(self) -> None:
        """Demand that every rule has matched something: one that has not is out of date.

        Raises:
            GenerateError: One has not.
        """
        if self._unused:
            raise GenerateError(f"these rules for docstrings match nothing: {sorted(self._unused)}")

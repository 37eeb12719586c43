"""Shows the `Example:` of a docstring as code; what reads docstrings for the site knows `Examples:` only.

Not a page: `nox -s docs` puts it beside the settings of the site, which name it.
"""

from __future__ import annotations

import re
import textwrap
from typing import Any, Final

import griffe

# The heading, and all lines that are indented below it.
_EXAMPLE: Final = re.compile(r"^Example:\n((?:(?: {4}.*)?\n?)+)", re.MULTILINE)


class ExamplesAsCode(griffe.Extension):
    """Fences what is below `Example:`, so that it is neither a quotation nor a link."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of an object that has been read."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(_fenced, obj.docstring.value)


def _fenced(found: re.Match[str]) -> str:
    code = textwrap.dedent(found[1]).strip("\n")
    language = "pycon" if code.startswith(">>>") else "python"
    return f"**Example**\n\n```{language}\n{code}\n```\n\n"

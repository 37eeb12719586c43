"""Reads the pages of docs/: their fenced blocks, in their order, and what each of them prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import attrs

__all__ = ["DOCS", "PAGES", "TESTED_ELSEWHERE", "Block", "blocks_of"]

DOCS: Final = Path(__file__).parent.parent.parent / "docs"

TESTED_ELSEWHERE: Final = {
    "bulk.md": "tests/bulk",
    "cli.md": "tests/cli",
    "emulator.md": "tests/testing/test_documents.py",
    "export-formats.md": "tests/export/test_formats.py",
}
"""Pages that need a stage of their own, and what tests them."""

PAGES: Final = sorted(
    str(path.relative_to(DOCS))
    for path in DOCS.rglob("*.md")
    if path.name not in TESTED_ELSEWHERE and "examples" not in path.parts
)
"""Pages whose blocks run one after the other, in one folder, beside one local Twilio."""

_FENCE: Final = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block.

    Attributes:
        kind: The language that the fence names.
        title: The file that it is the content of; an empty text when it is to be run.
        text: What is in it.
        line: The line of the page where it begins.
        printed: What the page shows as its output: the `text` block right after it.
    """

    kind: str
    title: str
    text: str
    line: int
    printed: str = ""


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page in their order, without those that show what another one prints."""
    source = (DOCS / page).read_text(encoding="utf-8")
    found: list[Block] = []
    for one in _FENCE.finditer(source):
        block = Block(one[1], one[2] or "", one[3], source.count("\n", 0, one.start()) + 1)
        if block.kind == "text" and found:
            found[-1] = attrs.evolve(found[-1], printed=block.text)
        else:
            found.append(block)
    return found

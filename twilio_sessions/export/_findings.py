"""What a check of an archive found: problems, remarks, and how much was looked at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHECKS", "Check", "CheckName", "Findings", "Problem", "VerifyProgress", "VerifyReport"]

CheckName: TypeAlias = Literal[
    "records", "layers", "files", "frames", "rows", "counts", "dates", "duplicates", "references"
]
"""What is checked, by name."""

CHECKS: Final[dict[CheckName, str]] = {
    "records": "manifest, plan, partitions and parts agree",
    "layers": "each increment follows the export before it",
    "files": "data files have their size and SHA-256",
    "frames": "frames are as written, and readable",
    "rows": "each line is JSON with a sid, of its service",
    "counts": "lines, frames, parts and tallies count the same",
    "dates": "first and last date_created are those of the rows",
    "duplicates": "no sid is there twice",
    "references": "each row belongs to a row that is there",
}
"""What each check says when it finds nothing."""


@attrs.frozen
class Problem:
    """Something that is not as it should be.

    Attributes:
        check: Which check found it; for a remark that is no problem, the nearest one.
        where: The file or folder, below that of the archive.
        what: What is wrong.
        expected: What should be there, where that is known.
        found: What is there.
        offset: The place in the file in bytes; of the frame around it in a compressed file.
        line: The line in the file, uncompressed, counted from 1.
        sid: The row that it is about.
    """

    check: CheckName
    where: str
    what: str
    expected: str | None = None
    found: str | None = None
    offset: int | None = None
    line: int | None = None
    sid: str | None = None

    def __str__(self) -> str:
        """Return all of it in one line."""
        line = "" if self.line is None else f", line {self.line:,}"
        offset = "" if self.offset is None else f", byte {self.offset:,}"
        wanted = [] if self.expected is None else [f"expected {self.expected}"]
        seen = [] if self.found is None else [f"found {self.found}"]
        detail = "; " + ", ".join(wanted + seen) if wanted or seen else ""
        return f"{self.where}{line}{offset}: {self.what}{detail}"


@attrs.frozen
class Check:
    """One kind of check.

    Attributes:
        name: Its name.
        meaning: What holds where it found nothing.
        checked: How many things were looked at.
        problems: How many problems it found.
    """

    name: CheckName
    meaning: str
    checked: int
    problems: int


@attrs.frozen
class VerifyReport:
    """What is known of an archive after it was checked.

    Attributes:
        path: Its folder.
        layers: How many exports it consists of: the first one and what was added later.
        unfinished: What is missing because the export has not ended yet; nothing where it is complete.
        checks: What was checked.
        problems: What is wrong.
        warnings: What is strange and does no harm.
        rows: Lines found, by resource, over all layers; named as in `ExportReport.rows`.
        size: Bytes of the data files.
        seconds: How long it took.
    """

    path: Path
    layers: int
    unfinished: tuple[str, ...]
    checks: tuple[Check, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    rows: dict[str, int] = attrs.field(hash=False)
    size: int
    seconds: float

    @property
    def is_sound(self) -> bool:
        """Whether everything that is there is as it was written."""
        return not self.problems

    @property
    def is_complete(self) -> bool:
        """Whether the export had ended."""
        return not self.unfinished

    @property
    def holds(self) -> bool:
        """Whether the archive is sound and complete."""
        return self.is_sound and self.is_complete

    @property
    def total_rows(self) -> int:
        """All lines found."""
        return sum(self.rows.values())


@attrs.define
class VerifyProgress:
    """How far a check has come; the same object is updated and handed over again and again.

    Attributes:
        step: What is being done: `files`, `references` or `listings`.
        done: Bytes of files, or listings, that were read.
        total: How many there are.
        rows: Rows read.
    """

    step: Literal["files", "references", "listings"] = "files"
    done: int = 0
    total: int = 0
    rows: int = 0


@attrs.define
class Findings:
    """Collects what is found.

    Attributes:
        problems: What is wrong.
        warnings: What is strange.
        unfinished: What is missing because the export has not ended.
        checked: How many things were looked at, by check.
    """

    problems: list[Problem] = attrs.field(factory=list[Problem])
    warnings: list[Problem] = attrs.field(factory=list[Problem])
    unfinished: list[str] = attrs.field(factory=list[str])
    checked: Counter[CheckName] = attrs.field(factory=Counter[CheckName])

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        self.problems.append(problem)

    def compare(self, check: CheckName, where: str, what: str, *, expected: object, found: object) -> bool:
        """Compare two values and note a problem where they differ; tell whether they are the same."""
        self.checked[check] += 1
        if expected == found:
            return True
        self.add(Problem(check, where, what, expected=_shown(expected), found=_shown(found)))
        return False

    def checks(self) -> tuple[Check, ...]:
        """Return each check with its numbers."""
        problems = Counter(problem.check for problem in self.problems)
        return tuple(
            Check(name, meaning, self.checked[name], problems[name]) for name, meaning in CHECKS.items()
        )


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)

"""What a run of the suite leaves: results.json with every turn, results.md, and the table of the README."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import attrs
from findings import figures_table, goals_table, times_table

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from findings import Findings
    from settings import Settings

__all__ = ["BEGIN", "END", "Run", "machine", "replace_table", "versions"]

BEGIN: Final = "<!-- The table begins here; `--write-readme` replaces it. -->"
END: Final = "<!-- The table ends here. -->"
_LOAD: Final = "load average before"
_BUSY: Final = 0.5
_PACKAGES: Final = (
    "twilio-sessions",
    "aiohttp",
    "anyio",
    "attrs",
    "cattrs",
    "msgspec",
    "twilio",
    "orjson",
    "httpx",
    "requests",
    "urllib3",
)


@attrs.frozen
class Run:
    """A run of the suite: what was found, where, and with what.

    Attributes:
        when: When it began.
        seconds: How long it took.
        quick: Whether it did so little that its numbers mean nothing.
        settings: How much of everything was done.
        machine: Where.
        versions: Of the packages that took part.
        findings: What came of it.
    """

    when: datetime
    seconds: float
    quick: bool
    settings: Settings
    machine: dict[str, str]
    versions: dict[str, str]
    findings: Findings

    def as_json(self) -> str:
        """Return everything, each turn of each round included."""
        plain = attrs.asdict(self) | {"when": self.when.isoformat(timespec="seconds")}
        for goal, found in zip(plain["findings"]["goals"], self.findings.goals, strict=True):
            goal["met"] = found.is_met
        return json.dumps(plain, indent=1) + "\n"

    def as_markdown(self) -> str:
        """Return the tables."""
        parts = [self._about(), goals_table(self.findings.goals)]
        parts += [times_table(measured) for measured in self.findings.measured]
        if self.findings.figures:
            parts.append(figures_table(self.findings.figures))
        return "\n\n".join(parts) + "\n"

    def _about(self) -> str:
        machine = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        versions = ", ".join(f"{name} {value}" for name, value in self.versions.items())
        begun = f"{self.when:%Y-%m-%d}, {self.seconds / 60:.0f} minutes, {self.settings.rounds} rounds"
        warning = "A quick run: **these numbers mean nothing.** " if self.quick else ""
        if float(self.machine[_LOAD]) > _BUSY:
            warning += "**The machine was busy with other things: wall times say little.** "
        return f"{warning}{begun}. Machine: {machine}. Versions: {versions}."


def versions() -> dict[str, str]:
    """Return the versions of the packages that take part."""
    return {name: version(name) for name in _PACKAGES}


def machine() -> dict[str, str]:
    """Return what this runs on, and how busy that is with other things now."""
    return {
        "CPUs": str(os.cpu_count()),
        "of kind": f"{platform.machine()} {_processor()}".strip(),
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        _LOAD: f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 - a device of the kernel
            found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        return platform.processor()
    return found[0] if found else platform.processor()


def replace_table(readme: Path, table: str) -> None:
    """Put a new table between the two markers.

    Raises:
        ValueError: The markers are not there, once each.
    """
    text = readme.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{readme}: expected the lines {BEGIN!r} and {END!r}, once each; put them in")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n\n{table}\n{END}{after}")

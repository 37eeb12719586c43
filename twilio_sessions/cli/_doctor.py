"""The command `doctor`: whether things work from here, and what to do where they do not."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import attrs
from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from twilio_sessions.cli import _codes
from twilio_sessions.cli._connection import Connection
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._formats import in_json
from twilio_sessions.cli._health import Finding, State, examine
from twilio_sessions.cli._interruption import interruptible

__all__ = ["DOCTOR_CODES", "doctor"]

DOCTOR_CODES: Final = """\
Exit codes:

- **0** nothing is wrong
- **1** something is wrong; what to do is said
"""

_STYLES: Final[dict[State, str]] = {"ok": "green", "note": "yellow", "wrong": "red"}
_HERE: Final = Connection()


async def doctor(
    *,
    output_format: Annotated[Literal["table", "json"] | None, Parameter(name=["--output", "-o"])] = None,
    connection: Connection = _HERE,
) -> int:
    """Check credentials, both products, the clock and limits of this machine, and say what to do.

    It makes one small request to each product, and changes nothing.

    Example: twilio-sessions doctor

    Parameters
    ----------
    output_format
        table or json; by default a table on a terminal, and JSON in a pipe.
    """

    async def work() -> int:
        findings = await examine(connection)
        is_well = all(finding.state != "wrong" for finding in findings)
        if output_format == "table" or (output_format is None and output().is_terminal):
            output().print(_table(findings))
        else:
            checks = [attrs.asdict(finding) for finding in findings]
            print(in_json({"ok": is_well, "checks": checks}))  # noqa: T201 - the output
        return _codes.OK if is_well else _codes.FAILED

    return await interruptible(work, last_words="interrupted", farewell=lambda: errors().print("interrupted"))


def _table(findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for finding in findings:
        told = Text(finding.found)
        if finding.advice:
            told.append(f"\n{finding.advice}", "bold")
        table.add_row(finding.check, Text(finding.state, _STYLES[finding.state]), told)
    return table

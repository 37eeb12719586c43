"""The command `verify`: checks an archive, against Twilio too if asked, and says what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

import anyio
import attrs
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table

from twilio_sessions.cli import _codes
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._words import counted, duration
from twilio_sessions.client import AsyncClient
from twilio_sessions.export import verify, verify_against_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from twilio_sessions.export import ApiReport, Compared, VerifyProgress, VerifyReport

__all__ = ["DIFFERS", "MEANING", "Output", "run_verify"]

Output: TypeAlias = Literal["text", "json"]

DIFFERS: Final = 4

MEANING: Final = """\
Exit codes:

- **0** everything holds
- **1** something in the archive is not as it was written; each problem is named
- **2** the command or the configuration cannot be right
- **3** sound so far, and incomplete: the same export goes on
- **4** the archive is sound and complete, and Twilio has something else now
"""

# A person reads no more; `--output json` has all.
_MOST: Final = 20


def run_verify(path: Path, *, against_api: bool, output_format: Output) -> int:
    """Check an archive and print what was found; the exit code says whether everything holds."""
    try:
        with _Bar() as bar:
            report = verify(path, on_progress=bar.update)
            api = anyio.run(_against, path, bar) if against_api else None
    except KeyboardInterrupt:
        errors().print("interrupted; verify changes nothing, so nothing was changed")
        return _codes.INTERRUPTED
    if output_format == "json":
        # Not through a console, which would take brackets for markup.
        print(to_json(_facts(report, api)))  # noqa: T201 - this is the output
    else:
        _tell(report, api)
    return _code(report, api)


async def _against(path: Path, bar: _Bar) -> ApiReport:
    async with AsyncClient(trust_env=True) as client:
        return await verify_against_api(client, path, on_progress=bar.update)


def _code(report: VerifyReport, api: ApiReport | None) -> int:
    if not report.is_sound:
        return _codes.FAILED
    if not report.is_complete:
        return _codes.INCOMPLETE
    return _codes.OK if api is None or api.holds else DIFFERS


class _Bar:
    """How far it is, on standard error; nothing where that is no terminal."""

    _TITLES: Final = {
        "files": "reading files",
        "references": "comparing rows",
        "listings": "listing at Twilio",
    }

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows"),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._progress.add_task(self._TITLES["files"], total=None, rows=0)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def update(self, progress: VerifyProgress) -> None:
        """Show how far it is."""
        if not self._progress.disable:
            self._progress.update(
                self._task,
                description=self._TITLES[progress.step],
                completed=progress.done,
                total=progress.total or None,
                rows=progress.rows,
            )


def _tell(report: VerifyReport, api: ApiReport | None) -> None:
    """Print problems, then tables, then the verdict."""
    remarks = errors()
    _list(remarks, map(str, report.problems), "red")
    _list(remarks, (f"note: {warning}" for warning in report.warnings), "yellow")
    _list(remarks, (f"unfinished: {each}" for each in report.unfinished), "yellow")
    _list(remarks, _differences(api), "red")
    out = output()
    out.print(_checks(report))
    if api is not None:
        out.print()
        out.print(_listings(api))
    rows = counted(report.total_rows, "row")
    out.print(f"\n{rows} in {duration(report.seconds)}: {_verdict(report, api)}")


def _list(console: Console, lines: Iterable[str], style: str) -> None:
    """Print the first lines, and how many there are besides."""
    more = 0
    for at, line in enumerate(lines):
        if at < _MOST:
            console.print(line, style=style, markup=False)
        else:
            more += 1
    if more:
        console.print(f"and {more:,} more; --output json names all", style=style)


def _differences(api: ApiReport | None) -> Iterator[str]:
    for compared in api.compared if api is not None else ():
        where = f"{compared.resource} of {compared.partition}"
        if compared.error is not None:
            yield f"{where}: cannot be listed: {compared.error}"
        changes = attrs.asdict(compared.changes)
        yield from (f"{where}: {sid} was {what}" for what, sids in changes.items() for sid in sids)


def _checks(report: VerifyReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("check", no_wrap=True)
    table.add_column("checked", justify="right", no_wrap=True)
    table.add_column("problems", justify="right", no_wrap=True)
    table.add_column("what is to hold", no_wrap=True)
    for check in report.checks:
        style = "red" if check.problems else None
        table.add_row(check.name, f"{check.checked:,}", f"{check.problems:,}", check.meaning, style=style)
    return table


def _listings(api: ApiReport) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("at Twilio", no_wrap=True)
    for name in ("archived", "listed", "added", "removed", "changed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("digest of sids", no_wrap=True)
    for resource in dict.fromkeys(compared.resource for compared in api.compared):
        of_it = [compared for compared in api.compared if compared.resource == resource]
        same = all(compared.archived_digest == compared.listed_digest for compared in of_it)
        table.add_row(
            resource,
            *(f"{number:,}" for number in _numbers(of_it)),
            "the same" if same else "[red]another one[/]",
        )
    return table


def _numbers(compared: Iterable[Compared]) -> list[int]:
    rows = [
        (
            each.archived,
            each.listed,
            len(each.changes.added),
            len(each.changes.removed),
            len(each.changes.changed),
        )
        for each in compared
    ]
    return [sum(column) for column in zip(*rows, strict=True)]


def _verdict(report: VerifyReport, api: ApiReport | None) -> str:
    if not report.is_sound:
        return f"[red]{counted(len(report.problems), 'problem')}; the archive is not as it was written[/]"
    if not report.is_complete:
        return "[yellow]sound so far, and incomplete: run the same export again[/]"
    if api is None:
        return "[green]everything holds[/]"
    if api.holds:
        return "[green]everything holds, and Twilio has the same[/]"
    return "[red]the archive is sound and complete, and Twilio has something else now[/]"


def _facts(report: VerifyReport, api: ApiReport | None) -> dict[str, object]:
    return {
        "event": "result",
        "holds": report.holds and (api is None or api.holds),
        "sound": report.is_sound,
        "complete": report.is_complete,
        "path": str(report.path),
        "layers": report.layers,
        "rows": report.rows,
        "total_rows": report.total_rows,
        "size": report.size,
        "seconds": round(report.seconds, 3),
        "unfinished": report.unfinished,
        "checks": [attrs.asdict(check) for check in report.checks],
        "problems": [attrs.asdict(problem) for problem in report.problems],
        "warnings": [attrs.asdict(warning) for warning in report.warnings],
        "api": None if api is None else _api_facts(api),
    }


def _api_facts(api: ApiReport) -> dict[str, object]:
    return {
        "holds": api.holds,
        "seconds": round(api.seconds, 3),
        "requests": api.requests,
        "compared": [{**attrs.asdict(each), "holds": each.holds} for each in api.compared],
    }

"""The command `export` for one account: exports, shows how far it is, and says how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twilio_sessions.cli import _codes
from twilio_sessions.cli._advice import advice, command_line, explain
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import report_facts, to_json
from twilio_sessions.cli._finish import convert_archive, failure_code, report_so_far
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._progress import Watcher, display_for
from twilio_sessions.cli._summary import print_next, print_summary
from twilio_sessions.cli._words import counted
from twilio_sessions.client import AsyncClient
from twilio_sessions.errors import (
    ArgumentError,
    ConfigurationError,
    ExportIncompleteError,
    TwilioSessionsError,
)

if TYPE_CHECKING:
    from twilio_sessions.cli._asked import Asked
    from twilio_sessions.export import ExportReport

__all__ = ["OPTIONS", "run_export"]

OPTIONS: Final = ("--out", "--concurrency")
"""Those that advice may name."""


async def run_export(asked: Asked) -> int:
    """Export one account; the exit code says how it ended."""
    asked.check()
    watcher = Watcher(display_for(asked.mode, f"exporting to {asked.out}"))

    return await interruptible(
        lambda: _export(asked, watcher),
        last_words=f"stopped at once; what was read is kept\ngo on:  {asked.command}",
        farewell=lambda: _interrupted(asked, watcher),
    )


def _interrupted(asked: Asked, watcher: Watcher) -> None:
    progress = watcher.exports.get("")
    rows = f" ({counted(progress.total_rows, 'row')})" if progress is not None else ""
    errors().print(f"interrupted; what was read is kept in {asked.out}{rows}", markup=False)
    print_next(errors(), [("go on:", asked.command)])
    if progress is not None and asked.is_for_programs:
        _tell(asked, report_so_far(asked.out, progress), None, is_complete=False)


async def _export(asked: Asked, watcher: Watcher) -> int:
    async with AsyncClient(rate_limit=asked.rate_limit, trust_env=True) as client:
        account = client.account_sid
        try:
            async with watcher:
                report = await asked.export(client, asked.out, watcher.of())
        except (ArgumentError, ConfigurationError):
            raise
        except (TwilioSessionsError, OSError) as error:
            return _failed(asked, watcher, error, account)
    _tell(asked, report, account, is_complete=report.is_complete)
    if not report.is_complete:
        return _codes.INCOMPLETE
    await convert_archive(asked, report, asked.out)
    return _codes.OK


def _failed(asked: Asked, watcher: Watcher, error: TwilioSessionsError | OSError, account: str | None) -> int:
    """Say what went wrong, what there is, and how to go on."""
    progress = watcher.exports.get("")
    if not isinstance(error, ExportIncompleteError):
        explain(errors(), error, advice(error, options=OPTIONS))
    elif what := advice(error, options=OPTIONS):
        # The error itself is in the summary.
        errors().print(what, style="yellow")
    if progress is not None:
        _tell(asked, report_so_far(asked.out, progress), account, is_complete=False)
    return failure_code(error)


def _tell(asked: Asked, report: ExportReport, account: str | None, *, is_complete: bool) -> None:
    """Print the summary, and what to do next."""
    steps = [("check:", command_line("verify", asked.out)) if is_complete else ("go on:", asked.command)]
    if asked.quiet:
        if not is_complete:
            print_next(errors(), steps)
    elif asked.is_for_programs:
        resume = None if is_complete else asked.command
        print(to_json(report_facts(report, is_complete=is_complete, resume=resume)))  # noqa: T201 - the output
    else:
        print_summary(output(), report, account=account, is_complete=is_complete)
        print_next(output(), steps)

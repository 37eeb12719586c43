"""The option `--accounts`: several accounts at once, each to a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from twilio_sessions.cli import _codes
from twilio_sessions.cli._advice import advice, command_line, explain
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._estimate import tell_estimate
from twilio_sessions.cli._export import OPTIONS
from twilio_sessions.cli._facts import report_facts, to_json
from twilio_sessions.cli._finish import convert_archive, failure_code, report_so_far
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._progress import Watcher, display_for
from twilio_sessions.cli._summary import print_details, print_next
from twilio_sessions.cli._words import counted
from twilio_sessions.errors import ArchiveError, ExportIncompleteError
from twilio_sessions.export import ExportReport, estimate, for_each_account, read_accounts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twilio_sessions.cli._asked import Asked
    from twilio_sessions.client import AsyncClient
    from twilio_sessions.export import Account, AccountOutcome, Estimate

__all__ = ["estimate_accounts", "export_accounts"]


async def export_accounts(asked: Asked, file: Path) -> int:
    """Export every account of a file; the exit code is that of the one that fared worst."""
    asked.check()
    accounts = read_accounts(file)
    if (asked.out / "plan.json").exists():
        raise ArchiveError(
            f"{asked.out} is the archive of one account; name another folder, for each has its own below it"
        )
    title = f"exporting {counted(len(accounts), 'account')} to {asked.out}"
    watcher = Watcher(display_for(asked.mode, title))
    return await interruptible(
        lambda: _export(asked, accounts, watcher),
        last_words=f"stopped at once; what was read is kept\ngo on:  {asked.command}",
        farewell=lambda: _interrupted(asked),
    )


def _interrupted(asked: Asked) -> None:
    errors().print(f"interrupted; what was read is kept in {asked.out}", markup=False)
    print_next(errors(), [("go on:", asked.command)])


async def estimate_accounts(asked: Asked, file: Path) -> int:
    """Estimate for every account of a file."""
    asked.check()
    accounts = read_accounts(file)
    return await interruptible(
        lambda: _estimate(asked, accounts),
        last_words="interrupted",
        farewell=lambda: errors().print("interrupted"),
    )


async def _estimate(asked: Asked, accounts: Sequence[Account]) -> int:
    async def one(_: Account, client: AsyncClient) -> Estimate:
        return await estimate(client, asked.selection(), concurrency=asked.concurrency)

    outcomes = await for_each_account(accounts, one, rate_limit=asked.rate_limit, trust_env=True)
    for outcome in outcomes:
        account = outcome.account
        if outcome.error is not None:
            _explain(outcome)
        elif outcome.result is not None:
            if not asked.is_for_programs:
                output().print(f"{account.name} ({account.account_sid})", style="bold", markup=False)
            tell_estimate(asked, outcome.result, account.name)
    return _codes.FAILED if any(outcome.error for outcome in outcomes) else _codes.OK


async def _export(asked: Asked, accounts: Sequence[Account], watcher: Watcher) -> int:
    async def one(account: Account, client: AsyncClient) -> ExportReport:
        try:
            report = await asked.export(client, asked.out / account.account_sid, watcher.of(account.name))
        except BaseException:
            watcher.ended[account.name] = "failed"
            raise
        watcher.ended[account.name] = "complete" if report.is_complete else "incomplete"
        return report

    for account in accounts:
        watcher.of(account.name)
    async with watcher:
        outcomes = await for_each_account(accounts, one, rate_limit=asked.rate_limit, trust_env=True)
    for outcome in outcomes:
        if outcome.error is not None and not isinstance(outcome.error, ExportIncompleteError):
            _explain(outcome)
    _tell(asked, outcomes, watcher)
    for outcome in outcomes:
        if outcome.result is not None and outcome.result.is_complete:
            await convert_archive(asked, outcome.result, asked.out / outcome.account.account_sid)
    codes = [_code(outcome) for outcome in outcomes]
    return max(codes, key=[_codes.OK, _codes.INCOMPLETE, _codes.FAILED].index)


def _explain(outcome: AccountOutcome[object]) -> None:
    account, error = outcome.account, outcome.error
    if error is not None:
        errors().print(f"{account.name} ({account.account_sid}):", markup=False)
        explain(errors(), error, advice(error, account.variable, options=OPTIONS))


def _code(outcome: AccountOutcome[ExportReport]) -> int:
    if outcome.error is not None:
        return failure_code(outcome.error)
    is_complete = outcome.result is not None and outcome.result.is_complete
    return _codes.OK if is_complete else _codes.INCOMPLETE


def _tell(asked: Asked, outcomes: Sequence[AccountOutcome[ExportReport]], watcher: Watcher) -> None:
    """Print one summary of all accounts."""
    is_complete = all(_code(outcome) == _codes.OK for outcome in outcomes)
    steps = [("go on:", asked.command)] if not is_complete else []
    reports = [(outcome, _report(asked, outcome, watcher)) for outcome in outcomes]
    if asked.quiet:
        print_next(errors(), steps)
    elif asked.is_for_programs:
        for outcome, report in reports:
            _tell_program(asked, outcome, report)
    else:
        _print(asked, reports)
        if is_complete:
            folders = [asked.out / outcome.account.account_sid for outcome in outcomes]
            steps = [("check:", command_line("verify", folder)) for folder in folders]
        print_next(output(), steps)


def _report(asked: Asked, outcome: AccountOutcome[ExportReport], watcher: Watcher) -> ExportReport | None:
    progress = watcher.exports.get(outcome.account.name)
    if outcome.result is not None or progress is None:
        return outcome.result
    return report_so_far(asked.out / outcome.account.account_sid, progress)


def _tell_program(asked: Asked, outcome: AccountOutcome[ExportReport], report: ExportReport | None) -> None:
    is_complete = _code(outcome) == _codes.OK
    facts: dict[str, object] = {"account": outcome.account.name, "account_sid": outcome.account.account_sid}
    if report is not None:
        resume = None if is_complete else asked.command
        facts |= report_facts(report, is_complete=is_complete, resume=resume)
    if outcome.error is not None:
        facts |= {"event": "result", "complete": False, "error": str(outcome.error)}
    print(to_json(facts))  # noqa: T201 - the output


def _print(asked: Asked, reports: Sequence[tuple[AccountOutcome[ExportReport], ExportReport | None]]) -> None:
    console = output()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("account", no_wrap=True, overflow="ellipsis")
    for heading in ("rows", "requests", "429s", "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for outcome, report in reports:
        counts = ["", "", "", ""]
        if report is not None:
            numbers = report.total_rows, report.requests, report.throttled
            counts = [*(f"{number:,}" for number in numbers), f"{report.seconds:.1f}"]
        table.add_row(outcome.account.name, *counts, _state(outcome))
    console.print(table)
    for outcome, report in reports:
        if report is not None:
            print_details(console, report, outcome.account.name)
    console.print(f"each has its folder in {asked.out}, named by its account SID", markup=False)


def _state(outcome: AccountOutcome[ExportReport]) -> Text:
    states = {
        _codes.OK: ("complete", "green"),
        _codes.INCOMPLETE: ("incomplete", "yellow"),
        _codes.FAILED: ("failed", "red"),
    }
    return Text(*states[_code(outcome)])

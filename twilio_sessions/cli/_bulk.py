"""Bulk changes on the command line: show the plan, ask, do it, and say what came of it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import anyio
import attrs

from twilio_sessions.bulk._folder import PLAN
from twilio_sessions.cli import _codes
from twilio_sessions.cli._advice import advice, explain
from twilio_sessions.cli._bulk_asked import next_command
from twilio_sessions.cli._bulk_looking import NOTHING_CHANGED, print_rows
from twilio_sessions.cli._bulk_progress import BulkWatcher, change_facts
from twilio_sessions.cli._bulk_screen import print_report
from twilio_sessions.cli._console import errors, output
from twilio_sessions.cli._facts import to_json
from twilio_sessions.cli._interruption import interruptible
from twilio_sessions.cli._summary import print_next
from twilio_sessions.cli._words import counted
from twilio_sessions.client import AsyncClient
from twilio_sessions.errors import ArgumentError, ConfigurationError, JournalError, TwilioSessionsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from rich.console import Console

    from twilio_sessions.bulk import Action, ChangeReport, ChangeResult
    from twilio_sessions.cli._bulk_asked import BulkOutput, How

__all__ = ["Bulk"]

# Those that advice may name.
_OPTIONS: Final = ("--journal", "--concurrency")
_REFUSALS: Final = (ArgumentError, ConfigurationError, JournalError)


@attrs.define(kw_only=True)
class Bulk:
    """One bulk change that was planned.

    Attributes:
        action: What is done.
        count: To how many sessions.
        how: How it is done.
        output: What is printed.
        journal: The folder of the journal.
        show_plan: Prints the plan.
        plan_facts: The plan, for programs.
        plan_lines: A line for each session of the plan, for programs.
        missing: How many of them are not there, as is known already.
        work: Does it.
        rehearse: Says what would come of it, where more can be said than what is planned.
    """

    action: Action
    count: int
    how: How
    output: BulkOutput
    journal: Path
    show_plan: Callable[[Console], None]
    plan_facts: dict[str, object]
    plan_lines: Callable[[], list[dict[str, object]]]
    work: Callable[[AsyncClient, BulkWatcher, Callable[[ChangeResult], None]], Awaitable[ChangeReport]]
    missing: int = 0
    rehearse: Callable[[], int] | None = None
    _watcher: BulkWatcher = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._watcher = BulkWatcher(self.how.progress)

    def run(self) -> int:
        """Ask and do it; the exit code says how it ended."""
        if self.how.dry_run:
            return self._rehearse()
        self._announce()
        if not self.count:
            if self.output == "json":
                _print({"event": "result", "action": self.action, "complete": True, "total": 0})
            return _codes.OK
        if not (self.how.yes or self._is_agreed()):
            errors().print("nothing was changed")
            return _codes.FAILED
        return anyio.run(self._run)

    def _rehearse(self) -> int:
        if self.how.progress == "json":
            sys.stderr.write(to_json(self.plan_facts) + "\n")
        if self.rehearse is not None:
            return self.rehearse()
        if self.output == "text":
            self.show_plan(output())
            output().print(NOTHING_CHANGED)
        else:
            print_rows(self.plan_lines(), self.output)
        return _codes.INCOMPLETE if self.missing else _codes.OK

    def _announce(self) -> None:
        if self.how.progress == "json":
            sys.stderr.write(to_json({**self.plan_facts, "journal": str(self.journal)}) + "\n")
        elif self.how.progress == "auto":
            self.show_plan(errors())
            if self.count:
                errors().print(f"journal: {self.journal}", markup=False, soft_wrap=True)
            else:
                errors().print(f"there is nothing to {self.action}")

    def _is_agreed(self) -> bool:
        question = f"{self.action.capitalize()} {counted(self.count, 'session')}"
        loss = " and what belongs to them, for good" if self.action == "delete" else ""
        errors().print(f"{question}{loss}? [y/N]", markup=False, end=" ")
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    async def _run(self) -> int:
        go_on = next_command(self.journal, is_chosen_by_journal=self.action != "create")
        return await interruptible(
            self._work,
            last_words=f"stopped at once; the journal knows what was done\ngo on:  {go_on}",
            farewell=self._farewell,
        )

    def _go_on(self) -> str:
        is_planned = (self.journal / PLAN).is_file()
        return next_command(self.journal, is_chosen_by_journal=is_planned and self.action != "create")

    def _farewell(self) -> None:
        progress = self._watcher.progress
        if progress is None:
            errors().print("interrupted; nothing was changed by this run")
        else:
            done = f"{progress.seen:,} of {progress.total:,}"
            errors().print(f"interrupted; the journal knows what was done ({done})")
        print_next(errors(), [("go on:", self._go_on())])

    async def _work(self) -> int:
        try:
            async with AsyncClient(rate_limit=self.how.rate_limit, trust_env=True) as client, self._watcher:
                report = await self.work(client, self._watcher, self._on_result)
        except BrokenPipeError:
            raise
        except (TwilioSessionsError, OSError) as error:
            # These say that nothing was changed, which holds until the work has begun.
            if isinstance(error, _REFUSALS) and self._watcher.progress is None:
                raise
            return self._failed(error)
        return self._tell(report)

    def _on_result(self, result: ChangeResult) -> None:
        if self.output == "ndjson":
            _print(attrs.asdict(result))

    def _failed(self, error: TwilioSessionsError | OSError) -> int:
        explain(errors(), error, advice(error, options=_OPTIONS))
        progress = self._watcher.progress
        # Before that, nothing was begun with which it could go on.
        if progress is not None:
            errors().print(f"{progress.seen:,} of {progress.total:,} seen to; the journal knows which")
            if self.output == "json":
                facts = change_facts(progress) | {"event": "result", "complete": False, "error": str(error)}
                _print(facts | {"resume": self._go_on()})
            print_next(errors(), [("go on:", self._go_on())])
        return _codes.FAILED

    def _tell(self, report: ChangeReport) -> int:
        if self.output == "json":
            _print(_facts(report, None if report.is_complete else self._go_on()))
        else:
            # Beside lines for programs, it is a remark.
            console = output() if self.output == "text" else errors()
            print_report(console, report)
            if not report.is_complete:
                print_next(console, [("go on:", self._go_on())])
        return _codes.OK if report.is_complete else _codes.INCOMPLETE


def _facts(report: ChangeReport, resume: str | None) -> dict[str, object]:
    return {
        "event": "result",
        "action": report.action,
        "complete": report.is_complete,
        "journal": str(report.journal),
        "total": report.total,
        "counts": report.counts,
        "done_before": report.done_before,
        "seconds": round(report.seconds, 3),
        "requests": report.requests,
        "undone": [attrs.asdict(each) for each in report.undone],
        "resume": resume,
    }


def _print(facts: dict[str, object]) -> None:
    """Write a line to standard output now: whoever reads the pipe waits for it."""
    sys.stdout.write(to_json(facts) + "\n")
    sys.stdout.flush()

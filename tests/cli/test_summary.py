"""What is left on the screen when an export has ended."""

from __future__ import annotations

import io
from pathlib import Path
from textwrap import dedent

from rich.console import Console

from twilio_sessions.cli._summary import print_details, print_next, print_summary
from twilio_sessions.export import ExportReport, Failure, Skipped

OUT = Path("archive")
ROWS = {"services": 4, "sessions": 600, "assistants-sessions": 120}


def report_of(**fields: object) -> ExportReport:
    known: dict[str, object] = {"out": OUT, "rows": ROWS, "seconds": 4.0, "rows_read": 724, "requests": 30}
    return ExportReport(**known | fields)  # type: ignore[arg-type]


def printed(report: ExportReport, *, is_complete: bool = True, expected: dict[str, int] | None = None) -> str:
    console = Console(file=io.StringIO(), width=1000, highlight=False)
    with console.capture() as captured:
        print_summary(console, report, account="AC1", is_complete=is_complete, expected=expected)
    return captured.get()


def lines(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_everything_went_well():
    assert printed(report_of()) == lines(
        """
        export to archive: complete
        account AC1
                                                  rows
        proxy       services                         4
                    sessions                       600
        assistants  sessions                       120
        724 rows in 4.0 s (181 rows/s)
        30 requests, 0 of them answered 429
        """
    )


def test_rows_of_earlier_runs_are_no_speed():
    assert "724 rows, 24 of them in this run, in 4.0 s (6 rows/s)\n" in printed(report_of(rows_read=24))
    assert "724 rows, all of them read by earlier runs\n" in printed(report_of(rows_read=0))


def test_beside_what_was_expected():
    text = printed(report_of(), expected=ROWS | {"sessions": 601})
    assert "proxy       services                         4             4  ok\n" in text
    assert "            sessions                       600           601  WRONG\n" in text


def test_what_is_missing_is_named_with_the_ids_that_twilio_asks_for():
    report = report_of(
        skipped=(
            Skipped("interactions of KC1", "HTTP 404: gone (request id RQ1)", request_id="RQ1"),
            Skipped("assistants", "it cannot be reached", is_gone=False),
        ),
        failures=(Failure("AC1/proxy/KS1", "HTTP 503", "RQ2"),),
    )
    text = printed(report, is_complete=False)
    assert text.startswith("export to archive: incomplete\n")
    assert text.endswith(
        lines(
            """
            not there any more when it was asked for:
              interactions of KC1: HTTP 404: gone (request id RQ1)
            not reached:
              assistants: it cannot be reached
            not read to the end:
              AC1/proxy/KS1: HTTP 503 (request id RQ2)
            """
        )
    )


def test_a_thousand_lines_are_not_printed():
    report = report_of(
        skipped=tuple(Skipped(f"interactions of KC{number}", "gone") for number in range(1000))
    )
    text = printed(report)
    assert "KC9:" in text
    assert "KC10:" not in text
    assert "  and 990 more, all of them in archive/manifest.json\n" in text


def test_brackets_are_no_markup():
    report = report_of(out=Path("[red]x[/red]"), skipped=(Skipped("[bold]s", "[/]"),))
    assert "export to [red]x[/red]: complete" in printed(report)
    assert "  [bold]s: [/]\n" in printed(report)


def test_details_of_one_account_among_many():
    console = Console(file=io.StringIO(), width=80)
    with console.capture() as captured:
        print_details(console, report_of(failures=(Failure("a", "b"),)), "staging")
    assert captured.get() == "staging: not read to the end:\n  a: b\n"


def test_a_command_stays_in_one_piece_on_a_narrow_terminal():
    console = Console(file=io.StringIO(), width=40, force_terminal=True)
    with console.capture() as captured:
        print_next(console, [("go on:", "twilio-sessions export " + "--service KS1 " * 9)])
    assert captured.get().count("\n") == 1

"""What a terminal shows of exports under way, line by line, at the widths that people have."""

from __future__ import annotations

import io
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from progress import ROWS, Status, at_rate, service
from rich.console import Console

from twilio_sessions.cli._screen import picture, pictures
from twilio_sessions.export import Partition

if TYPE_CHECKING:
    from rich.console import RenderableType

    from twilio_sessions.export import ExportProgress

ASSISTANTS = Status(
    Partition("assistants"),
    {"sessions": 0, "messages": 51},
    {"sessions": (8, 1), "messages": (749, 749)},
)


def drawn(picture: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    with console.capture() as captured:
        console.print(picture)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def expected(text: str) -> str:
    return dedent(text).strip("\n")


def large(**fields: object) -> ExportProgress:
    current = [
        service(1, sessions=0, participants=4_950, interactions=4_948),
        service(2, sessions=0, participants=12, interactions=9),
    ]
    known = {"rows": ROWS, "partitions": 51, "partitions_done": 49, "current": current}
    return at_rate(59.8, 1_830.4, **known | fields)


def test_in_the_middle_of_it():
    assert drawn(picture("exporting to archive", 192, large())) == expected(
        """
        exporting to archive                                                     0:03:12
                                               rows  listings left
        proxy       services                      4
                    phone-numbers                24
                    sessions                 20,000
                    participants             30,120          4,962
                    interactions             61,034          4,957
        assistants  sessions                    800
                    messages                  4,800
        1,830 rows/s, 116,782 rows so far
        60 requests/s, 120 allowed; 0 made, no 429s
        49 of 51 parts done, now KS1000000000..., KS2000000000...
        2 min 46 s left (KS1000000000...: 4,950 requests at 30/s)
        """
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal_or_takes_two(width: int):
    shown = drawn(picture("exporting to " + "long/" * 40, 192, large(waiting_for="no answer " * 40)), width)
    lines = shown.splitlines()
    assert len(lines) == 13
    assert max(map(len, lines)) <= width
    assert lines[0].endswith("0:03:12"), "the clock is never cut"


def test_the_numbers_fit_into_sixty_columns():
    shown = drawn(picture("exporting to archive", 192, large()), 60)
    assert "…" not in shown
    assert "participants             30,120          4,962" in shown


def test_what_bounds_it_is_not_said_where_the_limit_does_not_or_it_is_soon_over():
    current = [service(number, sessions=0, participants=100) for number in range(1, 30)]
    shown = drawn(picture("", 0, large(current=current, partitions_done=22)))
    assert shown.splitlines()[-1] == "48 s left"
    shown = drawn(picture("", 0, large(current=current[:1], partitions_done=50)))
    assert shown.splitlines()[-1] == "3 s left"


def test_while_sessions_are_listed_nobody_knows_the_end():
    current = [service(1, sessions=1, participants=900, interactions=900)]
    shown = drawn(picture("", 0, large(current=current, partitions_done=50)))
    assert shown.splitlines()[-1] == "30 s left at least; sessions are still being listed"
    current = [service(1, sessions=1)]
    shown = drawn(picture("", 0, large(current=current, partitions_done=50)))
    assert shown.splitlines()[-1] == "sessions are still being listed"


def test_an_outage():
    shown = drawn(picture("", 0, large(waiting_for="HTTP 503: busy")))
    assert shown.splitlines()[-1] == "waiting: HTTP 503: busy"


def test_assistants_beside_proxy():
    shown = drawn(picture("", 0, large(current=[ASSISTANTS, service(1, participants=3)])))
    assert "60 requests/s, 30 allowed by Proxy; 0 made, no 429s" in shown
    assert "now assistants, KS1000000000..." in shown


def test_assistants_alone_have_no_limit():
    shown = drawn(picture("", 0, large(current=[ASSISTANTS], partitions_done=50)))
    assert "60 requests/s; 0 made, no 429s" in shown
    assert shown.splitlines()[-1] == "less than a second left"


def test_many_services_are_summed_up():
    current = [service(number, participants=number) for number in range(1, 10)]
    current[4] = service(0x55, participants=500)
    shown = drawn(picture("", 0, large(current=current)))
    assert "now KS5500000000..., KS9000000000... and 7 more" in shown


def test_before_anything_was_read():
    assert drawn(picture("exporting to archive", 1, None)) == expected(
        """
        exporting to archive                                                     0:00:01
        looking for services ...
        """
    )


def test_several_accounts():
    exports = {"production": large(), "staging": None, "old": large(), "new": large(waiting_for="HTTP 503")}
    ended = {"old": "complete", "other": "failed"}
    assert drawn(pictures("exporting 4 accounts to many", 7, exports, ended)) == expected(
        """
        exporting 4 accounts to many                                             0:00:07
        account        rows  rows/s  requests/s  429s  left
        production  116,782   1,830          60     0  2 min 46 s
        staging                                        looking for services ...
        old         116,782   1,830          60     0  complete
        new         116,782   1,830          60     0  waiting: HTTP 503
        """
    )
    assert max(map(len, drawn(pictures("x", 7, exports, ended), 60).splitlines())) <= 60

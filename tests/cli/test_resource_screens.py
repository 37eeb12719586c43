"""What a person sees of resources on terminals of several widths; what differs with each run is masked."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from rides import Rides, masked, rides
from terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def account() -> Iterator[Rides]:
    with rides() as running:
        yield running


def screen(account: Rides, folder: Path, *arguments: str, columns: int, code: int = 0, **environ: str) -> str:
    with Terminal(*arguments, cwd=folder, environ=account.environ | environ, columns=columns) as terminal:
        assert terminal.finish() == code, terminal.text
        assert max(map(len, terminal.lines)) <= columns
        text = terminal.text
    return masked(text)


def expected(text: str) -> str:
    return dedent(text).strip("\n")


def test_sessions_at_sixty(account: Rides, tmp_path: Path):
    assert screen(account, tmp_path, "sessions", "list", "--service", "rides", columns=60) == expected(
        """
        sid                                 unique_name  status
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  -            failed
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  a name tha…  closed
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  Order #1234  in-progress
        3 sessions; a wider terminal, --fields or -o json shows more
        """
    )


def test_sessions_at_eighty(account: Rides, tmp_path: Path):
    assert screen(account, tmp_path, "sessions", "list", "--service", "rides", columns=80) == expected(
        """
        sid                                 unique_name   status       date_created
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  -             failed       YYYY-MM-DD HH:MMZ
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  a name that…  closed       YYYY-MM-DD HH:MMZ
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  Order #1234   in-progress  YYYY-MM-DD HH:MMZ
        3 sessions; a wider terminal, --fields or -o json shows more
        """
    )


def test_sessions_at_a_hundred_and_twenty(account: Rides, tmp_path: Path):
    assert screen(account, tmp_path, "sessions", "list", "--service", "rides", columns=120) == expected(
        """
        sid                                 unique_name                    status       date_created       date_last_interaction
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  -                              failed       YYYY-MM-DD HH:MMZ  -
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  a name that is longer than a…  closed       YYYY-MM-DD HH:MMZ  -
        KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  Order #1234                    in-progress  YYYY-MM-DD HH:MMZ  YYYY-MM-DD HH:MMZ
        3 sessions; a wider terminal, --fields or -o json shows more
        """  # noqa: E501 - as wide as that terminal
    )


def test_chosen_fields_are_all_there(account: Rides, tmp_path: Path):
    words = ["sessions", "list", "--service", "rides", "--limit", "2", "--fields"]
    assert screen(account, tmp_path, *words, "unique_name,sid,mode", columns=80) == expected(
        """
        unique_name                sid                                 mode
        -                          KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  voice-only
        a name that is longer th…  KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  voice-and-message
        2 sessions; no more were asked for (--limit 2)
        """
    )
    assert screen(account, tmp_path, *words, "unique_name,status,mode,date_created", columns=60) == expected(
        """
        unique_name     status  mode               date_created
        -               failed  voice-only         YYYY-MM-DD HH:MMZ
        a name that i…  closed  voice-and-message  YYYY-MM-DD HH:MMZ
        2 sessions; no more were asked for (--limit 2)
        """
    )


def test_half_a_sid_is_none(account: Rides, tmp_path: Path):
    words = ["sessions", "list", "--service", "rides", "--limit", "1"]
    for columns, fields in ((30, []), (60, ["--fields", "service_sid,sid"])):
        with Terminal(*words, *fields, cwd=tmp_path, environ=account.environ, columns=columns) as terminal:
            assert terminal.finish() == 0
            begun, ended = (line.split()[-1] for line in terminal.lines[1:3])
        assert begun + ended in account.emulator.store.sessions
    words = ["services", "fetch", "rides", "--fields", "sid,out_of_session_callback_url"]
    assert screen(account, tmp_path, *words, columns=60) == expected(
        """
        sid
          KSxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        out_of_session_callback_url
          -
        """
    )


def test_text_that_would_move_the_cursor_is_escaped(account: Rides, tmp_path: Path):
    words = ["interactions", "list", "--service", "rides", "--session", "Order #1234"]
    assert screen(account, tmp_path, *words, columns=100) == expected(
        """
        sid                                 type     date_created       data
        KIxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  message  YYYY-MM-DD HH:MMZ  {"body":"Your driver is here."}
        KIxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  message  YYYY-MM-DD HH:MMZ  {"body":"=SUM(A1)\\n\\u001b[31mhello"}
        2 interactions; a wider terminal, --fields or -o json shows more
        """
    )


def test_one_session(account: Rides, tmp_path: Path):
    words = ["sessions", "fetch", "--service", "rides", "Order #1234"]
    fields = "sid,unique_name,status,closed_reason,ttl,date_created,date_expiry"
    assert screen(account, tmp_path, *words, "--fields", fields, columns=60) == expected(
        """
        sid            KCxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        unique_name    Order #1234
        status         in-progress
        closed_reason  -
        ttl            0
        date_created   YYYY-MM-DDTHH:MM:SSZ
        date_expiry    -
        """
    )


def test_phone_numbers_and_messages(account: Rides, tmp_path: Path):
    assert screen(account, tmp_path, "phone-numbers", "list", "--service", "rides", columns=120) == expected(
        """
        sid                                 phone_number  iso_country  in_use  is_reserved  friendly_name  date_created
        PNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  +14155550009  US           0       yes          +14155550009   YYYY-MM-DD HH:MMZ
        PNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  +14155550002  US           0       no           +14155550002   YYYY-MM-DD HH:MMZ
        PNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  +14155550001  US           1       no           +14155550001   YYYY-MM-DD HH:MMZ
        PNxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx  +14155550000  US           1       no           +14155550000   YYYY-MM-DD HH:MMZ
        4 phone numbers
        """  # noqa: E501 - as wide as that terminal
    )
    words = ["assistants", "messages", "list", "--session", "your-session-id", "--fields", "role,content"]
    assert screen(account, tmp_path, *words, columns=80) == expected(
        """
        role       content
        assistant  {"type":"text","content":"Around the corner."}
        user       {"type":"text","content":"Where is my driver?"}
        2 messages
        """
    )


def test_nothing_is_said_to_be_nothing(account: Rides, tmp_path: Path):
    assert screen(account, tmp_path, "services", "list", "--limit", "0", columns=80) == expected(
        """
        0 services; no more were asked for (--limit 0)
        """
    )


def test_a_rehearsal(account: Rides, tmp_path: Path):
    words = [
        "sessions",
        "create",
        "--service",
        "rides",
        "--unique-name",
        "Order #9",
        "--participant",
        "+14155550100",
    ]
    assert screen(account, tmp_path, *words, "--dry-run", columns=80) == expected(
        """
        GET /v1/Services/rides
        POST /v1/Services/{the sid of rides}/Sessions
          UniqueName: Order #9
          Participants: {"Identifier":"+14155550100"}
        nothing was sent (--dry-run)
        """
    )


def test_colours_on_a_terminal_and_none_where_they_are_not_wanted(account: Rides, tmp_path: Path):
    words = ["sessions", "list", "--service", "rides"]
    with Terminal(*words, cwd=tmp_path, environ=account.environ) as terminal:
        assert terminal.finish() == 0
        assert "\x1b[36min-progress" in terminal.written
    with Terminal(*words, cwd=tmp_path, environ=account.environ | {"NO_COLOR": "1"}) as terminal:
        assert terminal.finish() == 0
        assert "\x1b[36m" not in terminal.written


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_doctor_is_well(account: Rides, tmp_path: Path, columns: int):
    lines = screen(account, tmp_path, "doctor", columns=columns).splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        "check",
        "credentials",
        "proxy",
        "assistants",
        "clock",
        "rate",
        "versions",
        "open",
    ]


def test_doctor_says_what_to_do(account: Rides, tmp_path: Path):
    there = "http://127.0.0.1:9"
    said = screen(account, tmp_path, "doctor", columns=80, code=1, TWILIO_SESSIONS_PROXY_URL=there)
    assert said == expected(
        """
        check               found
        credentials  ok     ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx, from the environment
        proxy        wrong  cannot connect to 127.0.0.1:9: refused [GET
                            http://127.0.0.1:9/v1/Services?PageSize=1; the request was
                            not processed]
                            check TWILIO_SESSIONS_PROXY_URL and the network
        assistants   ok     answers, in N ms
        clock        ok     within 5 s of the server's
        rate limit   ok     Proxy answers 30 requests/s for each endpoint of a service;
                            this program keeps to that
        versions     ok     twilio-sessions V, Python V
        open files   ok     N at a time
        """
    )


def test_an_error(account: Rides, tmp_path: Path):
    words = ["sessions", "fetch", "--service", account.sid("KS"), "Order #0"]
    assert screen(account, tmp_path, *words, columns=80, code=1) == expected(
        """
        twilio-sessions: HTTP 404, Twilio error 20404: The requested resource
        /Services/KSxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/Sessions/Order%20%230 was not found
        [GET
        http://127.0.0.1:PPPPP/v1/Services/KSxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/Sessions/O
        rder%20%230] (https://www.twilio.com/docs/errors/20404) (request id
        RQxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx)
          check the SID or name, and what it belongs to; list shows what there is
        """
    )

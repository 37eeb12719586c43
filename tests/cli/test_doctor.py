"""`doctor`: what it finds, what it says to do, and the exit code."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from rides import Rides, rides
from terminal import call

from twilio_sessions.cli._health import clock_finding, clock_of, files_finding, proxy_findings
from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.fixture
def account() -> Iterator[Rides]:
    with rides() as running:
        yield running


def examined(account: Rides, tmp_path: Path, **environ: str) -> tuple[int, dict[str, dict[str, str]]]:
    done = call("doctor", cwd=tmp_path, **(account.environ | environ))
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.stderr == ""
    assert told["ok"] is (done.returncode == 0)
    assert told["ok"] is all(check["state"] != "wrong" for check in told["checks"])
    return done.returncode, {check["check"]: check for check in told["checks"]}


def test_all_is_well(account: Rides, tmp_path: Path):
    code, checks = examined(account, tmp_path)
    assert code == 0
    assert {check["state"] for check in checks.values()} <= {"ok", "note"}
    assert checks["credentials"]["found"] == f"{account.environ['TWILIO_ACCOUNT_SID']}, from the environment"
    assert [one.operation for one in account.emulator.requests] == [
        "services.list",
        "assistants.sessions.list",
    ]


def test_credentials_that_are_not_accepted(account: Rides, tmp_path: Path):
    code, checks = examined(account, tmp_path, TWILIO_AUTH_TOKEN="wrong")
    assert code == 1
    for product in ("proxy", "assistants"):
        assert checks[product]["state"] == "wrong"
        assert "Twilio error 20003" in checks[product]["found"]
        assert checks[product]["advice"].endswith("; check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN")
    assert checks["credentials"]["state"] == "wrong"
    assert checks["credentials"]["found"].endswith("from the environment: refused, see below")
    assert checks["clock"]["state"] == "ok", "a refusal says what time it is, too"


def test_no_credentials(account: Rides, tmp_path: Path):
    code, checks = examined(account, tmp_path, TWILIO_AUTH_TOKEN="")
    assert code == 1
    assert list(checks) == ["credentials", "versions", "open files"]
    for way in ("set TWILIO_ACCOUNT_SID and", "--profile", "console.twilio.com", "twilio-sessions emulator"):
        assert way in checks["credentials"]["advice"]
    assert len(account.emulator.requests) == 0


def test_a_product_that_cannot_be_reached(account: Rides, tmp_path: Path):
    code, checks = examined(account, tmp_path, TWILIO_SESSIONS_PROXY_URL="http://127.0.0.1:9")
    assert (code, checks["proxy"]["state"], checks["assistants"]["state"]) == (1, "wrong", "ok")
    assert checks["proxy"]["found"].startswith("cannot connect to 127.0.0.1:9: refused [GET ")
    assert checks["proxy"]["advice"] == "check TWILIO_SESSIONS_PROXY_URL and the network"


def test_nothing_can_be_reached(account: Rides, tmp_path: Path):
    nowhere = dict.fromkeys(
        ("TWILIO_SESSIONS_PROXY_URL", "TWILIO_SESSIONS_ASSISTANTS_URL"), "http://127.0.0.1:9"
    )
    code, checks = examined(account, tmp_path, **nowhere)
    assert (code, checks["clock"]["state"]) == (1, "note")


def test_an_error_that_nobody_here_knows(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("answer", status=400, code=99999, operation="services.list"))
    code, checks = examined(account, tmp_path)
    assert code == 1
    assert checks["proxy"]["advice"] == "https://www.twilio.com/docs/api/errors/99999"


def test_a_place_that_is_not_twilio(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("html", status=200, times=None))
    code, checks = examined(account, tmp_path)
    assert code == 1
    assert checks["proxy"]["advice"] == "check that the address is Twilio's, and what is between"


def test_assistants_may_have_been_switched_off(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("answer", status=410, operation="assistants.*", times=None))
    code, checks = examined(account, tmp_path)
    assert (code, checks["assistants"]["state"]) == (0, "note")
    assert "exports leave it out" in checks["assistants"]["advice"]


def test_proxy_may_not_be_missing(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("answer", status=404, operation="services.list", times=None))
    code, checks = examined(account, tmp_path)
    assert (code, checks["proxy"]["state"]) == (1, "wrong")
    assert "TWILIO_SESSIONS_PROXY_URL" in checks["proxy"]["advice"]


def test_somebody_else_is_busy(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("answer", status=429, operation="services.list"))
    code, checks = examined(account, tmp_path)
    assert (code, checks["proxy"]["state"], checks["rate limit"]["state"]) == (0, "ok", "note")


@pytest.mark.parametrize(
    ("seconds", "state", "found"),
    [
        (0.9, "ok", "within 5 s of the server's"),
        (-4, "ok", "within 5 s of the server's"),
        (6, "note", "6 s ahead of the server's"),
        (-59, "note", "59 s behind the server's"),
        (601, "wrong", "10 min 1 s ahead of the server's"),
        (-86_400, "wrong", "1 d behind the server's"),
    ],
)
def test_a_clock_that_is_wrong(seconds: float, state: str, found: str):
    finding = clock_finding(NOW + timedelta(seconds=seconds), NOW)
    assert (finding.state, finding.found) == (state, found)
    assert ("set this machine's clock" in finding.advice) is (state != "ok")


def test_what_a_server_says_may_be_no_date():
    assert clock_of([], NOW).found == "no server said what time it is"
    assert clock_of(["soon"], NOW).found == "a server's date cannot be read: 'soon'"
    for zone in ("GMT", "-0000", ""):
        assert clock_of(["soon", f"Sun, 22 Nov 2026 10:00:00 {zone}".rstrip()], NOW).state == "ok"


def test_few_open_files():
    assert [files_finding(files).state for files in (None, 1024, 255)] == ["ok", "ok", "note"]
    assert "ulimit" in files_finding(64).advice


class _Proxy(BaseHTTPRequestHandler):
    """An HTTP proxy in front of an account without services, wherever that is."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        body = b'{"services": [], "meta": {"next_page_url": null}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        """Be silent."""


def test_an_http_proxy_of_the_environment_is_used_and_named(account: Rides, tmp_path: Path):
    with HTTPServer(("127.0.0.1", 0), _Proxy) as proxy:
        Thread(target=proxy.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{proxy.server_port}"
        elsewhere = {"TWILIO_SESSIONS_PROXY_URL": "http://twilio.invalid"}
        code, checks = examined(account, tmp_path, HTTP_PROXY=f"http://ada:secret@{place}", **elsewhere)
        proxy.shutdown()
    assert (code, checks["proxy"]["state"], checks["assistants"]["state"]) == (0, "ok", "ok")
    assert _Proxy.asked == ["http://twilio.invalid/v1/Services?PageSize=1"]
    assert checks["HTTP proxy"]["found"] == f"{place}, from HTTP_PROXY; NO_PROXY names exceptions"


def test_a_proxy_is_named_without_its_password():
    found = proxy_findings(
        {
            "https": "http://ada:secret@proxy:3128/",
            "all": "socks5://ada:secret@socks:1080",
            "http": "proxy:80",
            "no": "localhost",
            "ftp": "http://files",
        }
    )
    assert [(one.state, one.found) for one in found] == [
        ("ok", "proxy:80, from HTTP_PROXY; NO_PROXY names exceptions"),
        ("ok", "proxy:3128, from HTTPS_PROXY; NO_PROXY names exceptions"),
        ("wrong", "ALL_PROXY is no http or https URL"),
    ]

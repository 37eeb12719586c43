"""The commands of resources: what they ask of Twilio, what they print, and what they refuse."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import shlex
import subprocess
import time
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from rides import Rides, rides
from terminal import CLEAN, PROGRAM, Terminal, call, run

from twilio_sessions import AsyncClient
from twilio_sessions.cli._app import app
from twilio_sessions.cli._rehearsal import Rehearsal
from twilio_sessions.cli._resources import RESOURCES, Resource, Verb
from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twilio_sessions.cli._given import Given

COMMANDS = [(resource, verb) for resource in RESOURCES for verb in resource.verbs]
NAMES = [" ".join((*resource.command, verb)) for resource, verb in COMMANDS]


@pytest.fixture
def account() -> Iterator[Rides]:
    with rides() as running:
        yield running


def resource_of(*command: str) -> Resource:
    return next(resource for resource in RESOURCES if resource.command == command)


# What there is


def collection_of(resource: Resource) -> Any:
    client = AsyncClient("AC" + "0" * 32, "a token")
    service = client.proxy.v1.services("KS" + "0" * 32)
    session = service.sessions("KC" + "0" * 32)
    parents: dict[tuple[str, ...], Any] = {
        ("services",): client.proxy.v1,
        ("participants",): session,
        ("interactions",): session,
        ("message-interactions",): session.participants("KP" + "0" * 32),
        ("assistants", "sessions"): client.assistants.v1,
        ("assistants", "messages"): client.assistants.v1.sessions("id"),
    }
    return getattr(parents.get(resource.command, service), resource.attribute)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda one: "-".join(one.command))
def test_every_verb_of_the_library_is_a_command(resource: Resource):
    collection = collection_of(resource)
    one = collection("KS" + "0" * 32) if callable(collection) else None
    verbs = {verb for verb in ("list", "create") if hasattr(collection, verb)}
    verbs |= {verb for verb in ("fetch", "update", "delete") if hasattr(one, verb)}
    assert set(resource.verbs) == verbs
    assert collection._model is resource.model  # noqa: SLF001 - what its rows are
    for verb, options in (("create", resource.new), ("update", resource.changed)):
        assert (options is not None) is (verb in verbs)
        if options is not None:
            method = getattr(collection if verb == "create" else one, verb)
            assert names_of(options) == set(inspect.signature(method).parameters)


def names_of(options: type[Given]) -> set[str]:
    return {field.name for field in attrs.fields(options)}


def test_columns_are_fields():
    for resource in RESOURCES:
        known = {field.name for field in attrs.fields(resource.model)}  # type: ignore[arg-type]
        assert set(resource.columns) <= known


@pytest.mark.parametrize(("resource", "verb"), COMMANDS, ids=NAMES)
def test_the_example_of_each_command_runs(resource: Resource, verb: Verb, tmp_path: Path):
    group = app
    for word in resource.command:
        group = group[word]
    example = resource.example(verb)
    # Those for many sessions as well have examples of their own, which tests of bulk changes run.
    is_bulk = (*resource.command, verb) in {("sessions", "create"), ("sessions", "delete")}
    assert is_bulk or f"Example: {example}" in group[verb].help
    is_new = (resource.command, verb) in {(("services",), "create"), (("sessions",), "create")}
    with rides(
        services=not (is_new and resource.one == "service"),
        session=not is_new,
        customer=(resource.one, verb) != ("participant", "create"),
    ) as account:
        words = [
            account.sids[word[:2]] if re.fullmatch(r"[A-Z]{2}\.\.\.", word) else word
            for word in shlex.split(example)[1:]
        ]
        done = call(*words, cwd=tmp_path, **account.environ)
        assert (done.returncode, done.stderr.count("\n") <= 1) == (0, True), done.stderr
        changes = verb in {"create", "update", "delete"} and "--dry-run" not in words
        assert account.done() == ([f"{resource.attribute}.{verb}"] if changes else [])
    assert bool(done.stdout) is (verb != "delete" or "--dry-run" in words)


def test_help_of_each_command_shows_its_example_and_fits(tmp_path: Path):
    for resource, verb in COMMANDS:
        text = call(*resource.command, verb, "--help", cwd=tmp_path).stdout
        assert "Example: twilio-sessions" in text
        assert max(map(len, text.splitlines())) <= 80


# What is printed


def listed(account: Rides, tmp_path: Path, *arguments: str) -> str:
    done = call("sessions", "list", "--service", "rides", *arguments, cwd=tmp_path, **account.environ)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_pipe_gets_a_line_of_json_for_each_with_all_fields(account: Rides, tmp_path: Path):
    rows = [json.loads(line) for line in listed(account, tmp_path).splitlines()]
    assert [row["status"] for row in rows] == ["failed", "closed", "in-progress"]
    assert list(rows[0]) == [field.name for field in attrs.fields(resource_of("sessions").model)]  # type: ignore[arg-type]
    assert rows[2]["unique_name"] == "Order #1234"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rows[2]["date_created"])
    assert rows[2]["links"]["participants"].endswith("/Participants")


def test_json_is_one_list(account: Rides, tmp_path: Path):
    rows = json.loads(listed(account, tmp_path, "-o", "json", "--fields", "status, sid", "--limit", "2"))
    assert [list(row) for row in rows] == [["status", "sid"]] * 2
    assert json.loads(listed(account, tmp_path, "-o", "json", "--limit", "0")) == []


def test_csv_is_what_an_export_writes(account: Rides, tmp_path: Path):
    where = ["--service", "rides", "--session", "Order #1234"]
    done = call("interactions", "list", *where, "-o", "csv", cwd=tmp_path, **account.environ)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["type"] for row in rows] == ["message", "message"]
    assert rows[0]["inbound_participant_sid"] == ""
    text = listed(account, tmp_path, "-o", "csv", "--fields", "unique_name,ttl,date_ended", "--limit", "1")
    assert text == '"unique_name","ttl","date_ended"\n,0,\n'


def test_tsv_has_a_line_for_each(account: Rides, tmp_path: Path):
    lines = listed(account, tmp_path, "-o", "tsv", "--fields", "status,unique_name").splitlines()
    assert lines == [
        "status\tunique_name",
        "failed\t",
        "closed\ta name that is longer than anybody reads 注文",
        "in-progress\tOrder #1234",
    ]


def test_a_table_in_a_pipe_is_not_cut_and_has_no_colour(account: Rides, tmp_path: Path):
    text = listed(account, tmp_path, "-o", "table")
    assert "a name that is longer than anybody reads 注文" in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


def test_one_is_an_object_or_a_line(account: Rides, tmp_path: Path):
    def fetched(*arguments: str) -> str:
        words = ["sessions", "fetch", "--service", account.sid("KS"), "Order #1234", *arguments]
        return call(*words, cwd=tmp_path, **account.environ).stdout

    assert json.loads(fetched())["sid"] == account.sid("KC")
    assert fetched("--fields", "sid") == f'{{\n  "sid": "{account.sid("KC")}"\n}}\n'
    assert fetched("--fields", "ttl,status", "-o", "ndjson") == '{"ttl":0,"status":"in-progress"}\n'
    assert fetched("--fields", "ttl,status", "-o", "csv") == '"ttl","status"\n0,"in-progress"\n'
    # Nothing fills up the lines of a table in a pipe.
    assert fetched("--fields", "ttl,status", "-o", "table") == "ttl     0\nstatus  in-progress\n"


def test_nobody_reads_to_the_end(account: Rides, tmp_path: Path):
    service = account.emulator.store.service_by_sid[account.sid("KS")]
    for _ in range(300):
        account.emulator.add_session(service)
    for output in ("ndjson", "json", "csv", "table"):
        command = f"{PROGRAM} sessions list --service rides -o {output} | head -1"
        done = subprocess.run(
            ["bash", "-c", f"{command}; echo ${{PIPESTATUS[0]}}"],
            cwd=tmp_path,
            env=CLEAN | account.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == "", output
        assert done.stdout.splitlines()[-1] in {"141", "0"}, output


def test_rows_before_an_error_are_printed(account: Rides, tmp_path: Path):
    service = account.emulator.store.service_by_sid[account.sid("KS")]
    for _ in range(150):
        account.emulator.add_session(service)
    account.emulator.faults.add(Fault("answer", status=403, operation="sessions.list", nth=2))
    done = call("sessions", "list", "--service", "rides", cwd=tmp_path, **account.environ)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 100
    assert "HTTP 403" in done.stderr


# What is changed


def test_what_is_created_is_what_was_asked_for(account: Rides, tmp_path: Path):
    done = call(
        *("sessions", "create", "--service", "rides", "--unique-name", "Order #2", "--ttl", "90m"),
        *("--mode", "voice-only", "--date-expiry", "2099-01-01T01:00:00+01:00", "-o", "ndjson"),
        *(
            "--participant",
            "+14155550107",
            "--participant",
            '{"identifier": "+14155550108", "friendlyName": "A"}',
        ),
        cwd=tmp_path,
        **account.environ,
    )
    made = json.loads(done.stdout)
    assert (made["ttl"], made["mode"], made["date_expiry"]) == (5400, "voice-only", "2099-01-01T00:00:00Z")
    where = ["--service", "rides", "--session", "Order #2", "--fields", "identifier,friendly_name"]
    done = call("participants", "list", *where, "-o", "tsv", cwd=tmp_path, **account.environ)
    assert set(done.stdout.splitlines()[1:]) == {"+14155550107\t", "+14155550108\tA"}


def test_a_name_will_do_where_the_api_takes_a_sid_only(account: Rides, tmp_path: Path):
    for verb, *options in (["update", "--ttl", "60"], ["delete", "--yes"]):
        words = ["sessions", verb, "--service", "rides", "Order #1234", *options]
        assert call(*words, cwd=tmp_path, **account.environ).returncode == 0
    assert account.sid("KC") not in account.emulator.store.sessions


def test_a_dry_run_sends_nothing_and_needs_no_credentials(tmp_path: Path):
    words = ["sessions", "update", "--service", "rides", "KC" + "a" * 32, "--status", "closed", "--ttl", "60"]
    done = call(*words, "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "nothing was sent (--dry-run)\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"method": "GET", "path": "/v1/Services/rides", "form": {}},
        {
            "method": "POST",
            "path": f"/v1/Services/{{the sid of rides}}/Sessions/KC{'a' * 32}",
            "form": {"Ttl": ["60"], "Status": ["closed"]},
        },
    ]
    assert call(*words, "--dry-run", "-o", "table", cwd=tmp_path).stdout == (
        "GET /v1/Services/rides\n"
        f"POST /v1/Services/{{the sid of rides}}/Sessions/KC{'a' * 32}\n"
        "  Ttl: 60\n"
        "  Status: closed\n"
    )


@pytest.mark.parametrize(("resource", "verb"), COMMANDS, ids=NAMES)
def test_every_change_can_be_rehearsed(resource: Resource, verb: Verb, tmp_path: Path):
    if verb in {"list", "fetch"}:
        return
    words = shlex.split(resource.example(verb))[1:]
    words = [
        f"{word[:2]}{'b' * 32}" if word.endswith("...") else word for word in words if word != "--dry-run"
    ]
    done = call(*words, "--dry-run", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "nothing was sent (--dry-run)\n")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["method"] == ("DELETE" if verb == "delete" else "POST")
    assert bool(last["form"]) is (verb != "delete")


def test_a_rehearsal_has_the_products_of_a_client():
    client, rehearsal = AsyncClient("AC" + "0" * 32, "a token"), Rehearsal()
    for products in (client, rehearsal):
        assert repr(products.assistants.v1.sessions) == "<AsyncAssistantsSessions /v1/Sessions>"
        assert repr(products.proxy.v1.services) == "<AsyncServices /v1/Services>"


def test_deleting_without_a_terminal_needs_a_yes(account: Rides, tmp_path: Path):
    words = ["sessions", "delete", "--service", "rides", "Order #1234"]
    done = run(*words, cwd=tmp_path, **account.environ)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give --yes" in done.stderr
    assert account.done() == []


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x03", 130)])
def test_deleting_on_a_terminal_asks(account: Rides, tmp_path: Path, answer: str, code: int):
    words = ["services", "delete", "rides"]
    with Terminal(*words, cwd=tmp_path, environ=account.environ) as terminal:
        terminal.wait_for("Delete service rides? Its sessions go with it, for good. [y/N]")
        terminal.press(answer)
        assert terminal.finish() == code
    assert account.done() == (["services.delete"] if code == 0 else [])


# What is refused


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("sessions list", 2, "--service"),
        (
            "sessions list --service rides --fields sid,colour",
            2,
            "--fields does not know 'colour'; known are sid",
        ),
        ("sessions list --service rides --fields ,", 2, "--fields names no field"),
        ("sessions list --service rides --limit -1", 2, "limit must be 0 or more"),
        ("sessions list --service rides -o xml", 2, 'invalid value "xml"'),
        (
            "sessions update --service rides KC",
            2,
            "nothing to change: give at least one of --date-expiry, --ttl",
        ),
        ("sessions create --service rides --date-expiry soon", 2, "--date-expiry must be a date"),
        ("sessions create --service rides --participant {", 2, "--participant is not JSON"),
        ("sessions create --service rides --status ajar", 2, 'invalid value "ajar"'),
        ("participants fetch --service rides --session Order KX", 1, "Twilio error 20404"),
        ("phone-numbers fetch --service rides PNX", 2, "phone number sid must be PN and 32"),
        ("phone-numbers create --service rides", 2, "give exactly one of --sid or --phone-number"),
        ("sessions fetch --service nobody KC", 1, "check the SID or name, and what it belongs to"),
    ],
)
def test_mistakes_are_explained_in_a_few_lines(
    account: Rides, arguments: str, code: int, message: str, tmp_path: Path
):
    done = call(*shlex.split(arguments), cwd=tmp_path, **account.environ)
    assert (done.returncode, done.stdout) == (code, "")
    assert message in " ".join(done.stderr.split())
    assert len(done.stderr.splitlines()) <= 5
    assert account.done() == []


def test_an_error_of_twilio_is_two_lines(account: Rides, tmp_path: Path):
    words = ["sessions", "create", "--service", "rides", "--unique-name", "Order #1234"]
    done = call(*words, cwd=tmp_path, **account.environ)
    assert done.returncode == 1
    said, what = done.stderr.splitlines()
    assert re.search(r"HTTP 400, Twilio error 80603: Session UniqueName .* \(request id RQ\w{32}\)$", said)
    assert what.startswith("  take another name, or use the session that has it: sessions fetch NAME")


def test_ctrl_c_in_the_middle_of_a_change_says_what_is_not_known(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("delay", delay=30, operation="sessions.update"))
    words = ["sessions", "update", "--service", account.sid("KS"), account.sid("KC"), "--ttl", "60"]
    with Terminal(*words, cwd=tmp_path, environ=account.environ) as terminal:
        while not account.emulator.requests:
            time.sleep(0.01)
        terminal.press("\x03")
        assert terminal.finish() == 130
        assert "interrupted; whether it was done is not known: look before you repeat it" in terminal.text

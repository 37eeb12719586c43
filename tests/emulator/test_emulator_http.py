"""The emulator on a real socket: credentials, headers, paths as bytes, starting and stopping."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import re
import warnings
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import pytest
from yarl import URL

from twilio_sessions.emulator import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    Clock,
    Emulator,
    EmulatorOptions,
    EmulatorStartError,
    Seed,
)

FORM = "application/x-www-form-urlencoded"
NAMES = ["Order #1234", "a/b", "50% + more", "ü🍕", 'it\'s "x"; y=z&w', "%2F", "..", "a?b", " x "]


class Http:
    """An HTTP client that sends targets and bodies exactly as they are given."""

    def __init__(self, session: Any, emulator: Any) -> None:
        self.session = session
        self.emulator = emulator

    async def __call__(self, method: Any, target: Any, form: Any = None, **kwargs: Any) -> Any:
        url = URL(self.emulator.base_url + target, encoded=True)
        if form is not None:
            kwargs["data"] = urlencode(form).encode()
            kwargs["headers"] = {"Content-Type": FORM, **kwargs.get("headers", {})}
        async with self.session.request(method, url, **kwargs) as response:
            body = await response.read()
        return response.status, json.loads(body) if body else None, response.headers


@asynccontextmanager
async def serving(user: Any = DEFAULT_ACCOUNT_SID, password: Any = DEFAULT_AUTH_TOKEN, **kwargs: Any) -> Any:
    headers = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user else {}
    async with Emulator(**kwargs) as emulator, aiohttp.ClientSession(headers=headers) as session:
        yield Http(session, emulator)


@pytest.fixture
async def http():
    async with serving() as http:
        yield http


async def new_service(http: Any, name: Any = "service") -> Any:
    return (await http("POST", "/v1/Services", {"UniqueName": name}))[1]["sid"]


async def test_headers_of_every_reply(http):
    seen = set()
    for method, target, status in [
        ("GET", "/v1/Services", 200),
        ("GET", "/v1/Nothing", 404),
        ("DELETE", "/v1/Services", 405),
    ]:
        got, _, headers = await http(method, target)
        assert got == status
        assert re.fullmatch("RQ[0-9a-f]{32}", headers["Twilio-Request-Id"])
        assert re.fullmatch(r"\d+\.\d{3}", headers["Twilio-Request-Duration"])
        assert headers["Twilio-Concurrent-Requests"] == "1"
        assert headers["Content-Type"] == "application/json"
        assert headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" not in headers
        seen.add(headers["Twilio-Request-Id"])
    assert len(seen) == 3


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), (DEFAULT_ACCOUNT_SID, "wrong"), ("AC" + "2" * 32, DEFAULT_AUTH_TOKEN), ("SK1", "wrong")],
)
async def test_wrong_credentials(user, password):
    async with serving(user, password, api_keys={"SK1": "secret"}) as http:
        status, body, headers = await http("GET", "/v1/Services")
        assert (status, body["code"], body["message"]) == (401, 20003, "Authenticate")
        assert headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Bearer nobody", "Digest x", "Basic ", "Bearer "], ids=repr
)
async def test_malformed_credentials(header):
    async with serving(None) as http:
        assert (await http("GET", "/v1/Services", headers={"Authorization": header}))[0] == 401


async def test_right_credentials():
    account = {"account_sid": "AC" + "a" * 32, "auth_token": "tökén"}
    async with serving(account["account_sid"], "tökén", **account) as http:
        status, body, _ = await http("POST", "/v1/Services", {"UniqueName": "x"})
        assert (status, body["account_sid"]) == (201, account["account_sid"])
    async with serving("SK1", "secret", api_keys={"SK1": "secret"}) as http:
        assert (await http("GET", "/v1/Services"))[0] == 200
    async with serving(None, options=EmulatorOptions(bearer_tokens=frozenset({"jwt"}))) as http:
        assert (await http("GET", "/v1/Services", headers={"Authorization": "Bearer jwt"}))[0] == 200


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("DELETE", "/v1/Services", "GET, POST"),
        ("PUT", "/v1/Services/KS1", "GET, POST, DELETE"),
        ("POST", "/v1/Services/KS1/Sessions/KC1/Participants/KP1", "GET, DELETE"),
        ("DELETE", "/v1/Services/KS1/Sessions/KC1/Participants/KP1/MessageInteractions/KI1", "GET"),
        ("POST", "/v1/Sessions", "GET"),
    ],
)
async def test_a_verb_that_is_not_there(http, method, target, allow):
    status, body, headers = await http(method, target)
    assert (status, body["code"], body["status"]) == (405, 20004, 405)
    assert headers["Allow"] == allow


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1",
        "/v1/",
        "/v2/Services",
        "/v1/services",
        "/v1/Services/",
        "/v1/Services//Sessions",
        "/v1/Services/x/ShortCodes",
        "/v1/Sessions/x/Messages/y",
        "/v1/Services/%FF",
        "//v1/Services",
    ],
)
async def test_a_path_that_is_not_there(http, target):
    status, body, _ = await http("GET", target)
    assert (status, body["code"]) == (404, 20404)
    assert body["message"].startswith("The requested resource /")
    assert body["message"].endswith(" was not found")
    assert body["more_info"] == "https://www.twilio.com/docs/errors/20404"


async def test_the_message_of_a_missing_session(http):
    service = await new_service(http)
    missing = f"/Services/{service}/Sessions/KC{'0' * 32}"
    _, body, _ = await http("GET", f"/v1{missing}")
    assert body["message"] == f"The requested resource {missing} was not found"


@pytest.mark.parametrize("name", NAMES)
async def test_names_are_fetched_when_percent_encoded(http, name):
    service = await new_service(http, name)
    path = f"/v1/Services/{service}/Sessions"
    status, created, _ = await http("POST", path, {"UniqueName": name})
    assert (status, created["unique_name"]) == (201, name)
    for encoded in (quote(name, safe=""), "".join(f"%{byte:02x}" for byte in name.encode())):
        assert await http_body(http, f"{path}/{encoded}") == created
        assert (await http_body(http, f"/v1/Services/{encoded}"))["sid"] == service


async def http_body(http: Any, target: Any) -> Any:
    status, body, _ = await http("GET", target)
    assert status == 200, body
    return body


async def test_a_name_that_is_not_encoded_is_another_name(http):
    path = f"/v1/Services/{await new_service(http)}/Sessions"
    await http("POST", path, {"UniqueName": "a+b"})
    assert (await http("GET", f"{path}/a%2Bb"))[0] == 200
    assert (await http("GET", f"{path}/a+b"))[0] == 200  # in a path, a plus is a plus
    assert (await http("GET", f"{path}/a%20b"))[0] == 404
    await http("POST", path, {"UniqueName": "c/d"})
    assert (await http("GET", f"{path}/c/d"))[0] == 404


async def test_phone_numbers_keep_their_plus(http):
    path = f"/v1/Services/{await new_service(http)}/PhoneNumbers"
    _, body, _ = await http("POST", path, data=b"PhoneNumber=%2B14155550100", headers={"Content-Type": FORM})
    assert body["phone_number"] == "+14155550100"
    _, body, _ = await http("POST", path, data=b"PhoneNumber=+14155550101", headers={"Content-Type": FORM})
    assert body["code"] == 80406


async def test_json_bodies():
    async with serving() as http:
        status, body, _ = await http("POST", "/v1/Services", json={"UniqueName": "x"})
        assert (status, body["code"]) == (415, 70002)
        assert http.emulator.store.counts()["services"] == 0
    async with serving(options=EmulatorOptions(json_bodies="accept")) as http:
        _, service, _ = await http(
            "POST", "/v1/Services", json={"UniqueName": "x", "DefaultTtl": 60, "X": None}
        )
        assert service["default_ttl"] == 60
        path = f"/v1/Services/{service['sid']}/Sessions"
        _, body, _ = await http("POST", path, json={"Participants": [{"Identifier": "nobody"}]})
        assert body["code"] == 80404
        for bad in (b"[1]", b"{"):
            kwargs = {"data": bad, "headers": {"Content-Type": "application/json"}}
            status, body, _ = await http("POST", path, **kwargs)
            assert (status, body["code"]) == (400, 70002)


async def test_unreadable_bodies(http):
    for bad in (b"UniqueName=\xff", b"UniqueName=%FF"):
        status, body, _ = await http("POST", "/v1/Services", data=bad, headers={"Content-Type": FORM})
        assert (status, body["code"]) == (400, 70002)
    huge = {"data": io.BytesIO(b"x" * 2_000_000), "headers": {"Content-Type": FORM}}
    status, body, _ = await http("POST", "/v1/Services", **huge)
    assert (status, body["code"]) == (413, 20413)


async def test_concurrent_creates_of_one_name_make_one_session(http):
    path = f"/v1/Services/{await new_service(http)}/Sessions"
    replies = await asyncio.gather(*(http("POST", path, {"UniqueName": "same"}) for _ in range(50)))
    statuses = sorted(status for status, _, _ in replies)
    assert statuses == [201] + [400] * 49
    assert {body["code"] for status, body, _ in replies if status == 400} == {80603}
    assert http.emulator.store.counts()["sessions"] == 1


async def test_a_walk_over_http_with_changes_between_the_pages():
    async with serving(seed=Seed(services=1, sessions=230)) as http:
        sessions = list(http.emulator.store.sessions)
        target = f"/v1/Services/{next(iter(http.emulator.store.services)).sid}/Sessions?PageSize=1000"
        path, seen = target.partition("?")[0], []
        while target:
            _, page, _ = await http("GET", target)
            seen += [row["sid"] for row in page["sessions"]]
            await http("DELETE", f"{path}/{seen[-1]}")
            await http("POST", path)
            url = page["meta"]["next_page_url"]
            assert url is None or url.startswith(http.emulator.base_url)
            target = url and f"{urlsplit(url).path}?{urlsplit(url).query}"
        assert seen == sessions[::-1]


async def test_urls_can_name_another_origin():
    options = EmulatorOptions(
        proxy_public_url="https://proxy.twilio.com", assistants_public_url="https://assistants.twilio.com/"
    )
    async with serving(options=options, seed=Seed(sessions=300)) as http:
        service = http.emulator.store.services.after(None, 1, newest_first=False).rows[0].sid
        body = await http_body(http, f"/v1/Services/{service}")
        assert body["url"] == f"https://proxy.twilio.com/v1/Services/{service}"
        body = await http_body(http, "/v1/Sessions")
        assert body["meta"]["next_page_url"].startswith(
            "https://assistants.twilio.com/v1/Sessions?PageSize=50"
        )


async def test_assistants_sessions_and_messages():
    async with serving(seed=Seed(sessions=0, services=0, assistants_sessions=60)) as http:
        page = await http_body(http, "/v1/Sessions?PageSize=1000")
        assert len(page["sessions"]) == page["meta"]["page_size"] - 940 == 60
        for session in http.emulator.store.assistants:
            path = f"/v1/Sessions/{quote(session.id, safe='')}"
            assert (await http_body(http, path))["id"] == session.id
            messages = await http_body(http, f"{path}/Messages?PageSize=200")
            assert len(messages["messages"]) == len(session.messages)
            if session.name:
                name = f"/v1/Sessions/{quote(session.name, safe='')}"
                assert (await http_body(http, f"{name}/Messages?PageSize=200"))["messages"] == messages[
                    "messages"
                ]
                assert (await http("GET", name))[0] == 404
        assert (await http("GET", "/v1/Sessions/nobody/Messages"))[0] == 404


async def test_a_retired_product():
    async with serving(options=EmulatorOptions(assistants_retired_status=410)) as http:
        assert (await http("GET", "/v1/Sessions"))[0] == 410
        assert (await http("GET", "/v1/Services"))[0] == 200


async def test_the_ledger_keeps_targets_as_they_came(http):
    target = "/v1/Services/%41%20b?PageSize=1&x=%2B+"
    _, _, headers = await http("GET", target)
    (line,) = http.emulator.requests
    assert (line.method, line.target, line.status) == ("GET", target, 404)
    assert line.request_id == headers["Twilio-Request-Id"]
    http.emulator.requests.clear()
    assert not http.emulator.requests


async def test_the_ledger_is_bounded():
    async with serving(options=EmulatorOptions(ledger_size=3)) as http:
        for index in range(5):
            await http("GET", f"/v1/Services/{index}")
        assert [line.target[-1] for line in http.emulator.requests] == ["2", "3", "4"]


async def test_a_bug_is_a_500_and_logged(http, caplog, monkeypatch):
    def fail(_method, *_rest):
        raise RuntimeError("boom")

    monkeypatch.setattr("twilio_sessions.emulator._api.Api.answer", fail)
    with caplog.at_level(logging.ERROR, logger="twilio_sessions.emulator"):
        status, body, _ = await http("GET", "/v1/Services")
    assert (status, body["code"]) == (500, 20500)
    assert "boom" in caplog.text


async def test_the_clock_can_be_moved(http):
    service = await new_service(http)
    _, session, _ = await http("POST", f"/v1/Services/{service}/Sessions", {"Ttl": "60"})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", session["date_created"])
    http.emulator.clock.advance(timedelta(seconds=61))
    body = await http_body(http, f"/v1/Services/{service}/Sessions/{session['sid']}")
    assert body["status"] == "closed"
    http.emulator.clock.set(datetime(2030, 1, 2, 3, 4, 5, 678, tzinfo=UTC))
    _, session, _ = await http("POST", f"/v1/Services/{service}/Sessions")
    assert session["date_created"] == "2030-01-02T03:04:05Z"


def test_clocks():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    clock = Clock(lambda: moment)
    clock.advance(timedelta(days=1))
    assert clock() == moment + timedelta(days=1)
    clock.set(moment)
    clock.advance(timedelta(hours=1))
    assert clock() == moment + timedelta(hours=1)
    assert Emulator(clock=clock).clock is clock
    assert Emulator(clock=lambda: moment).clock() == moment
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 1, 1))  # noqa: DTZ001 - naive on purpose


async def test_a_port_in_use_is_a_clear_error():
    async with Emulator() as emulator:
        port = int(emulator.base_url.rpartition(":")[2])
        with pytest.raises(EmulatorStartError, match=rf"127\.0\.0\.1:{port}.*the port is taken"):
            await Emulator(port=port).start()
        with pytest.raises(RuntimeError, match="already running"):
            await emulator.start()


def test_a_port_that_is_none_is_refused_at_once():
    with pytest.raises(ValueError, match="port: must be an integer from 0 to 65535, not 70000"):
        Emulator(port=70_000)


async def test_a_host_that_is_none_is_refused_and_leaves_nothing():
    with pytest.raises(UnicodeError):
        await Emulator(host="x" * 70).start()


async def test_it_restarts_with_its_state_and_closes_twice():
    emulator = Emulator(seed=Seed(sessions=5))
    for _ in range(2):
        async with emulator:
            assert emulator.environment()["TWILIO_SESSIONS_PROXY_URL"] == emulator.base_url
        await emulator.close()
    assert emulator.store.counts()["sessions"] == 5
    with pytest.raises(RuntimeError, match="until it is started"):
        _ = emulator.base_url


async def test_closing_leaves_nothing_behind():
    """Not even with a client whose connections stay open, or one in the middle of a request."""
    before = asyncio.all_tasks()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with serving() as http:
            await asyncio.gather(*(http("GET", "/v1/Services") for _ in range(5)))
            port = urlsplit(http.emulator.base_url).port
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /v1/Services HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n")
            await asyncio.wait_for(http.emulator.close(), 5)
            writer.close()
        await asyncio.sleep(0)
        gc.collect()
    assert asyncio.all_tasks() == before
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_serving_until_cancelled():
    emulator = Emulator()
    task = asyncio.create_task(emulator.serve_forever())
    while True:
        await asyncio.sleep(0.01)
        try:
            _ = emulator.base_url
            break
        except RuntimeError:
            assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(RuntimeError, match="until it is started"):
        _ = emulator.base_url


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0"])
async def test_the_base_url_names_the_socket_that_listens(host):
    async with serving(host=host) as http:
        assert (await http("GET", "/v1/Services"))[0] == 200


def test_an_account_sid_has_its_form():
    assert Emulator().account_sid == DEFAULT_ACCOUNT_SID
    with pytest.raises(ValueError, match="not an account SID"):
        Emulator(account_sid="SK" + "0" * 32)


async def test_it_listens_on_ipv6_where_there_is_any():
    try:
        async with Emulator(host="::1") as emulator:
            assert emulator.base_url.startswith("http://[::1]:")
    except EmulatorStartError:
        pytest.skip("this machine has no IPv6")

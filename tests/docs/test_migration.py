"""What docs/migration.md says of the official library is true of the one that is installed here."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import twilio
from pages import DOCS
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

import twilio_sessions
from twilio_sessions.proxy import SessionStatus

PAGE = (DOCS / "migration.md").read_text(encoding="utf-8")
KS, KC = "KS" + "0" * 32, "KC" + "0" * 32
LAST_PAGE: dict[str, Any] = {"sessions": [], "meta": {"key": "sessions", "next_page_url": None}}
FOUND = (200, {"sid": KC, "status": "open", "ttl": 0})


class Recorder(TwilioHttpClient):  # type: ignore[misc]
    """Answers what it is told to, and notes what it was asked."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.session.close()

    def request(self, method: str, uri: str, params: Any = None, data: Any = None, **more: Any) -> Response:
        self.asked.append({"method": method, "uri": uri, "params": params, "data": data, **more})
        status, body = self.answers.pop(0)
        return Response(status, json.dumps(body) if body else "")

    @property
    def sessions(self) -> Any:
        return Client("AC" + "0" * 32, "token", http_client=self).proxy.v1.services(KS).sessions


def test_the_version_is_the_one_that_is_named():
    assert f"against, {twilio.__version__}," in PAGE.replace("\n", " ")
    assert not (Path(twilio.__file__).parent / "py.typed").exists()


def test_a_list_is_a_list_of_any_page_size():
    http = Recorder((200, LAST_PAGE), (200, LAST_PAGE))
    assert http.sessions.list(limit=5000) == []
    assert http.sessions.list(limit=0) == []
    assert [one["params"] for one in http.asked] == [{"PageSize": 5000}, {}]


def test_a_name_is_not_encoded():
    http = Recorder(FOUND)
    http.sessions("Order #1234").fetch()
    assert http.asked[0]["uri"].endswith("/Sessions/Order #1234")


def test_dates_are_stamped_and_tuples_not_encoded():
    http = Recorder((201, FOUND[1]))
    there = timezone(timedelta(hours=5))
    http.sessions.create(date_expiry=datetime(2026, 1, 1, 3, 4, tzinfo=there), participants=({"A": "b"},))
    assert http.asked[0]["data"] == {"DateExpiry": "2026-01-01T03:04:00Z", "Participants": ({"A": "b"},)}


def test_fractions_of_a_second_stay_text():
    http = Recorder((200, FOUND[1] | {"date_created": "2026-01-01T00:00:00.123Z"}))
    assert http.sessions(KC).fetch().date_created == "2026-01-01T00:00:00.123Z"


def test_a_listing_forgets_the_code():
    http = Recorder((404, {"code": 20404, "message": "not found", "status": 404}))
    with pytest.raises(TwilioException) as caught:
        http.sessions.list()
    assert type(caught.value) is TwilioException


def test_there_is_one_class_of_errors():
    http = Recorder((400, {"code": 80603, "message": "taken", "status": 400}))
    with pytest.raises(TwilioRestException) as caught:
        http.sessions.create(unique_name="a")
    assert (caught.value.status, caught.value.code, "taken" in caught.value.msg) == (400, 80603, True)
    assert type(caught.value) is TwilioRestException


def test_the_next_page_may_be_anywhere():
    foreign = {"meta": {"key": "sessions", "next_page_url": "https://elsewhere.example/v1?PageToken=1"}}
    http = Recorder((200, {"sessions": [{"sid": KC}], **foreign}), (200, LAST_PAGE))
    assert len(http.sessions.list()) == 1
    assert http.asked[1]["uri"] == "https://elsewhere.example/v1?PageToken=1"
    assert http.asked[1]["auth"] == ("AC" + "0" * 32, "token")


def test_429_is_raised_and_nothing_times_out():
    http = Recorder((429, {"code": 20429, "message": "slow down", "status": 429}))
    with pytest.raises(TwilioRestException):
        http.sessions(KC).fetch()
    assert http.asked[0]["timeout"] is None
    assert http.timeout is None


def test_a_delete_is_true_and_records_make_requests():
    http = Recorder(FOUND, (204, {}))
    assert http.sessions(KC).fetch().delete() is True


def test_an_async_client_wants_a_loop():
    with pytest.raises(RuntimeError, match="no running event loop"):
        AsyncTwilioHttpClient()


def test_the_async_client_repeats_creates_after_500_and_nothing_after_429():
    async def options() -> Any:
        client = AsyncTwilioHttpClient(max_retries=3)
        try:
            return client.session._retry_options  # noqa: SLF001
        finally:
            await client.close()

    chosen = asyncio.run(options())
    assert chosen.retry_all_server_errors
    assert chosen.methods is None or "POST" in chosen.methods
    assert 429 not in chosen.statuses


def test_an_edge_is_put_into_any_address():
    client = Client("AC" + "0" * 32, "token", edge="sydney", region="au1")
    assert client.get_hostname("http://127.0.0.1:8080/v1") != "http://127.0.0.1:8080/v1"


def test_the_arguments_that_are_named_are_there():
    theirs = {*inspect.signature(TwilioHttpClient).parameters, *inspect.signature(Client).parameters}
    assert {"timeout", "max_retries", "proxy", "edge", "region"} <= theirs
    ours = set(inspect.signature(twilio_sessions.Client).parameters)
    named = set(
        re.findall(r"\b([a-z]+_[a-z_]+|timeout)=", PAGE.split("## Theirs and ours")[1].split("##")[0])
    )
    assert named - {"max_retries", "page_token", "http_client"} <= ours
    assert all(hasattr(twilio_sessions.Client, name) for name in ("with_response", "with_options"))


def test_what_is_said_of_ours_is_true_as_well():
    assert {SessionStatus.CLOSED} == {"closed"}
    with twilio_sessions.Client("AC" + "0" * 32, "token", proxy_url="http://127.0.0.1:1") as client:
        assert list(client.proxy.v1.services(KS).sessions.list(limit=0)) == []
        rows = client.proxy.v1.services(KS).sessions.list()
        assert not hasattr(rows, "__len__")
        assert not hasattr(rows, "__getitem__")

"""The walk over pages: only the query of a next URL is used, and only when it can be trusted."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from twilio_sessions import ArgumentError, InvalidResponseError, PaginationError
from twilio_sessions._core.paging import PageWalk, first_request
from twilio_sessions._core.request import Request, Response

BASE = "https://proxy.twilio.com"
PATH = "/v1/Services/KS0/Sessions"
LISTING = Request(method="GET", product="proxy", path=PATH)
START = first_request(LISTING, page_size=50, page_token=None)


def page(next_page_url: Any, rows: str = "[]", key: str = "sessions", query: str = "") -> Response:
    body = f'{{"{key}": {rows}, "meta": {{"next_page_url": {json.dumps(next_page_url)}, "page": 0}}}}'
    return Response(method="GET", url=f"{BASE}{PATH}?{query}", status=200, headers={}, body=body.encode())


def test_the_first_request_asks_for_a_page_size():
    assert START.query == "PageSize=50"


def test_the_last_page_ends_the_walk():
    walk = PageWalk(START, BASE)
    walk.accept(page(None), "sessions")
    assert walk.request is None


@pytest.mark.parametrize(
    "query",
    [
        "PageSize=50&Page=1&PageToken=PTabc",
        # A token that is not the same any more once it was decoded and encoded again.
        "PageSize=50&Page=1&PageToken=PTa.b=c%253D%2B%2f+d~",
        "PageToken=x&PageSize=50",
    ],
)
def test_the_query_is_followed_byte_for_byte(query: str):
    walk = PageWalk(START, BASE)
    walk.accept(page(f"{BASE}{PATH}?{query}"), "sessions")
    assert walk.request == msgspec.structs.replace(START, query=query)


@pytest.mark.parametrize(
    ("base", "url"),
    [
        (BASE, "https://proxy.twilio.com:443"),
        (BASE, "https://PROXY.twilio.com"),
        # Twilio's own hosts are asked at the client's own base: under an edge, or at a local Twilio.
        ("https://proxy.sydney.au1.twilio.com", "https://proxy.twilio.com"),
        ("http://127.0.0.1:8080", "https://proxy.twilio.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://gateway.example/twilio", "http://gateway.example/twilio"),
        ("http://gateway.example/twilio", "http://gateway.example"),
    ],
)
def test_what_is_ours_is_asked_at_our_own_base(base: str, url: str):
    walk = PageWalk(START, base)
    walk.accept(page(f"{url}{PATH}?PageToken=a"), "sessions")
    assert walk.request == msgspec.structs.replace(START, query="PageToken=a")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"https://evil.example{PATH}?PageToken=a", "foreign origin"),
        (f"https://proxy.twilio.com.evil.example{PATH}?PageToken=a", "foreign origin"),
        (f"https://eviltwilio.com{PATH}?PageToken=a", "foreign origin"),
        (f"http://proxy.twilio.com{PATH}?PageToken=a", "foreign origin"),
        (f"https://proxy.twilio.com:8443{PATH}?PageToken=a", "foreign origin"),
        (f"https://user:secret@proxy.twilio.com{PATH}?PageToken=a", "foreign origin"),
        (f"//evil.example{PATH}?PageToken=a", "foreign origin"),
        (f"{PATH}?PageToken=a", "foreign origin"),
        ("file:///etc/passwd?PageToken=a", "foreign origin"),
        ("https://[::1/x?PageToken=a", "not a URL"),
        (f"{BASE}/v1/Services/KS1/Sessions?PageToken=a", "another resource"),
        (f"{BASE}{PATH}/../?PageToken=a", "another resource"),
        (f"{BASE}{PATH}", "no usable PageToken"),
        (f"{BASE}{PATH}?PageSize=50&Page=1", "no usable PageToken"),
        (f"{BASE}{PATH}?PageToken=", "no usable PageToken"),
        (f"{BASE}{PATH}?PageToken=a b", "no usable PageToken"),
        (f"{BASE}{PATH}?PageToken=é", "no usable PageToken"),
    ],
)
def test_what_cannot_be_trusted_is_not_followed(url: str, reason: str):
    walk = PageWalk(START, BASE)
    with pytest.raises(PaginationError, match=f"next_page_url .*{reason}") as caught:
        walk.accept(page(url), "sessions")
    assert caught.value.page_token is None


@pytest.mark.parametrize("fragment", ["#", "#top", "#?PageToken=b"])
def test_a_fragment_is_not_sent(fragment: str):
    walk = PageWalk(START, BASE)
    walk.accept(page(f"{BASE}{PATH}?PageToken=a{fragment}"), "sessions")
    assert walk.request == msgspec.structs.replace(START, query="PageToken=a")


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_cycle_of_any_length_ends(length: int):
    walk = PageWalk(START, BASE)
    tokens = [f"PageToken={number}" for number in range(length)]
    for token in tokens:
        walk.accept(page(f"{BASE}{PATH}?{token}"), "sessions")
    with pytest.raises(PaginationError, match="already listed") as caught:
        walk.accept(page(f"{BASE}{PATH}?{tokens[0]}", query=tokens[-1]), "sessions")
    assert caught.value.page_token == tokens[-1], "the page that was at fault can be asked for again"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b'{"sessions": []}',
        b'{"sessions": [], "meta": {}}',
        b'{"sessions": [], "meta": null}',
        b'{"sessions": null, "meta": {"next_page_url": null}}',
        b'{"sessions": {}, "meta": {"next_page_url": null}}',
        b'{"services": [], "meta": {"next_page_url": null}}',
        b'{"sessions": [], "meta": {"next_page_url": 5}}',
        b'{"sessions": [{"sid": "KC',
    ],
)
def test_what_is_not_a_page_never_passes_for_the_last_one(body: bytes):
    response = Response(method="GET", url=BASE, status=200, headers={"twilio-request-id": "RQ1"}, body=body)
    with pytest.raises(InvalidResponseError, match="not a page of sessions") as caught:
        PageWalk(START, BASE).accept(response, "sessions")
    assert caught.value.request_id == "RQ1"
    assert caught.value.body_start == body


def test_a_token_resumes_where_it_came_from():
    token = "PageSize=50&Page=7&PageToken=PTa.b%3D"
    assert first_request(LISTING, page_size=99, page_token=token).query == token


@pytest.mark.parametrize(
    "token", ["", "PTabc", "PageToken=", "PageToken=a#b", "PageToken=a\r\nX: y", "PageToken=é"]
)
def test_a_token_of_somebody_else_is_refused(token: str):
    with pytest.raises(ArgumentError, match="page_token must be the next_page_token of an earlier page"):
        first_request(LISTING, page_size=50, page_token=token)

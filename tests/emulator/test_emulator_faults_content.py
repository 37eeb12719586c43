"""Answers that arrive whole and are wrong: broken JSON, wrong types, and pages that lead astray."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest

from twilio_sessions.emulator import Fault


async def ask(line: Any, fault: Fault | None, target: str | None = None) -> tuple[dict[str, str], bytes]:
    if fault is not None:
        line.emulator.faults.add(fault)
    status, headers, body = line.split(await line.ask("GET", target or f"{line.service}/Sessions?PageSize=3"))
    assert status == 200
    assert not line.emulator.faults
    assert headers["Content-Length"] == str(len(body))
    assert line.received.answer == "whole"
    assert line.received.fault == (fault and fault.do)
    return headers, body


@pytest.mark.parametrize("after_bytes", [None, 0, 1, 1000, 10**6])
async def test_half_a_document(line, after_bytes):
    _, whole = await ask(line, None)
    _, body = await ask(line, Fault("cut-json", after_bytes=after_bytes))
    assert body == whole[: len(whole) // 2 if after_bytes is None else min(after_bytes, len(whole) - 1)]
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def test_a_byte_order_mark(line):
    _, whole = await ask(line, None)
    assert (await ask(line, Fault("bom")))[1] == b"\xef\xbb\xbf" + whole


async def test_not_a_number(line):
    _, body = await ask(line, Fault("nan"))
    assert body.count(b":NaN") == 1

    def refuse(_name):
        raise AssertionError("NaN")

    with pytest.raises(AssertionError, match="NaN"):
        json.loads(body, parse_constant=refuse)
    assert json.loads(body)["sessions"]


@pytest.mark.parametrize(
    ("charset", "declared", "says"),
    [
        (None, None, "application/json; charset=utf-8"),
        ("utf-8", "latin-1", "application/json; charset=latin-1"),
        ("latin-1", None, "application/json; charset=utf-8"),
        ("ascii", "utf-16", "application/json; charset=utf-16"),
    ],
)
async def test_a_wrong_charset(line, charset, declared, says):
    path = f"{line.service}/Sessions"
    name = "B\u00fccher"
    made = line.split(await line.ask("POST", path, b"UniqueName=B%C3%BCcher"))[2]
    headers, body = await ask(
        line, Fault("charset", charset=charset, declared=declared), f"{path}/{json.loads(made)['sid']}"
    )
    assert headers["Content-Type"] == says
    text = body.decode(charset or "utf-16")
    assert (name in text) is (charset != "ascii")
    if charset != "ascii":
        assert json.loads(text)["unique_name"] == name


async def test_wrong_types(line):
    _, _, made = await line.call("POST", f"{line.service}/Sessions")
    _, body = await ask(line, Fault("wrong-types"), f"{line.service}/Sessions/{made['sid']}")
    session = json.loads(body)
    assert (session["sid"], session["ttl"], session["links"]) == (17, "seventeen", [])
    assert (session["date_created"], session["date_ended"]) == (17, 0.5)
    _, body = await ask(line, Fault("wrong-types"))
    page = json.loads(body)
    assert [row["sid"] for row in page["sessions"]] == [17] * 3
    assert page["meta"]["key"] == "sessions"
    _, body = await ask(line, Fault("wrong-types", fields={"status": "hibernating", "absent": 1}))
    assert {row["status"] for row in json.loads(body)["sessions"]} == {"hibernating"}
    assert "absent" not in json.loads(body)["sessions"][0]


async def test_no_meta(line):
    assert set(json.loads((await ask(line, Fault("no-meta")))[1])) == {"sessions"}


@pytest.mark.parametrize("key", [None, "items"])
async def test_a_wrong_key(line, key):
    page = json.loads((await ask(line, Fault("wrong-key", key=key)))[1])
    assert set(page) == {key or "rows", "meta"}
    assert page["meta"]["key"] == "sessions"
    assert len(page[key or "rows"]) == 3


async def next_of(line: Any, *, last: Any = False, **given: Any) -> tuple[str, str]:
    target = f"{line.service}/Sessions?PageSize={100 if last else 3}"
    meta = json.loads((await ask(line, None, target))[1])["meta"]
    wrong = json.loads((await ask(line, Fault("next-page", **given), target))[1])["meta"]
    assert {**meta, "next_page_url": wrong["next_page_url"]} == wrong
    return meta["next_page_url"] or meta["url"], wrong["next_page_url"]


@pytest.mark.parametrize("last", [False, True])
async def test_next_pages_that_lead_astray(line, last):
    right, wrong = await next_of(line, last=last, page="foreign-host", host="127.0.0.1:9")
    assert wrong == right.replace(urlsplit(right).netloc, "127.0.0.1:9")
    right, wrong = await next_of(line, last=last, page="no-scheme")
    assert wrong == "//evil.invalid" + right.partition(urlsplit(right).netloc)[2]
    right, wrong = await next_of(line, last=last, page="other-scheme")
    assert wrong == right.replace("http:", "https:")
    right, wrong = await next_of(line, last=last, page="userinfo")
    assert wrong.startswith("http://127.0.0.1%3A")
    assert (urlsplit(wrong).hostname, urlsplit(wrong).query) == ("evil.invalid", urlsplit(right).query)
    right, wrong = await next_of(line, last=last, page="other-path")
    assert urlsplit(wrong).path == f"{line.service}/Sessions/../../../v1/Elsewhere"
    right, wrong = await next_of(line, last=last, page="no-token")
    assert wrong == right.partition("&PageToken=")[0]
    assert ("PageToken" in right) is not last


async def pages(line: Any, limit: int) -> list[tuple[str, ...]]:
    """Follow `next_page_url` as a careless client does; return the SIDs of each page."""
    target: str = f"{line.service}/Sessions?PageSize=2"
    seen: list[tuple[str, ...]] = []
    while target and len(seen) < limit:
        _, _, page = await line.call("GET", target)
        seen.append(tuple(row["sid"] for row in page["sessions"]))
        url = urlsplit(page["meta"]["next_page_url"] or "")
        target = url.path and f"{url.path}?{url.query}"
    return seen


@pytest.mark.parametrize("cycle", [None, 1, 2, 3, 9])
async def test_pages_that_go_round(line, cycle):
    every = await pages(line, 99)
    assert [len(page) for page in every] == [2, 2, 2, 1]
    line.emulator.faults.add(Fault("next-page", page="loop", cycle=cycle, times=None))
    length = min(cycle or 1, 4)
    assert await pages(line, 9) == (every[:length] * 9)[:9]


@pytest.mark.parametrize(("rows", "repeated"), [(None, 1), (1, 1), (2, 2), (99, 2)])
async def test_rows_that_come_twice(line, rows, repeated):
    every = await pages(line, 99)
    done = len(line.emulator.processed)
    line.emulator.faults.add(Fault("repeat-rows", rows=rows, times=None))
    assert await pages(line, 99) == [
        every[0],
        *(before[-repeated:] + page for before, page in pairwise(every)),
    ]
    assert len(line.emulator.processed) == done + 4  # the look at the page before is nobody's read


async def test_one_page_with_repeated_rows(line):
    every = await pages(line, 99)
    line.emulator.faults.add(Fault("repeat-rows", nth=2))
    assert await pages(line, 99) == [every[0], every[1], every[1][-1:] + every[2], every[3]]


async def test_a_refusal_has_no_pages_to_spoil(dial):
    line = await dial()
    plan = [Fault("no-meta"), Fault("wrong-key"), Fault("next-page", page="loop"), Fault("wrong-types")]
    line.emulator.faults.add(*plan)
    missing = f"/v1/Services/KS{'0' * 32}/Sessions"
    for _ in plan[:3]:
        status, _, body = await line.call("GET", missing)
        assert (status, body["code"]) == (404, 20404)
    assert (await line.call("GET", missing))[2]["code"] == "seventeen"

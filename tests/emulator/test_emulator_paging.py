"""Listings and their tokens: nothing skipped, nothing doubled, nothing forged."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twilio_sessions.emulator._listing import Listing


def walk(desk: Any, path: Any, key: Any, query: Any = "PageSize=7", back: Any = "next_page_url") -> Any:
    """Follow the pages of a listing, the queries untouched."""
    pages = []
    while query is not None:
        body = desk.get(path, query)
        pages.append(body)
        url = body["meta"][back]
        query = urlsplit(url).query if url else None
        assert len(pages) < 100
    return [[row["sid"] for row in page[key]] for page in pages]


@pytest.fixture
def filled(make_desk):
    """A service with 30 sessions, their SIDs from new to old, and its desk."""

    def fill(**options):
        desk = make_desk(**options)
        service = desk.service()
        sids = [desk.post(f"{service}/Sessions")["sid"] for _ in range(30)]
        return desk, f"{service}/Sessions", sids[::-1]

    return fill


@pytest.mark.parametrize("order", ["newest-first", "oldest-first"])
@pytest.mark.parametrize("position", ["key", "offset"])
@pytest.mark.parametrize("style", ["hostile", "plain"])
def test_a_walk_sees_every_row_once_in_order(filled, order, position, style):
    desk, path, sids = filled(order=order, page_position=position, page_token_style=style)
    expected = sids if order == "newest-first" else sids[::-1]
    pages = walk(desk, path, "sessions")
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    assert sum(pages, []) == expected  # noqa: RUF017 - five short lists


@pytest.mark.parametrize("order", ["newest-first", "oldest-first"])
@pytest.mark.parametrize("position", ["key", "offset"])
def test_the_way_back_shows_the_same_pages(filled, order, position):
    desk, path, _ = filled(order=order, page_position=position)
    there = walk(desk, path, "sessions", "PageSize=10")
    last = desk.get(path, "PageSize=10")
    while last["meta"]["next_page_url"]:
        last = desk.get(path, urlsplit(last["meta"]["next_page_url"]).query)
    back = walk(desk, path, "sessions", urlsplit(last["meta"]["url"]).query, "previous_page_url")
    assert back == there[::-1]


def test_meta_of_the_first_a_middle_and_the_last_page(filled):
    desk, path, _ = filled()
    base = f"http://proxy.test/v1{path}"
    first = desk.get(path, "PageSize=10")["meta"]
    assert (first["page"], first["page_size"], first["key"]) == (0, 10, "sessions")
    assert first["url"] == first["first_page_url"] == f"{base}?PageSize=10&Page=0"
    assert first["previous_page_url"] is None
    assert first["next_page_url"].startswith(f"{base}?PageSize=10&Page=1&PageToken=PT")
    second = desk.get(path, urlsplit(first["next_page_url"]).query)["meta"]
    assert second["url"] == first["next_page_url"]
    assert second["previous_page_url"].startswith(f"{base}?PageSize=10&Page=0&PageToken=PT")
    third = desk.get(path, urlsplit(second["next_page_url"]).query)["meta"]
    assert (third["page"], third["next_page_url"]) == (2, None)


def test_default_and_largest_page_sizes(make_desk):
    desk = make_desk()
    service = desk.service(numbers=0)
    for _ in range(120):
        desk.post(f"{service}/Sessions")
    assert len(desk.get(f"{service}/Sessions")["sessions"]) == 50
    page = desk.get(f"{service}/Sessions", "PageSize=1000")
    assert (len(page["sessions"]), page["meta"]["page_size"]) == (100, 100)
    assert "PageSize=100&" in page["meta"]["next_page_url"]


def test_a_clamp_may_echo_the_wish_or_be_a_refusal(make_desk):
    desk = make_desk(clamped_page_size="requested")
    assert desk.get("/Services", "PageSize=500")["meta"]["page_size"] == 500
    desk = make_desk(oversized_page="reject")
    assert desk.refused("GET", "/Services", query="PageSize=101") == 20007
    assert desk.get("/Sessions", "PageSize=101")["meta"]["page_size"] == 101
    assert desk.refused("GET", "/Sessions", query="PageSize=1001") == 20007


@pytest.mark.parametrize(
    "query", ["PageSize=0", "PageSize=-1", "PageSize=x", "PageSize=", "Page=-1", "Page=x"]
)
def test_nonsense_is_refused(desk, query):
    assert desk.refused("GET", "/Services", query=query) == 20001


def test_a_later_page_needs_its_token(filled):
    desk, path, _ = filled()
    reply = desk.send("GET", path, query="Page=1")
    assert reply.status == 400
    assert (reply.body["code"], reply.body["message"]) == (20001, "PageToken is required for paging.")
    assert desk.get(path, "Page=0&PageToken=")["meta"]["page"] == 0


@pytest.fixture
def token(filled):
    desk, path, sids = filled()
    query = urlsplit(desk.get(path, "PageSize=10")["meta"]["next_page_url"]).query
    raw = query.partition("PageToken=")[2]
    return SimpleNamespace(desk=desk, path=path, sids=sids, raw=raw, value=unquote(raw))


def test_a_token_needs_its_encoding(token):
    assert {".", "=", "+", "%", "/"} <= set(token.value)
    assert not {"=", "+", "/"} & set(token.raw)

    def code(raw: Any) -> Any:
        return token.desk.refused("GET", token.path, query=f"PageSize=10&Page=1&PageToken={raw}")

    assert code(token.value) == 21481  # decoded, and not encoded again
    assert code(quote(token.raw, safe="")) == 21481  # encoded twice
    assert code(unquote(token.raw).replace("+", "%2B")) == 21481  # encoded in part


def test_a_token_that_is_decoded_and_encoded_correctly_is_good(token):
    query = urlencode({"PageToken": parse_qs(f"t={token.raw}")["t"][0], "PageSize": "10"})
    page = token.desk.get(token.path, query)
    assert [row["sid"] for row in page["sessions"]] == token.sids[10:20]


@pytest.mark.parametrize("style", ["hostile", "plain"])
def test_no_character_of_a_token_may_be_changed(filled, style):
    desk, path, _ = filled(page_token_style=style)
    raw = desk.get(path, "PageSize=10")["meta"]["next_page_url"].partition("PageToken=")[2]
    value = unquote(raw)
    forgeries = [
        value[:at] + ("0" if value[at] != "0" else "1") + value[at + 1 :] for at in range(len(value))
    ]
    for forged in [*forgeries, value[:-1], value + "=", value.upper(), "PT", "x", "é"]:
        query = urlencode({"PageToken": forged})
        assert desk.refused("GET", path, query=query) == 21481, forged


def test_a_token_is_good_for_its_own_listing_only(token):
    other = f"{token.desk.service('other')}/Sessions"
    for path in (other, "/Services", f"{token.path}/{token.sids[0]}/Interactions", "/Sessions"):
        assert token.desk.refused("GET", path, query=f"PageToken={token.raw}") == 21481


def test_both_listings_of_interactions_have_tokens_of_their_own(desk):
    session = desk.session(desk.service())
    messages = f"{desk.participant(session, '+14155550100')}/MessageInteractions"
    for index in range(3):
        desk.post(messages, {"Body": str(index)})
    query = urlsplit(desk.get(messages, "PageSize=1")["meta"]["next_page_url"]).query
    assert desk.refused("GET", f"{session}/Interactions", query=query) == 21481
    assert len(desk.get(messages, query)["interactions"]) == 1


def test_offset_tokens_do_lose_rows(filled):
    """The option is there to show what key tokens prevent, so it must not prevent it."""
    desk, path, sids = filled(page_position="offset")
    query = urlsplit(desk.get(path, "PageSize=10")["meta"]["next_page_url"]).query
    desk.ok("DELETE", f"{path}/{sids[0]}")
    assert [row["sid"] for row in desk.get(path, query)["sessions"]] == sids[11:21]


def test_a_page_whose_rows_are_all_gone_is_empty_and_last(filled):
    desk, path, sids = filled()
    query = urlsplit(desk.get(path, "PageSize=10")["meta"]["next_page_url"]).query
    for sid in sids:
        desk.ok("DELETE", f"{path}/{sid}")
    page = desk.get(path, query)
    assert (page["sessions"], page["meta"]["next_page_url"]) == ([], None)


def test_urls_keep_the_spelling_of_the_request(make_desk):
    desk = make_desk()
    service = desk.service("a b/c#ü")
    session = desk.session(service, UniqueName="Order #1234")
    assert desk.get("/Services/a%20b%2Fc%23%C3%BC")["url"].endswith(service)
    assert desk.get(f"{service}/Sessions/Order%20%231234")["url"].endswith(session)


def test_a_stranger_cannot_be_removed():
    listing: Listing[Any] = Listing()
    listing.add(SimpleNamespace(key=1))
    for key in (1, 2):
        with pytest.raises(KeyError):
            listing.remove(SimpleNamespace(key=key))
    assert len(list(listing)) == 1


@pytest.mark.parametrize("newest_first", [True, False])
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_rows_that_were_there_all_along_come_exactly_once(newest_first, data):
    """Any inserts and deletes between pages, against a listing and its keys alone."""
    listing: Listing[Any] = Listing()
    rows = {key: SimpleNamespace(key=key) for key in range(1, data.draw(st.integers(0, 30)) + 1)}
    for row in rows.values():
        listing.add(row)
    lasting, seen, position, size = set(rows), [], None, data.draw(st.integers(1, 7))
    while True:
        window = listing.after(position, size, newest_first=newest_first)
        seen += [row.key for row in window.rows]
        assert len(window.rows) <= size
        if not window.has_next:
            break
        assert len(window.rows) == size
        position = seen[-1]
        for key in data.draw(st.lists(st.sampled_from(sorted(rows)), max_size=5, unique=True)):
            listing.remove(rows.pop(key))
            lasting.discard(key)
            if not rows:
                break
        new = SimpleNamespace(key=1000 + len(seen))
        rows[new.key] = new
        listing.add(new)
        if len(seen) > 100:
            break
    assert lasting <= set(seen)
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, reverse=newest_first)

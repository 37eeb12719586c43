"""Decoding: the fast path, the tolerant path, and that both of them agree."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions import assistants, proxy
from twilio_sessions._core import codec, tolerant

MODELS: list[type[Any]] = [
    proxy.Service,
    proxy.Session,
    proxy.Participant,
    proxy.Interaction,
    proxy.MessageInteraction,
    proxy.PhoneNumber,
    assistants.Session,
    assistants.Message,
]
IDENTITY = {
    model: "id" if model.__module__.startswith("twilio_sessions.assistants") else "sid" for model in MODELS
}


def test_unknown_fields_are_ignored_and_unknown_values_kept():
    body = b'{"sid": "KC1", "status": "paused", "mode": "hologram", "colour": {"a": [1]}}'
    session = codec.decode_item(body, proxy.Session)
    assert (session.status, session.mode) == ("paused", "hologram")


def test_an_enumeration_compares_with_what_is_kept():
    session = codec.decode_item(b'{"sid": "KC1", "status": "in-progress"}', proxy.Session)
    assert session.status == proxy.SessionStatus.IN_PROGRESS


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("2015-07-30T20:00:00Z", datetime(2015, 7, 30, 20, tzinfo=UTC)),
        ("2015-07-30T20:00:00.123456Z", datetime(2015, 7, 30, 20, 0, 0, 123456, tzinfo=UTC)),
        ("2015-07-30T20:00:00+05:30", datetime(2015, 7, 30, 20, tzinfo=timezone(timedelta(hours=5.5)))),
        # Off the contract, and seen.
        ("2018-07-31", datetime(2018, 7, 31, tzinfo=UTC)),
        ("2015-07-30T20:00:00", datetime(2015, 7, 30, 20, tzinfo=UTC)),
        (None, None),
    ],
)
def test_dates_are_aware(sent: str | None, meant: datetime | None):
    body = json.dumps({"sid": "KC1", "date_expiry": sent}).encode()
    session = codec.decode_item(body, proxy.Session)
    assert session.date_expiry == meant
    assert session.date_expiry is None or session.date_expiry.utcoffset() is not None


def test_what_is_off_the_contract_is_read_with_good_will():
    body = b'{"sid": "KC1", "ttl": "60", "status": null, "unique_name": 5, "date_expiry": "2018-07-31"}'
    session = codec.decode_item(body, proxy.Session)
    assert (session.ttl, session.status, session.unique_name) == (60, "unknown", "5")
    assert codec.decode_item(b'{"sid": "KC1", "ttl": null}', proxy.Session).ttl == 0
    number = codec.decode_item(
        b'{"sid": "PN1", "in_use": "3", "capabilities": {"sms": true}}', proxy.PhoneNumber
    )
    assert (number.in_use, number.capabilities) == (3, {"sms": True})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON: .*truncated"),
        (b"<html>", "not JSON: .*malformed"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"sid": "\xff"}', "not JSON"),
        (b'{"sid": "KC1", "ttl": NaN}', "not JSON"),
        (b'{"sid": "KC1"} {}', "not JSON"),
        (b"[]", "not as the contract says: Expected `object`"),
        (b"null", "not as the contract says"),
        (b"{}", "not as the contract says: .*sid"),
        (b'{"sid": null}', r"not as the contract says: .*\$\.sid"),
        (b'{"sid": "KC1", "ttl": "soon"}', r"not as the contract says: .*\$\.ttl"),
        (b'{"sid": "KC1", "unique_name": ["a"]}', r"not as the contract says: .*\$\.unique_name"),
        (b'{"sid": "KC1", "date_created": "yesterday"}', r"not as the contract says: .*\$\.date_created"),
    ],
)
def test_what_cannot_be_read_names_the_place(body: bytes, reason: str):
    with pytest.raises(codec.DecodeError, match=reason):
        codec.decode_item(body, proxy.Session)


def test_a_row_that_cannot_be_read_is_named():
    body = b'{"meta": {}, "sessions": [{"sid": "KC1"}, {"sid": "KC2", "ttl": {}}]}'
    with pytest.raises(codec.DecodeError, match=r"\$\.sessions\[1\]\.ttl"):
        codec.decode_rows(body, "sessions", proxy.Session)


def test_rows_off_the_contract_are_read_with_good_will():
    body = b'{"meta": {}, "sessions": [{"sid": "KC1"}, {"sid": "KC2", "ttl": "60"}]}'
    assert [row.ttl for row in codec.decode_rows(body, "sessions", proxy.Session)] == [0, 60]


def test_rows_are_the_bytes_that_were_sent():
    body = b'{"sessions": [ {"sid": "KC1", "x" : 1.0} ,{"sid":"\xc3\xa9"}], "meta": {"next_page_url": null}}'
    rows = codec.split_page(body, "sessions").rows
    assert list(map(bytes, rows)) == [b'{"sid": "KC1", "x" : 1.0}', b'{"sid":"\xc3\xa9"}']


def _values(kind: Any) -> st.SearchStrategy[Any]:
    text = str(kind)
    if "datetime" in text:
        return st.datetimes(timezones=st.just(UTC)).map(lambda d: d.isoformat().replace("+00:00", "Z"))
    if "dict[str, str]" in text:
        return st.dictionaries(st.text(), st.text(), max_size=3)
    if "dict" in text:
        return st.dictionaries(st.text(), st.integers(-5, 5) | st.text() | st.none(), max_size=3)
    if "bool" in text:
        return st.booleans()
    return st.integers(-(2**31), 2**31) if "int" in text else st.text()


def _bodies(model: type[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies as the contract allows them: any field null or missing, unknown ones beside them."""
    optional = {}
    for field in attrs.fields(model):
        nullable = "None" in str(field.type)
        optional[field.name] = _values(field.type) | st.none() if nullable else _values(field.type)
    identity = {IDENTITY[model]: optional.pop(IDENTITY[model])}
    return st.fixed_dictionaries(identity, optional=optional | {"unknown_field": st.integers()})


@pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.__module__.split('.')[1]}.{model.__name__}"
)
@given(data=st.data())
def test_the_fast_path_and_the_tolerant_path_agree(model: type[Any], data: st.DataObject):
    body = data.draw(_bodies(model))
    fast = codec.decode_item(json.dumps(body).encode(), model)
    assert fast == tolerant.tolerant().structure(body, model)
    assert pickle.loads(pickle.dumps(fast)) == fast
    hash(fast)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_goes_back_to_what_it_came_from(model: type[Any]):
    sent = {IDENTITY[model]: "XX1", "date_created": "2015-07-30T20:00:00Z"}
    back = tolerant.to_builtins(codec.decode_item(json.dumps(sent).encode(), model))
    assert {name: value for name, value in back.items() if value not in {None, 0, "unknown"}} == sent
    assert list(back) == [field.name for field in attrs.fields(model)]


@pytest.mark.parametrize("model", MODELS)
def test_models_are_frozen_and_without_a_dict(model: type[Any]):
    item = model(**{IDENTITY[model]: "XX1"})
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        item.account_sid = "AC"
    assert not hasattr(item, "__dict__")

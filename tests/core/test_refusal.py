"""What a refusal means: every body shape that Twilio sends becomes one typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_sessions import errors
from twilio_sessions._core.refusal import api_error, parse_retry_after
from twilio_sessions._core.request import Response

NOW = "Sun, 22 Nov 2026 10:00:00 GMT"


def answer(status: int, body: bytes, **headers: str) -> Response:
    return Response(
        method="GET",
        url="https://proxy.twilio.com/v1/Services",
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (404, errors.NotFoundError),
        (405, errors.BadRequestError),
        (409, errors.ConflictError),
        (410, errors.GoneError),
        (418, errors.BadRequestError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (599, errors.ServerError),
    ],
)
def test_the_status_decides_the_class(status: int, kind: type[errors.APIError]):
    with pytest.raises(errors.APIError) as caught:
        raise api_error(answer(status, b""), frozenset())
    assert type(caught.value) is kind
    assert caught.value.status == status


@pytest.mark.parametrize(("code", "kind"), [(80603, errors.ConflictError), (80602, errors.BadRequestError)])
def test_a_code_may_decide_the_class(code: int, kind: type[errors.APIError]):
    error = api_error(answer(400, json.dumps({"code": code}).encode()), frozenset({80603}))
    assert type(error) is kind
    assert (error.status, error.code) == (400, code)


def test_the_classic_body_is_read_whole():
    body = {
        "code": 20404,
        "message": "The requested resource was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
        "details": {"a": [1]},
    }
    with pytest.raises(errors.NotFoundError) as caught:
        raise api_error(answer(404, json.dumps(body).encode(), twilio_request_id="RQ1"), frozenset())
    error = caught.value
    assert (error.code, error.message, error.details) == (20404, body["message"], {"a": [1]})
    assert (error.more_info, error.request_id) == (body["more_info"], "RQ1")
    assert str(error) == (
        "HTTP 404, Twilio error 20404: The requested resource was not found "
        "[GET https://proxy.twilio.com/v1/Services] "
        "(https://www.twilio.com/docs/errors/20404) (request id RQ1)"
    )


@pytest.mark.parametrize(
    ("body", "code", "message", "more_info", "details"),
    [
        (
            {
                "type": "https://www.twilio.com/docs/api/errors/20422",
                "title": "Invalid parameter",
                "status": 400,
                "code": 20422,
                "detail": "Ttl is negative",
                "errors": [{"detail": "negative", "pointer": "/Ttl"}],
            },
            20422,
            "Invalid parameter: Ttl is negative",
            "https://www.twilio.com/docs/api/errors/20422",
            {"errors": [{"detail": "negative", "pointer": "/Ttl"}]},
        ),
        (
            {
                "code": "20001",
                "message": "Bad",
                "httpStatusCode": 400,
                "params": {"twilioErrorCodeUrl": "https://twilio.com/20001"},
                "userError": True,
            },
            20001,
            "Bad",
            "https://twilio.com/20001",
            {"params": {"twilioErrorCodeUrl": "https://twilio.com/20001"}, "userError": True},
        ),
        ({"message": "An error occurred", "status": 500}, None, "An error occurred", None, None),
        ({"code": True, "message": 5, "details": None}, None, "not Twilio's own error body", None, None),
    ],
    ids=["rfc9457", "api-standards", "no code", "wrong types"],
)
def test_every_other_shape_is_read(
    body: dict[str, Any], code: int | None, message: str, more_info: str | None, details: object
):
    with pytest.raises(errors.BadRequestError) as caught:
        raise api_error(answer(400, json.dumps(body).encode()), frozenset())
    error = caught.value
    assert error.message.startswith(message)
    assert (error.code, error.more_info, error.details) == (code, more_info, details)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<html><h1>502 Bad Gateway</h1>" + b"x" * 500, "'<html><h1>502 Bad Gateway</h1>xxx"),
        (b"", "an empty body"),
        (b'{"code": 20', "'{\"code\": 20'"),
        (b"[1]", "'[1]'"),
        (b"\xff\xfe", "not Twilio's own error body"),
    ],
)
def test_a_body_of_somebody_else_still_gives_a_typed_error(body: bytes, shown: str):
    with pytest.raises(errors.ServerError) as caught:
        raise api_error(answer(502, body), frozenset())
    assert caught.value.code is None
    assert str(caught.value).startswith("HTTP 502: ")
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        (None, NOW, None),
        ("5", None, 5.0),
        (" 0 ", None, 0.0),
        ("1000000000", None, 1e9),
        ("Sun, 22 Nov 2026 10:00:30 GMT", NOW, 30.0),
        # This machine's clock has no say; without the server's own there is nothing to measure against.
        ("Sun, 22 Nov 2026 10:00:30 GMT", None, None),
        ("Sun, 22 Nov 2026 09:00:00 GMT", NOW, 0.0),
        ("Sun, 22 Nov 2026 10:00:30", NOW, None),
        ("-5", NOW, None),
        ("1.5", NOW, None),
        ("soon", NOW, None),
        ("²", NOW, None),
        ("5", "garbage", 5.0),
        ("Sun, 22 Nov 2026 10:00:30 GMT", "garbage", None),
    ],
)
def test_retry_after_in_every_form(value: str | None, date: str | None, seconds: float | None):
    assert parse_retry_after(value, date) == seconds


@given(st.text(), st.text() | st.none())
def test_retry_after_never_breaks(value: str, date: str | None):
    seconds = parse_retry_after(value, date)
    assert seconds is None or seconds >= 0

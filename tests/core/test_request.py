"""What a response means: every body shape that Twilio sends becomes one typed error."""

from __future__ import annotations

import json
from typing import Any

import pytest

from twilio_sessions import errors
from twilio_sessions._core.request import Request, Response, encode_form, judge, segment


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
        judge(answer(status, b""))
    assert type(caught.value) is kind
    assert caught.value.status == status


def test_the_classic_body_is_read_whole():
    body = {
        "code": 20404,
        "message": "The requested resource was not found",
        "more_info": "https://www.twilio.com/docs/errors/20404",
        "status": 404,
        "details": {"a": [1]},
    }
    with pytest.raises(errors.NotFoundError) as caught:
        judge(answer(404, json.dumps(body).encode(), twilio_request_id="RQ1"))
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
        judge(answer(400, json.dumps(body).encode()))
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
        judge(answer(502, body))
    assert caught.value.code is None
    assert str(caught.value).startswith("HTTP 502: ")
    assert shown in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_success_passes(status: int):
    assert judge(answer(status, b"")).status == status


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308, 101])
def test_a_redirect_is_an_error(status: int):
    with pytest.raises(errors.InvalidResponseError, match="a redirect to 'https://evil' is not followed"):
        judge(answer(status, b"", location="https://evil"))


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("Order #1234", "Order%20%231234"),
        ("a/b?c=d&e", "a%2Fb%3Fc%3Dd%26e"),
        ("%2e%2e", "%252e%252e"),
        ("é+~", "%C3%A9%2B~"),
    ],
)
def test_a_path_segment_is_always_encoded(name: str, encoded: str):
    assert segment(name) == encoded


def test_a_form_repeats_keys_and_leaves_out_what_was_not_given():
    form = encode_form({"Ttl": "0", "Status": None, "MediaUrl": ["https://a.example/?x=1", "b c"], "P": "+1"})
    assert form == b"Ttl=0&MediaUrl=https%3A%2F%2Fa.example%2F%3Fx%3D1&MediaUrl=b+c&P=%2B1"


def test_a_request_is_put_below_a_base_url():
    request = Request(method="GET", product="proxy", path="/v1/Services", query="PageSize=1")
    assert request.url("http://127.0.0.1:1/twilio") == "http://127.0.0.1:1/twilio/v1/Services?PageSize=1"

"""How a request is written, and what a response means."""

from __future__ import annotations

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


def test_an_error_status_is_raised():
    body = b'{"code": 80603}'
    with pytest.raises(errors.BadRequestError, match="80603"):
        judge(answer(400, body))
    with pytest.raises(errors.ConflictError, match="80603"):
        judge(answer(400, body), frozenset({80603}))


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

"""Which proxy a request goes through is decided as other programs do, and never by leaving one out."""

from __future__ import annotations

import pytest

from twilio_sessions import ConfigurationError
from twilio_sessions._core.proxies import HttpProxies, http_url

TWILIO = "https://proxy.twilio.com/v1/Services"
HTTP, OTHER, SOCKS = "http://proxy:3128", "http://other:3128", "socks5://ada:secret@proxy:1080"


@pytest.mark.parametrize(
    ("named", "url", "proxy"),
    [
        ({}, TWILIO, None),
        ({"https": HTTP}, TWILIO, HTTP),
        ({"https": "proxy:3128"}, TWILIO, HTTP),
        ({"http": HTTP}, TWILIO, None),
        ({"all": HTTP}, TWILIO, HTTP),
        ({"all": HTTP, "https": OTHER}, TWILIO, OTHER),
        # What is meant for others may be what it wants.
        ({"https": HTTP, "all": SOCKS, "http": SOCKS, "ftp": SOCKS}, TWILIO, HTTP),
        ({"https": HTTP, "no": "localhost,proxy.twilio.com"}, TWILIO, None),
        ({"https": HTTP, "no": ".twilio.com"}, TWILIO, None),
        ({"https": HTTP, "no": "*"}, TWILIO, None),
        ({"https": HTTP, "no": "twilio.example"}, TWILIO, HTTP),
        ({"https": SOCKS, "no": "twilio.com"}, TWILIO, None),
        ({"all": SOCKS}, "http://127.0.0.1:8080/v1/Services", None),
        ({"all": HTTP}, "http://localhost:8080/v1/Services", None),
        ({"all": HTTP}, "http://[::1]:8080/v1/Services", None),
        ({"all": HTTP}, "http://10.0.0.1:8080/v1/Services", HTTP),
    ],
)
def test_the_proxy_of_a_url(named: dict[str, str], url: str, proxy: str | None):
    assert HttpProxies(named).proxy_for(url) == proxy


@pytest.mark.parametrize(
    "proxy", [SOCKS, "htp://proxy:3128", "http://", "http://proxy:port", "http://me:sec/ret@proxy:3128", "["]
)
@pytest.mark.parametrize(("scheme", "variable"), [("https", "HTTPS_PROXY"), ("all", "ALL_PROXY")])
def test_what_is_no_http_proxy_is_not_passed_over(proxy: str, scheme: str, variable: str):
    with pytest.raises(ConfigurationError, match=f"^{variable} must be an http or https URL") as caught:
        HttpProxies({scheme: proxy}).proxy_for(TWILIO)
    assert "sec" not in str(caught.value)


def test_the_environment_is_read_when_the_client_is_made(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HTTPS_PROXY", HTTP)
    proxies = HttpProxies.of_environment()
    monkeypatch.setenv("NO_PROXY", "*")
    assert proxies.proxy_for(TWILIO) == HTTP
    assert HttpProxies.of_environment().proxy_for(TWILIO) is None
    monkeypatch.delenv("HTTPS_PROXY")
    assert HttpProxies.of_environment() == HttpProxies()


def test_passwords_are_not_shown():
    assert "secret" not in repr(HttpProxies({"https": SOCKS}))


def test_a_port_of_nothing_is_no_proxy():
    assert http_url("http://proxy:0") is None

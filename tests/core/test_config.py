"""Credentials and addresses: argument, else environment, else default; secrets are never shown."""

from __future__ import annotations

import copy
import pickle

import pytest

from twilio_sessions import AsyncClient, ConfigurationError
from twilio_sessions._config import ClientOptions, Secret, resolve_options

AC = "AC" + "a" * 32
SK = "SK" + "b" * 32
TOKEN = "the-canary-token"
ENV = {"TWILIO_ACCOUNT_SID": AC, "TWILIO_AUTH_TOKEN": TOKEN}
KEYS = {"TWILIO_API_KEY": SK, "TWILIO_API_SECRET": "key-secret"}


def who(options: ClientOptions) -> tuple[str, str]:
    return options.username, options.password.reveal()


def test_the_environment_is_enough():
    options = resolve_options(environ=ENV)
    assert who(options) == (AC, TOKEN)
    assert options.account_sid == AC
    assert options.proxy_url == "https://proxy.twilio.com"
    assert options.assistants_url == "https://assistants.twilio.com"


def test_arguments_win_over_the_environment():
    other = "AC" + "c" * 32
    options = resolve_options(environ=ENV | KEYS, account_sid=other, auth_token="mine", edge="dublin")
    assert who(options) == (other, "mine")


def test_an_api_key_of_the_environment_wins_over_its_token():
    options = resolve_options(environ=ENV | KEYS)
    assert who(options) == (SK, "key-secret")
    assert options.account_sid == AC


def test_an_api_key_needs_no_account():
    options = resolve_options(environ={}, api_key=SK, api_secret="s")
    assert who(options) == (SK, "s")
    assert options.account_sid is None


def test_half_a_pair_is_completed_from_the_environment():
    assert who(resolve_options(environ=KEYS, api_key="SK" + "c" * 32)) == ("SK" + "c" * 32, "key-secret")
    assert who(resolve_options(environ=ENV, auth_token="mine")) == (AC, "mine")
    # Half a key in the environment is no reason to refuse a whole token.
    assert who(resolve_options(environ=ENV | {"TWILIO_API_KEY": SK})) == (AC, TOKEN)


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"TWILIO_ACCOUNT_SID": AC},
        {"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""},
        {"TWILIO_API_KEY": SK},
    ],
)
def test_without_credentials_one_error_names_every_variable(environ: dict[str, str]):
    with pytest.raises(ConfigurationError) as caught:
        resolve_options(environ=environ)
    for name in (*ENV, *KEYS):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"account_sid": "AC123", "auth_token": "t"}, "account_sid must be AC and 32 hexadecimal digits"),
        ({"account_sid": SK, "auth_token": "t"}, "an API key goes to api_key= and api_secret="),
        ({"api_key": AC, "api_secret": "s"}, "api_key must be SK and 32 hexadecimal digits"),
        ({"api_key": SK}, "without api_secret"),
        ({"api_secret": "s"}, "without api_key"),
        ({"api_key": SK, "api_secret": "s", "auth_token": "t"}, "not both"),
        ({"timeout": 0}, "timeout is in seconds and must be greater than 0; got 0"),
        ({"timeout": float("nan")}, "timeout"),
        ({"timeout": None}, "timeout is in seconds"),
        ({"attempt_timeout": "5"}, "attempt_timeout is in seconds"),
        ({"max_attempts": True}, "max_attempts must be a whole number"),
        ({"max_connections": 0}, "max_connections must be a whole number"),
        ({"edge": "sydney.evil.example/"}, "edge must be one label"),
        ({"region": "a.b"}, "region must be one label"),
        ({"proxy_url": "proxy.example"}, "proxy_url must be an http or https URL"),
        ({"proxy_url": "https://u:p@proxy.example"}, "proxy_url must not hold credentials"),
        ({"assistants_url": "https://a.example/?x=1"}, "assistants_url must not have a query"),
        ({"proxy_url": "http://host name"}, "proxy_url must not hold spaces or control characters"),
        ({"proxy_url": " http://host"}, "proxy_url must not hold spaces"),
        ({"assistants_url": "http://host/a\tb"}, "assistants_url must not hold spaces"),
        ({"proxy_url": "http://host\r\nX: y"}, "proxy_url must not hold spaces"),
        ({"max_response_bytes": 0}, "max_response_bytes must be a whole number, 1 or more; got 0"),
        ({"proxy_url": "http://[::1"}, "proxy_url must be an http or https URL"),
        ({"proxy_url": "http://host:99999"}, "proxy_url must be an http or https URL"),
    ],
)
def test_what_is_malformed_is_named(arguments: dict[str, object], message: str):
    environ = {} if {"api_key", "api_secret"} & set(arguments) else ENV
    with pytest.raises(ConfigurationError, match=message):
        resolve_options(environ=environ, **arguments)  # type: ignore[arg-type]


def test_a_misplaced_secret_is_not_repeated_in_the_error():
    with pytest.raises(ConfigurationError) as caught:
        resolve_options(environ={}, account_sid=TOKEN, auth_token="x")
    assert TOKEN not in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        resolve_options(environ=ENV, proxy_url=f"https://user:{TOKEN}@proxy.example")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("edge", "region", "host"),
    [
        (None, None, "proxy.twilio.com"),
        ("sydney", "au1", "proxy.sydney.au1.twilio.com"),
        ("sydney", None, "proxy.sydney.us1.twilio.com"),
        (None, "au1", "proxy.au1.twilio.com"),
    ],
)
def test_edge_and_region_make_the_host(edge: str | None, region: str | None, host: str):
    assert resolve_options(environ=ENV, edge=edge, region=region).proxy_url == f"https://{host}"
    named = {"TWILIO_EDGE": edge or "", "TWILIO_REGION": region or ""}
    assert resolve_options(environ=ENV | named).proxy_url == f"https://{host}"


def test_an_explicit_address_is_never_rewritten():
    local = {"TWILIO_SESSIONS_PROXY_URL": "http://127.0.0.1:8080/", "TWILIO_EDGE": "sydney"}
    options = resolve_options(environ=ENV | local, assistants_url="http://localhost:8081/twilio")
    assert options.base_url("proxy") == "http://127.0.0.1:8080"
    assert options.base_url("assistants") == "http://localhost:8081/twilio"


def test_secrets_do_not_show():
    options = resolve_options(environ=ENV)
    client = AsyncClient(AC, TOKEN)
    shown = f"{options!r} {options} {client!r} {client.__dict__!r} {Secret(TOKEN)} {Secret(TOKEN)!r}"
    assert TOKEN not in shown
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="a Secret is not pickled"):
            attempt(options)

"""Where credentials come from, and what is said when they are refused or when there are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from rides import Rides, rides
from terminal import call

from twilio_sessions.emulator import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "SK" + "2" * 32


@pytest.fixture(scope="module")
def account() -> Iterator[Rides]:
    with rides() as running:
        yield running


def profile(folder: Path, name: str, **settings: str) -> Path:
    file = folder / "twilio-sessions" / "config.toml"
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as opened:
        opened.write(
            f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        )
    file.chmod(0o600)
    return file


def refused(account: Rides, tmp_path: Path, *arguments: str, **environ: str) -> str:
    told = {"XDG_CONFIG_HOME": str(tmp_path)} | environ
    done = call("services", "list", *arguments, cwd=tmp_path, **told)
    assert done.returncode == 1
    assert done.stderr.startswith("twilio-sessions: HTTP 401, ")
    assert "nobody's" not in done.stderr
    begin = "  Twilio does not accept the credentials, or not any more; check "
    (advice,) = [line for line in done.stderr.splitlines() if line.startswith(begin)]
    assert account.emulator.requests.pop().operation == "services.list"
    return advice.removeprefix(begin)


def test_refused_ones_of_the_environment(account: Rides, tmp_path: Path):
    told = account.environ | {"TWILIO_AUTH_TOKEN": "nobody's"}
    assert refused(account, tmp_path, **told) == "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
    key = {"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": "nobody's"}
    assert refused(account, tmp_path, **account.environ, **key) == "TWILIO_API_KEY and TWILIO_API_SECRET"


def test_refused_ones_of_options(account: Rides, tmp_path: Path):
    words = ["--account-sid", "AC" + "3" * 32]
    assert refused(account, tmp_path, *words, **account.environ) == "--account-sid and TWILIO_AUTH_TOKEN"
    told = account.environ | {"TWILIO_API_SECRET": "nobody's"}
    assert refused(account, tmp_path, "--api-key", KEY, **told) == "--api-key and TWILIO_API_SECRET"


def test_refused_ones_of_a_profile(account: Rides, tmp_path: Path):
    told = account.environ
    known = {"account_sid": told["TWILIO_ACCOUNT_SID"], "proxy_url": told["TWILIO_SESSIONS_PROXY_URL"]}
    file = profile(tmp_path, "by-name", auth_token_env="LOCAL_TOKEN", **known)
    profile(tmp_path, "in-file", auth_token="nobody's", **known)
    words = ["--profile", "by-name"]
    assert refused(account, tmp_path, *words, LOCAL_TOKEN="nobody's") == (
        f"the profile 'by-name' of {file} and the variable LOCAL_TOKEN"
    )
    assert refused(account, tmp_path, "--profile", "in-file") == f"the profile 'in-file' of {file}"
    assert refused(account, tmp_path, "--profile", "in-file", "--account-sid", "AC" + "3" * 32) == (
        f"the profile 'in-file' of {file} and --account-sid"
    )


def test_an_export_says_the_same(account: Rides, tmp_path: Path):
    file = profile(
        tmp_path,
        "staging",
        account_sid=account.environ["TWILIO_ACCOUNT_SID"],
        auth_token="nobody's",
        proxy_url=account.environ["TWILIO_SESSIONS_PROXY_URL"],
    )
    words = ["export", "--out", "archive", "--product", "proxy", "--profile", "staging"]
    done = call(*words, cwd=tmp_path, XDG_CONFIG_HOME=str(tmp_path))
    assert done.stderr.endswith(f"; check the profile 'staging' of {file}\n")


def test_what_may_not_be_done(account: Rides, tmp_path: Path):
    account.emulator.faults.add(Fault("answer", status=403, operation="services.update"))
    done = call("services", "update", "rides", "--default-ttl", "5", cwd=tmp_path, **account.environ)
    assert done.returncode == 1
    assert "  these credentials may not create or change this; " in done.stderr


def test_who_says_where_twilio_is(account: Rides, tmp_path: Path):
    nowhere = "http://127.0.0.1:9"
    told = account.environ | {"XDG_CONFIG_HOME": str(tmp_path)}
    done = call("services", "list", "--proxy-url", nowhere, cwd=tmp_path, **told)
    assert done.stderr.endswith("\n  check --proxy-url and the network\n")
    profile(tmp_path, "off", account_sid="AC" + "1" * 32, auth_token="nobody's", proxy_url=nowhere)
    done = call("services", "list", "--profile", "off", cwd=tmp_path, **told)
    assert done.stderr.endswith("\n  check proxy_url of the profile 'off' and the network\n")


def test_without_any_all_ways_are_named(tmp_path: Path):
    told = {"XDG_CONFIG_HOME": str(tmp_path)}
    done = call("services", "list", cwd=tmp_path, **told)
    file = tmp_path / "twilio-sessions" / "config.toml"
    ways = (
        "twilio-sessions: no credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY "
        "and TWILIO_API_SECRET{half}, or name a profile of {file} with --profile{names}\n"
    )
    assert done.returncode == 2
    assert done.stderr == ways.format(half="", file=file, names=" (that file is not there yet)")
    profile(tmp_path, "staging", auth_token_env="X")
    profile(tmp_path, "production", auth_token_env="X")
    half = {"TWILIO_API_KEY": KEY}
    done = call("services", "list", cwd=tmp_path, **told, **half)
    assert done.stderr == ways.format(
        half=" (TWILIO_API_SECRET is not set)", file=file, names=" (staging, production)"
    )
    file.write_text("[")
    done = call("services", "list", cwd=tmp_path, **told, **half)
    assert done.stderr == ways.format(half=" (TWILIO_API_SECRET is not set)", file=file, names="")


def test_a_profile_without_an_account(tmp_path: Path):
    file = profile(tmp_path, "half", auth_token_env="X")
    done = call("services", "list", "--profile", "half", cwd=tmp_path, XDG_CONFIG_HOME=str(tmp_path), X="x")
    assert done.returncode == 2
    assert done.stderr == (
        f"twilio-sessions: no credentials: the profile 'half' of {file} has no account_sid; add it, or give "
        "--account-sid\n"
    )

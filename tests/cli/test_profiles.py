"""Profiles, the environment and options: which one wins, and what is refused."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from rides import Rides, rides
from terminal import call

from twilio_sessions.cli._profiles import Profile, config_path, read_profile, read_profiles
from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ACCOUNT = "AC" + "1" * 32
KEY = "SK" + "2" * 32
# Not that of other tests, which must be in no file.
SECRET = "only-of-profiles"


@pytest.fixture(scope="module")
def account() -> Iterator[Rides]:
    with rides(auth_token=SECRET) as running:
        yield running


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / "twilio-sessions" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def profile_of(account: Rides, name: str, **settings: str) -> str:
    """Write a profile that points at the local Twilio."""
    told = account.environ
    known = {
        "account_sid": told["TWILIO_ACCOUNT_SID"],
        "proxy_url": told["TWILIO_SESSIONS_PROXY_URL"],
        "assistants_url": told["TWILIO_SESSIONS_ASSISTANTS_URL"],
    } | settings
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in known.items())


def services(tmp_path: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    words = ["services", "list", "--fields", "unique_name", "-o", "tsv"]
    done = call(*words, *arguments, cwd=tmp_path, **home, **environ)
    return done.returncode, done.stdout.partition("\n")[2] + done.stderr


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert config_path({"XDG_CONFIG_HOME": "/etc/x"}) == tmp_path / "/etc/x/twilio-sessions/config.toml"
    monkeypatch.setenv("HOME", str(tmp_path))
    for ignored in ("", "relative"):
        below = tmp_path / ".config" / "twilio-sessions" / "config.toml"
        assert config_path({"XDG_CONFIG_HOME": ignored}) == below
    assert read_profiles(tmp_path / "nothing") == {}


def test_a_profile_names_the_variable_that_has_the_secret(account: Rides, tmp_path: Path):
    write(tmp_path, profile_of(account, "local", auth_token_env="LOCAL_TOKEN"), 0o644)
    assert services(tmp_path, "--profile", "local", LOCAL_TOKEN=SECRET) == (0, "rides\n")
    assert services(tmp_path, LOCAL_TOKEN=SECRET, TWILIO_SESSIONS_PROFILE="local") == (0, "rides\n")
    code, said = services(tmp_path, "--profile", "local")
    assert code == 2
    assert "the variable LOCAL_TOKEN is not set; it must hold the secret" in said


def test_a_secret_in_the_file_is_taken_when_nobody_else_can_read_it(account: Rides, tmp_path: Path):
    file = write(tmp_path, profile_of(account, "local", auth_token=SECRET))
    assert services(tmp_path, "--profile", "local") == (0, "rides\n")
    assert SECRET not in repr(read_profile(file, "local"))
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        code, said = services(tmp_path, "--profile", "local")
        assert code == 2
        assert f"holds a secret and others can read it ({mode:04o}); run chmod 600" in said
    file.chmod(stat.S_IRUSR)
    assert services(tmp_path, "--profile", "local") == (0, "rides\n")


def test_a_profile_counts_as_a_whole(account: Rides, tmp_path: Path):
    write(tmp_path, profile_of(account, "local", auth_token=SECRET))
    elsewhere = {
        "TWILIO_SESSIONS_PROXY_URL": "http://127.0.0.1:9",
        "TWILIO_API_KEY": KEY,
        "TWILIO_API_SECRET": "x",
    }
    assert services(tmp_path, "--profile", "local", **elsewhere) == (0, "rides\n")


def test_without_variables_the_default_profile_counts(account: Rides, tmp_path: Path):
    write(tmp_path, profile_of(account, "default", auth_token=SECRET))
    assert services(tmp_path) == (0, "rides\n")
    code, said = services(tmp_path, TWILIO_SESSIONS_PROXY_URL="http://127.0.0.1:9")
    assert code == 2
    assert "no credentials" in said, "a variable says that it is another Twilio"
    assert services(tmp_path, **account.environ) == (0, "rides\n")


def test_options_win(account: Rides, tmp_path: Path):
    here = account.emulator.base_url
    environ = account.environ | {"TWILIO_SESSIONS_PROXY_URL": "http://127.0.0.1:9"}
    assert services(tmp_path, "--proxy-url", here, **environ) == (0, "rides\n")
    write(tmp_path, profile_of(account, "local", auth_token=SECRET, proxy_url="http://127.0.0.1:9"))
    assert services(tmp_path, "--profile", "local", "--proxy-url", here) == (0, "rides\n")
    other = services(tmp_path, "--profile", "local", "--proxy-url", here, "--account-sid", ACCOUNT)
    assert (other[0], "HTTP 401" in other[1]) == (1, True)


def test_every_command_that_speaks_to_twilio_takes_them(account: Rides, tmp_path: Path):
    write(tmp_path, profile_of(account, "local", auth_token=SECRET))
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    done = call("export", "--out", "archive", "--profile", "local", "--quiet", cwd=tmp_path, **home)
    assert (done.returncode, done.stderr) == (0, "")
    done = call("verify", "archive", "--against-api", "--profile", "local", cwd=tmp_path, **home)
    assert (done.returncode, done.stderr) == (0, "")
    for command in ("export", "verify", "sessions list", "doctor"):
        assert "--profile" in call(*command.split(), "--help", cwd=tmp_path).stdout


def test_what_needs_no_twilio_needs_no_profile(account: Rides, tmp_path: Path):
    done = call("export", "--out", "archive", "--quiet", cwd=tmp_path, **account.environ)
    assert done.returncode == 0
    write(tmp_path, "[default", 0o644)
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert call("verify", "archive", cwd=tmp_path, **home).returncode == 0
    assert call("verify", "archive", "--against-api", cwd=tmp_path, **home).returncode == 2


def test_no_option_takes_a_secret(tmp_path: Path):
    for command in ("services list", "sessions create", "export", "verify", "doctor"):
        text = call(*command.split(), "--help", cwd=tmp_path).stdout
        assert not {"--auth-token", "--api-secret", "--token", "--secret", "--password"} & set(text.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a", "is not TOML"),
        ("a = 1", r"\[a\] must be a table, such as \[production\]"),
        ("[a]\ncolour = 'red'", "does not know 'colour'; known are account_sid, auth_token"),
        ("[a]\naccount_sid = 7", "account_sid must be a text"),
        ("[a]\nauth_token_env = ''", "auth_token_env must be a text"),
        ("[a]\nauth_token_env = 'se-cret'", "auth_token_env must be the name of an environment variable"),
        (f"[a]\naccount_sid = '{ACCOUNT}'", "needs exactly one of auth_token and auth_token_env"),
        (
            f"[a]\napi_key = '{KEY}'\nauth_token_env = 'X'",
            "needs exactly one of api_secret and api_secret_env",
        ),
        ("[a]\nauth_token_env = 'X'\nauth_token = 'x'", "needs exactly one of auth_token and auth_token_env"),
        ("[b]\nauth_token_env = 'X'", r"no profile 'a' in .*: it has b; add a table \[a\]"),
        ("", r"no profile 'a' in .*: there is none; add a table \[a\]"),
    ],
)
def test_what_cannot_be_right_is_named(tmp_path: Path, text: str, message: str):
    file = write(tmp_path, text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        read_profile(file, "a")
    assert "se-cret" not in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path):
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_profiles(tmp_path / "config.toml")


def test_a_key_and_its_secret_become_variables(tmp_path: Path):
    settings = {"api_key": KEY, "api_secret_env": "S", "region": "au1"}
    profile = Profile(name="a", file=tmp_path, settings=settings)
    assert profile.variables({"S": "hidden"}) == {
        "TWILIO_API_KEY": KEY,
        "TWILIO_API_SECRET": "hidden",
        "TWILIO_REGION": "au1",
    }

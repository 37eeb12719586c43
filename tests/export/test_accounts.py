"""Several accounts: a file that holds no secret, and a failure that stops nobody else."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import anyio
import pytest

from twilio_sessions import AsyncClient, AuthenticationError, ConfigurationError
from twilio_sessions.emulator import DEFAULT_AUTH_TOKEN, Emulator, Seed
from twilio_sessions.export import Account, ExportReport, export, for_each_account, read_accounts

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "AC" + "1" * 32, "AC" + "2" * 32
KEY = "SK" + "a1" * 16
TOKEN, SECRET = "0123456789abcdef" * 2, "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"

GOOD = f"""
[production]
account_sid = "{ONE}"
api_key = "{KEY}"
api_secret_env = "TWILIO_PRODUCTION_SECRET"

["the old one"]
account_sid = "{TWO}"
auth_token_env = "OLD_TOKEN"
region = "au1"
edge = "sydney"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    return path


def test_accounts_are_read_with_the_names_of_their_variables(tmp_path: Path):
    first, second = read_accounts(written(tmp_path, GOOD))
    assert first == Account(
        name="production", account_sid=ONE, api_key=KEY, variable="TWILIO_PRODUCTION_SECRET"
    )
    assert (second.name, second.variable, second.api_key) == ("the old one", "OLD_TOKEN", None)
    environ = {"TWILIO_PRODUCTION_SECRET": SECRET, "OLD_TOKEN": TOKEN}
    assert repr(first.client(environ=environ)).startswith(f"<AsyncClient {KEY} at https://proxy.twilio.com ")
    assert repr(second.client(environ=environ)).startswith(f"<AsyncClient {TWO} at https://proxy.sydney.au1.")


async def test_each_client_has_its_own_limits(tmp_path: Path):
    accounts = read_accounts(written(tmp_path, GOOD))
    environ = {"TWILIO_PRODUCTION_SECRET": SECRET, "OLD_TOKEN": TOKEN}
    one, two = (account.client(environ=environ) for account in accounts)
    assert one._pipeline.shared.gate is not two._pipeline.shared.gate  # noqa: SLF001 - what is asserted is inside
    free = accounts[0].client(environ=environ, rate_limit=False)
    assert free._pipeline.shared.gate is None  # noqa: SLF001


@pytest.mark.parametrize("secret", [TOKEN, SECRET, TOKEN.upper()])
@pytest.mark.parametrize(
    "line",
    [
        'auth_token_env = "{}"',
        'auth_token = "{}"',
        "# {} is the old one",
        'edge = "a:{}"',
        "{} = 1",
        'account_sid = "{}"',
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, line: str, secret: str):
    path = written(tmp_path, f"{GOOD}\n[third]\n{line.format(secret)}\n")
    number = len(path.read_text().splitlines())
    with pytest.raises(
        ConfigurationError, match=f"line {number}: this looks like a secret; put it into"
    ) as error:
        read_accounts(path)
    assert secret not in repr(error.value) + str(error.value.__cause__) + str(error.value.__context__)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no account; it needs a table for each"),
        ("[a", r"accounts.toml is not TOML: "),
        ("a = 1", r"\[a\] must be a table"),
        ("[a]\nauth_token = 'x'", r"\[a\]: no secrets here; auth_token_env names the environment variable"),
        ("[a]\napi_secret = 'x'", r"\[a\]: no secrets here; api_secret_env names the environment variable"),
        ("[a]\nsid = 'x'", r"\[a\] does not know 'sid'; known are account_sid, api_key"),
        ("[a]\naccount_sid = 3", r"\[a\]: account_sid must be a text"),
        ("[a]\naccount_sid = 'hunter2'", r"\[a\]: account_sid must be AC and 32 .*; it has 7 characters"),
        ("[a]\nauth_token_env = 'B'", r"\[a\]: account_sid must be AC and 32 hexadecimal digits; it has 0"),
        (f"[a]\naccount_sid = '{ONE}'", r"\[a\] needs either api_key and api_secret_env, or auth_token_env"),
        (f"[a]\naccount_sid = '{ONE}'\napi_key = '{KEY}'", r"\[a\] needs either api_key and api_secret_env"),
        (f"[a]\naccount_sid = '{ONE}'\napi_secret_env = 'B'", r"\[a\] needs either"),
        (
            f"[a]\naccount_sid = '{ONE}'\nauth_token_env = 'B'\napi_key = '{KEY}'\napi_secret_env = 'C'",
            r"\[a\] needs either",
        ),
        (f"[a]\naccount_sid = '{ONE}'\napi_key = 'SK1'\napi_secret_env = 'B'", r"api_key must be SK and 32"),
        (f"[a]\naccount_sid = '{ONE}'\nauth_token_env = 'my token'", "must be the name of an environment"),
        (
            "".join(f"[{name}]\naccount_sid = '{ONE}'\nauth_token_env = 'B'\n" for name in "ab"),
            r"\[a\] and \[b\] are the same account",
        ),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, message: str):
    with pytest.raises(ConfigurationError, match=message) as error:
        read_accounts(written(tmp_path, text))
    assert "hunter2" not in str(error.value)


def test_a_file_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"nothing\.toml cannot be read: .*No such file"):
        read_accounts(tmp_path / "nothing.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"binary\.toml cannot be read"):
        read_accounts(tmp_path / "binary.toml")


async def test_a_variable_that_is_not_set_is_found_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TWILIO_PRODUCTION_SECRET", SECRET)
    began: list[str] = []

    async def begin(account: Account, _: AsyncClient) -> None:
        began.append(account.name)

    with pytest.raises(
        ConfigurationError, match="'the old one': the variable OLD_TOKEN is not set; it must hold"
    ):
        await for_each_account(read_accounts(written(tmp_path, GOOD)), begin)
    assert began == []


def test_an_account_travels_without_its_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TWILIO_PRODUCTION_SECRET", SECRET)
    account, _ = read_accounts(written(tmp_path, GOOD))
    account.client()
    assert SECRET.encode() not in pickle.dumps(account)
    assert SECRET not in repr(account)


async def test_the_failure_of_one_account_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RIGHT", DEFAULT_AUTH_TOKEN)
    monkeypatch.setenv("WRONG", "not the token")
    seeds = [Seed(services=2, sessions=20, random_seed=number) for number in range(3)]
    sids = [f"AC{number:032x}" for number in range(3)]
    running = [Emulator(account_sid=sid, seed=seed) for sid, seed in zip(sids, seeds, strict=True)]
    failed = anyio.Event()

    async def export_one(account: Account, client: AsyncClient) -> ExportReport:
        if account.variable == "RIGHT":
            await failed.wait()
        try:
            return await export(client, tmp_path / account.account_sid)
        finally:
            failed.set()

    async with running[0] as a, running[1] as b, running[2] as c:
        accounts = [
            Account(
                name=f"n{at}",
                account_sid=emulator.account_sid,
                variable="WRONG" if at == 1 else "RIGHT",
                proxy_url=emulator.base_url,
                assistants_url=emulator.base_url,
            )
            for at, emulator in enumerate((a, b, c))
        ]
        outcomes = await for_each_account(accounts, export_one, rate_limit=False)
    assert [outcome.account.name for outcome in outcomes] == ["n0", "n1", "n2"]
    assert [type(outcome.error) for outcome in outcomes] == [type(None), AuthenticationError, type(None)]
    assert [outcome.result and outcome.result.rows["sessions"] for outcome in outcomes] == [20, None, 20]
    assert not (tmp_path / sids[1] / "plan.json").exists()


async def test_a_mistake_in_the_program_is_not_an_outcome(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RIGHT", "x")

    async def fail(_: Account, __: AsyncClient) -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await for_each_account([Account(name="a", account_sid=ONE, variable="RIGHT")], fail)
    assert caught.group_contains(ZeroDivisionError)

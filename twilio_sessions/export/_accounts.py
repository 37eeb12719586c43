"""Several accounts at once: who they are (a file without secrets), and what becomes of each."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar, cast

import anyio
import attrs

from twilio_sessions.errors import ConfigurationError, TwilioSessionsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from os import PathLike

    from twilio_sessions.client import AsyncClient

__all__ = ["Account", "AccountOutcome", "for_each_account", "read_accounts"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}")
_API_KEY: Final = re.compile(r"SK[0-9a-fA-F]{32}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Twilio's auth tokens are 32 hexadecimal digits, and secrets of API keys 32 letters and digits.
_SECRET: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]*[0-9])[A-Za-z0-9]{32}(?![A-Za-z0-9])")
_ADDRESSES: Final = ("edge", "region", "proxy_url", "assistants_url")
_KNOWN: Final = ("account_sid", "api_key", "api_secret_env", "auth_token_env", *_ADDRESSES)


@attrs.frozen(kw_only=True)
class Account:
    """One account, and where its secret is; it holds no secret itself.

    Attributes:
        name: What the file calls it.
        account_sid: `AC...`.
        variable: The name of the environment variable that holds the secret.
        api_key: `SK...`, when the secret is that of an API key; None when it is the account's auth token.
        edge: As in `AsyncClient`.
        region: As in `AsyncClient`.
        proxy_url: As in `AsyncClient`.
        assistants_url: As in `AsyncClient`.
    """

    name: str
    account_sid: str
    variable: str
    api_key: str | None = None
    edge: str | None = None
    region: str | None = None
    proxy_url: str | None = None
    assistants_url: str | None = None

    def client(
        self, *, environ: Mapping[str, str] | None = None, rate_limit: bool = True, trust_env: bool = False
    ) -> AsyncClient:
        """Return a client of its own for this account, with limits of its own.

        Args:
            environ: Where the secret is looked up; by default `os.environ`.
            rate_limit: As in `AsyncClient`.
            trust_env: As in `AsyncClient`.

        Raises:
            ConfigurationError: The variable is not set, or something is malformed.
        """
        secret = (os.environ if environ is None else environ).get(self.variable)
        if not secret:
            raise ConfigurationError(
                f"account {self.name!r}: the variable {self.variable} is not set; it must hold the "
                f"{'secret of the API key ' + self.api_key if self.api_key else 'auth token of the account'}"
            )
        # Whoever only reads archives does not wait for an HTTP library to be loaded.
        from twilio_sessions.client import AsyncClient  # noqa: PLC0415

        return AsyncClient(
            self.account_sid,
            auth_token=None if self.api_key else secret,
            api_key=self.api_key,
            api_secret=secret if self.api_key else None,
            edge=self.edge,
            region=self.region,
            proxy_url=self.proxy_url,
            assistants_url=self.assistants_url,
            rate_limit=rate_limit,
            trust_env=trust_env,
        )


@attrs.frozen
class AccountOutcome(Generic[T_co]):
    """What became of one account.

    Attributes:
        account: Which one.
        result: What was returned for it; None if it failed.
        error: Why it failed; None if it did not.
    """

    account: Account
    result: T_co | None = None
    error: TwilioSessionsError | OSError | None = None


def read_accounts(path: str | PathLike[str]) -> list[Account]:
    """Read which accounts there are from a TOML file, which must not hold secrets.

    It has a table per account, with any name:

    ```toml
    [production]
    account_sid = "AC..."
    api_key = "SK..."
    api_secret_env = "TWILIO_PRODUCTION_SECRET"

    [staging]
    account_sid = "AC..."
    auth_token_env = "TWILIO_STAGING_TOKEN"
    region = "au1"
    ```

    `edge`, `region`, `proxy_url` and `assistants_url` are optional.

    Args:
        path: The file.

    Raises:
        ConfigurationError: The file cannot be read, holds something that looks like a secret, or says
            something that cannot be right; the table and what to change are named.

    Example:
        >>> for account in read_accounts("accounts.toml"):
        ...     async with account.client() as client:
        ...         await export(client, f"archive/{account.account_sid}")
    """
    file = Path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from None
    _refuse_secrets(file, text)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from None
    accounts = [_account(f"{file}, [{name}]", name, table) for name, table in tables.items()]
    if not accounts:
        raise ConfigurationError(f"{file} names no account; it needs a table for each, such as [production]")
    _refuse_doubles(file, accounts)
    return accounts


async def for_each_account(
    accounts: Sequence[Account],
    run: Callable[[Account, AsyncClient], Awaitable[T]],
    *,
    rate_limit: bool = True,
    trust_env: bool = False,
) -> list[AccountOutcome[T]]:
    """Do something for all accounts at once, each with a client of its own; no failure stops the others.

    Args:
        accounts: What `read_accounts` returned.
        run: Called with each account and its client.
        rate_limit: As in `AsyncClient`.
        trust_env: As in `AsyncClient`.

    Raises:
        ConfigurationError: A variable that should hold a secret is not set; nothing was begun.

    Example:
        >>> await for_each_account(
        ...     read_accounts("accounts.toml"),
        ...     lambda account, client: export(client, f"archive/{account.account_sid}"),
        ... )
    """
    # All of them first: whoever forgot a variable should not have to begin a second time.
    clients = [account.client(rate_limit=rate_limit, trust_env=trust_env) for account in accounts]
    outcomes: dict[str, AccountOutcome[T]] = {}

    async def one(account: Account, client: AsyncClient) -> None:
        async with client:
            try:
                outcomes[account.name] = AccountOutcome(account, result=await run(account, client))
            except (TwilioSessionsError, OSError) as error:
                outcomes[account.name] = AccountOutcome(account, error=error)

    async with anyio.create_task_group() as tasks:
        for account, client in zip(accounts, clients, strict=True):
            tasks.start_soon(one, account, client)
    return [outcomes[account.name] for account in accounts]


def _refuse_secrets(file: Path, text: str) -> None:
    for number, line in enumerate(text.splitlines(), start=1):
        if _SECRET.search(line):
            # The line is not repeated: it would be in a log then, too.
            raise ConfigurationError(
                f"{file}, line {number}: this looks like a secret; put it into an environment variable, and "
                "the name of that into the file: api_secret_env or auth_token_env"
            )


def _account(where: str, name: str, table: object) -> Account:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where} must be a table with account_sid and the name of a variable")
    values = cast("dict[str, object]", table)
    for key, value in values.items():
        if key in {"auth_token", "api_secret"}:
            raise ConfigurationError(
                f"{where}: no secrets here; {key}_env names the environment variable that holds it"
            )
        if key not in _KNOWN:
            raise ConfigurationError(f"{where} does not know {key!r}; known are {', '.join(_KNOWN)}")
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{where}: {key} must be a text")
    given = cast("dict[str, str]", values)
    return Account(
        name=name,
        account_sid=_matching(where, given, "account_sid", _ACCOUNT_SID, "AC and 32 hexadecimal digits"),
        variable=_variable(where, given),
        api_key=_matching(where, given, "api_key", _API_KEY, "SK and 32 hexadecimal digits")
        if "api_key" in given
        else None,
        **{key: given.get(key) for key in _ADDRESSES},
    )


def _variable(where: str, given: Mapping[str, str]) -> str:
    names = [key for key in ("api_secret_env", "auth_token_env") if key in given]
    if names != (["api_secret_env"] if "api_key" in given else ["auth_token_env"]):
        raise ConfigurationError(f"{where} needs either api_key and api_secret_env, or auth_token_env")
    return _matching(where, given, names[0], _VARIABLE, "the name of an environment variable")


def _matching(where: str, given: Mapping[str, str], key: str, form: re.Pattern[str], what: str) -> str:
    value = given.get(key, "")
    if not form.fullmatch(value):
        # Not repeated either: a secret that was put in the wrong place has any form.
        raise ConfigurationError(f"{where}: {key} must be {what}; it has {len(value)} characters")
    return value


def _refuse_doubles(file: Path, accounts: Sequence[Account]) -> None:
    seen: dict[str, str] = {}
    for account in accounts:
        if account.account_sid in seen:
            raise ConfigurationError(
                f"{file}: [{seen[account.account_sid]}] and [{account.name}] are the same account; each has "
                "one folder, so name it once"
            )
        seen[account.account_sid] = account.name

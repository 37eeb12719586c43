"""Profiles: who to be and where Twilio is, by name, in a TOML file; the secret is best kept elsewhere."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import attrs

from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["VARIABLES", "Profile", "config_path", "read_profile", "read_profiles"]

VARIABLES: Final = {
    "account_sid": "TWILIO_ACCOUNT_SID",
    "auth_token": "TWILIO_AUTH_TOKEN",
    "api_key": "TWILIO_API_KEY",
    "api_secret": "TWILIO_API_SECRET",
    "edge": "TWILIO_EDGE",
    "region": "TWILIO_REGION",
    "proxy_url": "TWILIO_SESSIONS_PROXY_URL",
    "assistants_url": "TWILIO_SESSIONS_ASSISTANTS_URL",
}
"""What a connection is made of, and the variables that say it."""

_SECRETS: Final = ("auth_token", "api_secret")
_NAMED: Final = tuple(f"{name}_env" for name in _SECRETS)
_KNOWN: Final = (*VARIABLES, *_NAMED)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@attrs.frozen(kw_only=True)
class Profile:
    """One table of the file.

    Attributes:
        name: What the file calls it.
        file: The file.
        settings: What it says, by the names of `AsyncClient`, or `..._env` for the name of a variable.
    """

    name: str
    file: Path
    # A secret may be among them.
    settings: Mapping[str, str] = attrs.field(repr=False)

    @property
    def secret_variables(self) -> list[str]:
        """The names of the variables that hold secrets for it."""
        return [self.settings[key] for key in _NAMED if key in self.settings]

    def variables(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return it as the variables that the library reads.

        Args:
            environ: Where secrets are looked up.

        Raises:
            ConfigurationError: A variable that should hold a secret is not set.
        """
        found = {VARIABLES[key]: value for key, value in self.settings.items() if key in VARIABLES}
        for key in _NAMED:
            if key in self.settings:
                found[VARIABLES[key.removesuffix("_env")]] = self._secret(self.settings[key], environ)
        return found

    def _secret(self, variable: str, environ: Mapping[str, str]) -> str:
        if not environ.get(variable):
            raise ConfigurationError(
                f"profile {self.name!r}: the variable {variable} is not set; it must hold the secret "
                f"({self.file})"
            )
        return environ[variable]


def config_path(environ: Mapping[str, str]) -> Path:
    """Return where profiles are: `$XDG_CONFIG_HOME/twilio-sessions/config.toml`, or below `~/.config`."""
    home = environ.get("XDG_CONFIG_HOME")
    # The specification wants relative ones ignored.
    base = Path(home) if home and Path(home).is_absolute() else Path("~/.config").expanduser()
    return base / "twilio-sessions" / "config.toml"


def read_profile(file: Path, name: str) -> Profile:
    """Return one profile.

    Raises:
        ConfigurationError: There is none of this name, or the file is not as it should be.
    """
    profiles = read_profiles(file)
    if name not in profiles:
        known = f"it has {', '.join(profiles)}" if profiles else "there is none"
        raise ConfigurationError(f"no profile {name!r} in {file}: {known}; add a table [{name}]")
    return profiles[name]


def read_profiles(file: Path) -> dict[str, Profile]:
    """Return all profiles of a file; none when it is not there.

    Raises:
        ConfigurationError: It cannot be read, says something that cannot be right, or holds a secret that
            others on this machine can read.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            tables = tomllib.load(opened)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not TOML: {error}") from None
    profiles = {name: _profile(file, name, table) for name, table in tables.items()}
    if any(key in profile.settings for profile in profiles.values() for key in _SECRETS):
        _refuse_readers(file, mode)
    return profiles


def _refuse_readers(file: Path, mode: int) -> None:
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigurationError(
            f"{file} holds a secret and others can read it ({stat.S_IMODE(mode):04o}); run chmod 600 on it, "
            "or name an environment variable instead: auth_token_env, api_secret_env"
        )


def _profile(file: Path, name: str, table: object) -> Profile:
    where = f"{file}, [{name}]"
    if not isinstance(table, dict):
        raise ConfigurationError(f"{where} must be a table, such as [production]")
    settings = cast("dict[str, object]", table)
    for key, value in settings.items():
        if key not in _KNOWN:
            raise ConfigurationError(f"{where} does not know {key!r}; known are {', '.join(_KNOWN)}")
        if not isinstance(value, str) or not value:
            raise ConfigurationError(f"{where}: {key} must be a text")
        if key in _NAMED and not _VARIABLE.fullmatch(value):
            # Not repeated: it may be the secret itself.
            raise ConfigurationError(f"{where}: {key} must be the name of an environment variable")
    given = cast("dict[str, str]", settings)
    secrets = [key for key in (*_SECRETS, *_NAMED) if key in given]
    wanted = {"api_secret", "api_secret_env"} if "api_key" in given else {"auth_token", "auth_token_env"}
    if len(secrets) != 1 or secrets[0] not in wanted:
        raise ConfigurationError(f"{where} needs exactly one of {' and '.join(sorted(wanted))}")
    return Profile(name=name, file=file, settings=given)

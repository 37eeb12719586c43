"""Where credentials come from, in words: for advice when they are refused, or when there are none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions.cli._profiles import VARIABLES, config_path, read_profiles
from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twilio_sessions.cli._profiles import Profile

__all__ = ["Source", "addresses_in_use", "credentials_in_use", "note_source", "with_all_ways"]

_KEY: Final = ("api_key", "api_secret")
_TOKEN: Final = ("account_sid", "auth_token")
# How the library begins to say so.
_NONE: Final = "no credentials"
_ADDRESS: Final = ("edge", "region", "proxy_url", "assistants_url")


@attrs.frozen
class Source:
    """Where it comes from who to be, and where Twilio is.

    Attributes:
        profile: The profile that is used; None means variables.
        options: What was given by options, by the names of `AsyncClient`.
    """

    profile: Profile | None = None
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return where the credentials come from, to follow "from"."""
        given = [_option(key) for key in self.options if key in {*_KEY, *_TOKEN}]
        return " and ".join([self._base, *given])

    @property
    def _base(self) -> str:
        profile = self.profile
        return "the environment" if profile is None else f"the profile {profile.name!r} of {profile.file}"

    def to_check(self, environ: Mapping[str, str]) -> str:
        """Return what to look at when the credentials are refused.

        Args:
            environ: The variables that are in force.
        """
        if self.profile is None:
            pair = _KEY if all(environ.get(VARIABLES[key]) for key in _KEY) else _TOKEN
            return " and ".join(map(self._name, pair))
        named = [f"the variable {variable}" for variable in self.profile.secret_variables]
        return " and ".join([str(self), *named])

    def addresses(self, url: str, environ: Mapping[str, str]) -> list[str]:
        """Return what says that Twilio is where a request went; nothing where the library knows by itself.

        Args:
            url: Of the request.
            environ: The variables that are in force.
        """
        values = {key: environ.get(VARIABLES[key]) for key in _ADDRESS}
        return [self._name(key) for key, value in values.items() if value and value in url]

    def _name(self, key: str) -> str:
        if key in self.options:
            return _option(key)
        return VARIABLES[key] if self.profile is None else f"{key} of the profile {self.profile.name!r}"

    def missing(self, environ: Mapping[str, str]) -> str:
        """Return what to do when there are no credentials: all ways to give some."""
        if self.profile is not None:
            return f"{_NONE}: {self._base} has no account_sid; add it, or give --account-sid"
        file = config_path(environ)
        ways = [" and ".join(map(VARIABLES.__getitem__, pair)) for pair in (_TOKEN, _KEY)]
        return (
            f"{_NONE}: set {', or '.join(ways)}{_half(environ)}, or name a profile of {file} "
            f"with --profile{_names(environ)}"
        )


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _half(environ: Mapping[str, str]) -> str:
    """Name what is missing where one of two is set."""
    for pair in (_TOKEN, _KEY):
        missing = [VARIABLES[key] for key in pair if not environ.get(VARIABLES[key])]
        if len(missing) == 1:
            return f" ({missing[0]} is not set)"
    return ""


def _names(environ: Mapping[str, str]) -> str:
    """Name the profiles that there are."""
    try:
        names = list(read_profiles(config_path(environ)))
    except ConfigurationError:
        # Whoever names one is told what is wrong with the file.
        return ""
    return f" ({', '.join(names)})" if names else " (that file is not there yet)"


@attrs.define
class _InUse:
    source: Source = Source()


_in_use: Final = _InUse()


def note_source(source: Source) -> None:
    """Remember where the credentials of this process come from."""
    _in_use.source = source


def credentials_in_use() -> str:
    """Return what to look at when the credentials of this process are refused."""
    return _in_use.source.to_check(os.environ)


def addresses_in_use(url: str) -> list[str]:
    """Return what says that Twilio is where a request went; nothing where the library knows by itself."""
    return _in_use.source.addresses(url, os.environ)


def with_all_ways(error: ConfigurationError) -> ConfigurationError:
    """Return an error that names all ways to give credentials, if the library's says that there are none.

    Args:
        error: The library's, which knows of arguments and not of profiles.
    """
    is_anonymous = str(error).startswith(_NONE)
    return ConfigurationError(_in_use.source.missing(os.environ)) if is_anonymous else error

"""The options that say who to be and where Twilio is, the same for every command that speaks to it."""

from __future__ import annotations

import functools
import inspect
import os
from typing import TYPE_CHECKING, Annotated, Any, Final

import attrs
from cyclopts import Group, Parameter

from twilio_sessions.cli._debug import DEBUG
from twilio_sessions.cli._profiles import VARIABLES, config_path, read_profile, read_profiles
from twilio_sessions.cli._source import Source, note_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Connection", "connected"]

_GROUP: Final = Group("Connection", sort_key=90)
_PROFILE: Final = "TWILIO_SESSIONS_PROFILE"
# What a profile calls itself that is used when nothing else says who to be.
_DEFAULT: Final = "default"


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class Connection:
    """Who to be, and where Twilio is.

    Attributes:
        profile: A profile of ~/.config/twilio-sessions/config.toml; with one, no TWILIO_ variable counts.
        account_sid: The account, AC...; its token is in TWILIO_AUTH_TOKEN or the profile.
        api_key: An API key, SK...; its secret is in TWILIO_API_SECRET or the profile.
        edge: Twilio's edge to connect to, such as sydney.
        region: Twilio's region that has the data, such as au1.
        proxy_url: The address of Proxy, when it is not Twilio's: of a local Twilio, perhaps.
        assistants_url: The address of Assistants, when it is not Twilio's.
        debug: Show where in the program an error came from.
    """

    profile: str | None = None
    account_sid: str | None = None
    api_key: str | None = None
    edge: str | None = None
    region: str | None = None
    proxy_url: str | None = None
    assistants_url: str | None = None
    debug: Annotated[bool, Parameter(show_default=False)] = False

    def apply(self) -> Source:
        """Make the environment of this process say what was asked for, and return where that came from.

        Raises:
            ConfigurationError: The profile cannot be read.
        """
        # First of all, so that it shows where errors of the profile came from, too.
        self.note_debug()
        variables, source = self._resolve(os.environ)
        for name in VARIABLES.values():
            os.environ.pop(name, None)
        os.environ.update(variables)
        note_source(source)
        return source

    def note_debug(self) -> None:
        """Have errors say where they came from, if that was asked for."""
        if self.debug:
            os.environ[DEBUG] = "1"

    def _resolve(self, environ: Mapping[str, str]) -> tuple[dict[str, str], Source]:
        """Return the variables to go on with: of options, else of a profile as a whole, else as they are."""
        found = {name: environ[name] for name in VARIABLES.values() if environ.get(name)}
        name, profile = self.profile or environ.get(_PROFILE), None
        file = config_path(environ)
        if name is None and not found and _DEFAULT in read_profiles(file):
            name = _DEFAULT
        if name is not None:
            profile = read_profile(file, name)
            found = profile.variables(environ)
        given = {key: value for key in VARIABLES if (value := getattr(self, key, None)) is not None}
        found |= {VARIABLES[key]: value for key, value in given.items()}
        return found, Source(profile, tuple(given))


def connected(command: Callable[..., object], *, only_with: str = "") -> Callable[..., object]:
    """Return a command that takes these options besides its own.

    Args:
        command: A function or a coroutine function.
        only_with: The option with which alone it speaks to Twilio; without, no profile is looked at.
    """

    def apply(connection: Connection | None, options: dict[str, object]) -> None:
        given = connection or Connection()
        given.note_debug()
        if not only_with or options.get(only_with):
            given.apply()

    if inspect.iscoroutinefunction(command):

        @functools.wraps(command)
        async def waited(*args: Any, connection: Connection | None = None, **options: Any) -> Any:
            apply(connection, options)
            return await command(*args, **options)

        return _with_options(waited, command)

    @functools.wraps(command)
    def called(*args: Any, connection: Connection | None = None, **options: Any) -> Any:
        apply(connection, options)
        return command(*args, **options)

    return _with_options(called, command)


def _with_options(function: Any, command: Callable[..., object]) -> Callable[..., object]:
    """Say what cyclopts reads, which would follow `__wrapped__` otherwise."""
    signature = inspect.signature(command)
    option = inspect.Parameter("connection", inspect.Parameter.KEYWORD_ONLY, default=None)
    function.__signature__ = signature.replace(parameters=[*signature.parameters.values(), option])
    function.__annotations__ = {**command.__annotations__, "connection": Connection | None}
    wrapped: Callable[..., object] = function
    return wrapped

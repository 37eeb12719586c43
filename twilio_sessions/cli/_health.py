"""What `doctor` looks at: credentials, both products, this machine's clock and limits, versions."""

from __future__ import annotations

import importlib.util
import platform
import time
from contextlib import aclosing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlsplit

import attrs

from twilio_sessions._core.capture import capture_responses
from twilio_sessions._core.proxies import VARIABLES, HttpProxies, http_url
from twilio_sessions._version import __version__
from twilio_sessions.cli._advice import advice, message
from twilio_sessions.cli._source import with_all_ways
from twilio_sessions.cli._words import duration
from twilio_sessions.client import AsyncClient
from twilio_sessions.errors import APIError, ConfigurationError, NotFoundError, TwilioSessionsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from twilio_sessions.cli._connection import Connection
    from twilio_sessions.cli._source import Source

__all__ = ["Finding", "State", "clock_finding", "clock_of", "examine", "files_finding", "proxy_findings"]

State: TypeAlias = Literal["ok", "note", "wrong"]

_SET_CLOCK: Final = "let the system set this machine's clock (NTP; on Linux: timedatectl set-ntp true)"
_TIMEOUT: Final = 15.0
_SLIGHTLY: Final = 5.0
_BADLY: Final = 60.0
_FIRST_STEPS: Final = (
    "https://console.twilio.com shows those of an account, and `twilio-sessions emulator` needs none"
)
_NO_SOCKS: Final = "no other proxy (SOCKS) can be used: unset it, or name one such as http://proxy:3128"
# A connection each for a hundred requests at a time, and what else a process opens.
_FILES: Final = 256


@attrs.frozen
class Finding:
    """What was found out about one thing.

    Attributes:
        check: What was looked at.
        state: `ok`, `note` for what may be meant so, `wrong` for what keeps things from working.
        found: What was found.
        advice: What to do; empty when there is nothing to do.
    """

    check: str
    state: State
    found: str
    advice: str = ""


async def examine(connection: Connection) -> list[Finding]:
    """Look at everything, and make one small request to each product.

    Args:
        connection: Who to be, and where Twilio is.
    """
    local = [*proxy_findings(HttpProxies.of_environment().named), _versions(), files_finding(_open_files())]
    try:
        source = connection.apply()
        client = AsyncClient(timeout=_TIMEOUT, max_attempts=2, trust_env=True)
    except ConfigurationError as error:
        what = f"{with_all_ways(error)}; {_FIRST_STEPS}"
        return [Finding("credentials", "wrong", "none that can be used", what), *local]
    return [*await _remote(client, source), *local]


async def _remote(client: AsyncClient, source: Source) -> list[Finding]:
    who = f"{_who(client)}, from {source}"
    async with client:
        with capture_responses() as responses:
            proxy = await _product("proxy", client.proxy.v1.services.list(limit=1))
            assistants = await _product("assistants", client.assistants.v1.sessions.list(limit=1))
        now = datetime.now(UTC)
        throttled = client.counters.throttled
    dates = [response.headers["date"] for response in responses if "date" in response.headers]
    is_refused = any(response.status == HTTPStatus.UNAUTHORIZED for response in responses)
    credentials = Finding("credentials", "wrong", f"{who}: refused, see below")
    if not is_refused:
        credentials = Finding("credentials", "ok", who)
    return [credentials, proxy, assistants, clock_of(dates, now), _rate(throttled)]


def _who(client: AsyncClient) -> str:
    """Return the SIDs, and nothing of the secrets."""
    return repr(client).removeprefix("<AsyncClient ").partition(" at ")[0]


async def _product(name: str, rows: AsyncGenerator[object]) -> Finding:
    began = time.monotonic()
    try:
        async with aclosing(rows):
            async for _ in rows:
                break
    except NotFoundError as error:
        if name == "assistants":
            return Finding(name, "note", f"not there: {error}", "exports leave it out, and say so")
        return Finding(
            name, "wrong", str(error), "check TWILIO_SESSIONS_PROXY_URL, TWILIO_EDGE, TWILIO_REGION"
        )
    except TwilioSessionsError as error:
        return Finding(name, "wrong", message(error), advice(error) or _unknown(error))
    return Finding(name, "ok", f"answers, in {(time.monotonic() - began) * 1000:.0f} ms")


def _unknown(error: TwilioSessionsError) -> str:
    if isinstance(error, APIError):
        return f"https://www.twilio.com/docs/api/errors/{error.code or ''}".rstrip("/")
    return "check that the address is Twilio's, and what is between"


def clock_of(dates: Sequence[str], now: datetime) -> Finding:
    """Judge this machine's clock by the `Date` headers of answers, of which the last one counts."""
    if not dates:
        return Finding("clock", "note", "no server said what time it is", "see proxy and assistants above")
    try:
        server = parsedate_to_datetime(dates[-1])
    except ValueError:
        return Finding("clock", "note", f"a server's date cannot be read: {dates[-1]!r}")
    return clock_finding(now, server if server.tzinfo is not None else server.replace(tzinfo=UTC))


def clock_finding(now: datetime, server: datetime) -> Finding:
    """Compare this machine's clock with a server's, which says whole seconds."""
    ahead = (now - server).total_seconds()
    words = f"{duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the server's"
    if abs(ahead) > _BADLY:
        what = f"{_SET_CLOCK}: until then, dates such as --date-expiry mean another time at Twilio"
        return Finding("clock", "wrong", words, what)
    if abs(ahead) > _SLIGHTLY:
        return Finding("clock", "note", words, _SET_CLOCK)
    return Finding("clock", "ok", f"within {_SLIGHTLY:.0f} s of the server's")


def _rate(throttled: int) -> Finding:
    limit = "Proxy answers 30 requests/s for each endpoint of a service; this program keeps to that"
    if throttled:
        return Finding(
            "rate limit", "note", f"{throttled} answered 429", f"something else is busy, too; {limit}"
        )
    return Finding("rate limit", "ok", limit)


def files_finding(files: int | None) -> Finding:
    """Judge how many files this process may open, connections included; None is not known."""
    if files is not None and files < _FILES:
        return Finding("open files", "note", f"{files} at a time", "exports open many: ulimit -n 1024")
    return Finding("open files", "ok", "enough" if files is None else f"{files:,} at a time")


def _open_files() -> int | None:
    if importlib.util.find_spec("resource") is None:
        return None
    import resource  # noqa: PLC0415 - not on Windows

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if files == resource.RLIM_INFINITY else files


def proxy_findings(named: Mapping[str, str]) -> list[Finding]:
    """Judge the HTTP proxies that the environment names; nothing secret of their addresses is shown."""
    return [_proxy(variable, named[scheme]) for scheme, variable in VARIABLES.items() if scheme in named]


def _proxy(variable: str, value: str) -> Finding:
    url = http_url(value)
    if url is None:
        return Finding("HTTP proxy", "wrong", f"{variable} is no http or https URL", _NO_SOCKS)
    place = urlsplit(url).netloc.rpartition("@")[2]
    return Finding("HTTP proxy", "ok", f"{place}, from {variable}; NO_PROXY names exceptions")


def _versions() -> Finding:
    return Finding("versions", "ok", f"twilio-sessions {__version__}, Python {platform.python_version()}")

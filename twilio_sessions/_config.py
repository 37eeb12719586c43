"""Where to send requests and who to be: argument, else environment, else default; a value without I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NoReturn
from urllib.parse import urlsplit

import attrs

from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

__all__ = ["ClientOptions", "Product", "Secret", "resolve_options"]

Product = Literal["proxy", "assistants"]

DEFAULT_TIMEOUT: Final = 60.0
DEFAULT_ATTEMPT_TIMEOUT: Final = 20.0
DEFAULT_CONNECT_TIMEOUT: Final = 5.0
DEFAULT_READ_TIMEOUT: Final = 20.0
DEFAULT_MAX_ATTEMPTS: Final = 5
DEFAULT_MAX_CONNECTIONS: Final = 100
DEFAULT_MAX_RESPONSE_BYTES: Final = 32 * 1024 * 1024
_ACCOUNT_SID: Final = re.compile(r"AC[0-9a-fA-F]{32}")
_API_KEY: Final = re.compile(r"SK[0-9a-fA-F]{32}")
# One label of a host name; edge and region are put into a host, so nothing else may pass.
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

# urlsplit drops some of these without a word, and passes others on to where they break a request.
_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f]")


class Secret:
    """A string that shows itself only when asked: not in a repr, a format, a comparison or a pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle outlives the process and travels."""
        raise TypeError("a Secret is not pickled; send the name of the variable that holds it instead")


@attrs.frozen(kw_only=True)
class ClientOptions:
    """What a client was told, resolved once.

    Attributes:
        username: The Basic user: an account SID (`AC...`) or an API key SID (`SK...`).
        password: The auth token or the API key's secret.
        account_sid: The account, where it is known; with an API key it is only informational.
        proxy_url: Origin (and optional path prefix) of Proxy, without a trailing slash.
        assistants_url: The same for Assistants.
        timeout: Seconds that one call may take, waits and repetitions included.
        attempt_timeout: Seconds that one attempt may take, to the last byte of its answer.
        connect_timeout: Seconds that a connection may take to be made.
        read_timeout: Seconds without a byte after which an attempt is given up, if so many are left.
        max_attempts: Attempts per call, the first one included.
        max_connections: Connections, and so requests, at a time.
        max_response_bytes: Bytes that the decoded body of an answer may have.
        rate_limit: Whether to keep to Twilio's published limits by itself.
    """

    username: str
    password: Secret
    account_sid: str | None
    proxy_url: str
    assistants_url: str
    timeout: float = DEFAULT_TIMEOUT
    attempt_timeout: float = DEFAULT_ATTEMPT_TIMEOUT
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
    read_timeout: float = DEFAULT_READ_TIMEOUT
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    max_connections: int = DEFAULT_MAX_CONNECTIONS
    max_response_bytes: int = DEFAULT_MAX_RESPONSE_BYTES
    rate_limit: bool = True

    def __attrs_post_init__(self) -> None:
        for name in ("timeout", "attempt_timeout", "connect_timeout", "read_timeout"):
            seconds = getattr(self, name)
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
                raise ConfigurationError(f"{name} is in seconds and must be greater than 0; got {seconds!r}")
        for name in ("max_attempts", "max_connections", "max_response_bytes"):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                raise ConfigurationError(f"{name} must be a whole number, 1 or more; got {count!r}")

    def base_url(self, product: Product) -> str:
        """Return the base URL of one product."""
        return self.proxy_url if product == "proxy" else self.assistants_url


def resolve_options(
    *,
    environ: Mapping[str, str],
    account_sid: str | None = None,
    auth_token: str | None = None,
    api_key: str | None = None,
    api_secret: str | None = None,
    edge: str | None = None,
    region: str | None = None,
    proxy_url: str | None = None,
    assistants_url: str | None = None,
    **tuning: float,
) -> ClientOptions:
    """Combine arguments with the environment; `tuning` goes to `ClientOptions` as it is.

    Raises:
        ConfigurationError: Something is missing or malformed; the message names what.
    """
    # An empty variable is how a shell "unsets" one.
    env = {name: value for name, value in environ.items() if value}
    account_sid = account_sid or env.get("TWILIO_ACCOUNT_SID")
    username, password = _credentials(env, account_sid, auth_token, api_key, api_secret)
    if account_sid is not None and not _ACCOUNT_SID.fullmatch(account_sid):
        raise ConfigurationError(_bad_account_sid(account_sid))
    edge = edge or env.get("TWILIO_EDGE")
    region = region or env.get("TWILIO_REGION")
    return ClientOptions(
        username=username,
        password=Secret(password),
        account_sid=account_sid,
        proxy_url=_base_url("proxy", proxy_url or env.get("TWILIO_SESSIONS_PROXY_URL"), edge, region),
        assistants_url=_base_url(
            "assistants", assistants_url or env.get("TWILIO_SESSIONS_ASSISTANTS_URL"), edge, region
        ),
        **tuning,  # type: ignore[arg-type]
    )


def _credentials(
    env: Mapping[str, str],
    account_sid: str | None,
    auth_token: str | None,
    api_key: str | None,
    api_secret: str | None,
) -> tuple[str, str]:
    """Pick one pair. What is given as an argument wins; in the environment an API key wins over the token."""
    if auth_token and (api_key or api_secret):
        raise ConfigurationError("give either auth_token or api_key and api_secret, not both")
    if api_key or api_secret:
        return _key_pair(api_key or env.get("TWILIO_API_KEY"), api_secret or env.get("TWILIO_API_SECRET"))
    if not auth_token and "TWILIO_API_KEY" in env and "TWILIO_API_SECRET" in env:
        return _key_pair(env["TWILIO_API_KEY"], env["TWILIO_API_SECRET"])
    token = auth_token or env.get("TWILIO_AUTH_TOKEN")
    if account_sid and token:
        return account_sid, token
    raise ConfigurationError(
        "no credentials: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and "
        "TWILIO_API_SECRET, or pass account_sid and auth_token, or api_key and api_secret "
        f"(missing now: {', '.join(_missing(env, account_sid, token))})"
    )


def _missing(env: Mapping[str, str], account_sid: str | None, token: str | None) -> list[str]:
    """Name what stands in the way, for the one message about it."""
    names: list[str] = []
    if not account_sid:
        names.append("TWILIO_ACCOUNT_SID")
    if not token:
        names.append("TWILIO_AUTH_TOKEN")
    names += [name for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET") if name not in env]
    return names


def _key_pair(api_key: str | None, api_secret: str | None) -> tuple[str, str]:
    if not api_key:
        raise ConfigurationError("api_secret is given without api_key (TWILIO_API_KEY)")
    if not api_secret:
        raise ConfigurationError("api_key is given without api_secret (TWILIO_API_SECRET)")
    if not _API_KEY.fullmatch(api_key):
        raise ConfigurationError(f"api_key must be SK and 32 hexadecimal digits; got {_shorten(api_key)}")
    return api_key, api_secret


def _bad_account_sid(value: str) -> str:
    hint = "; an API key goes to api_key= and api_secret=" if value.startswith("SK") else ""
    return f"account_sid must be AC and 32 hexadecimal digits; got {_shorten(value)}{hint}"


def _shorten(value: str) -> str:
    """Show enough to recognise a mix-up, too little to leak a secret that was put in the wrong place."""
    return f"{value[:2]!r}... ({len(value)} characters)"


def _base_url(product: Product, explicit: str | None, edge: str | None, region: str | None) -> str:
    """Return the address of a product; an explicit one is never rewritten by edge or region."""
    if explicit is None:
        return f"https://{_host(product, edge, region)}"
    if _UNSEEN.search(explicit):
        raise ConfigurationError(
            f"{product}_url must not hold spaces or control characters; it is used as it is"
        )
    parts = _split_url(explicit)
    if parts is None:
        # The value is not repeated: it may hold a password that could not be told apart.
        raise ConfigurationError(f"{product}_url must be an http or https URL, such as https://host:8080")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{product}_url must not hold credentials; give them as arguments")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{product}_url must not have a query or a fragment; got {explicit!r}")
    return explicit.rstrip("/")


def _split_url(value: str) -> SplitResult | None:
    """Return the parts of an absolute http or https URL; None when it is something else."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _host(product: Product, edge: str | None, region: str | None) -> str:
    """Build `product[.edge][.region].twilio.com`; as in Twilio's libraries, an edge alone means us1."""
    for name, label in (("edge", edge), ("region", region)):
        if label is not None and not _LABEL.fullmatch(label):
            raise ConfigurationError(
                f"{name} must be one label of a host name, such as 'sydney' or 'au1'; got {label!r}"
            )
    if edge and not region:
        region = "us1"
    return ".".join(part for part in (product, edge, region, "twilio.com") if part)

"""Which HTTP proxy the environment wants a request to go through."""

from __future__ import annotations

import ipaddress
import urllib.request
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import attrs

from twilio_sessions.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["VARIABLES", "HttpProxies", "http_url"]

VARIABLES: Final = {"http": "HTTP_PROXY", "https": "HTTPS_PROXY", "all": "ALL_PROXY"}
"""The variables that name proxies, by the scheme of the URLs that go through them."""


@attrs.frozen
class HttpProxies:
    """What the environment says of HTTP proxies.

    Attributes:
        named: Proxies by scheme, and below `no` who needs none.
    """

    named: Mapping[str, str] = attrs.field(factory=dict[str, str], repr=False)

    @classmethod
    def of_environment(cls) -> HttpProxies:
        """Return what the environment says now."""
        named = urllib.request.getproxies_environment()
        return cls(named=named if named.keys() & VARIABLES else {})

    def proxy_for(self, url: str) -> str | None:
        """Return the proxy through which a URL is reached, if any.

        Raises:
            ConfigurationError: The variable for such URLs names no HTTP proxy. To do without it could send
                in clear text, or past a guard, what was meant to go through it.
        """
        if not self.named:
            return None
        parts = urlsplit(url)
        host = parts.hostname or ""
        # Nobody can reach this machine's own addresses for it: a local Twilio needs no NO_PROXY.
        if _is_loopback(host) or _bypass(host, self.named):
            return None
        scheme = parts.scheme if self.named.get(parts.scheme) else "all"
        found = self.named.get(scheme)
        if found is None:
            return None
        proxy = http_url(found)
        if proxy is None:
            # Not repeated: it may hold a password.
            raise ConfigurationError(
                f"{VARIABLES[scheme]} must be an http or https URL, such as http://proxy:3128; "
                "no other proxy (SOCKS) can be used; NO_PROXY names hosts that need none"
            )
        return proxy


def http_url(proxy: str) -> str | None:
    """Return the URL of an HTTP proxy, or None if it is none; a host and a port are one, as to curl.

    Example:
        >>> http_url("proxy:3128"), http_url("socks5://proxy:1080")
        ('http://proxy:3128', None)
    """
    url = proxy if "://" in proxy else f"http://{proxy}"
    try:
        parts = urlsplit(url)
        is_whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return url if is_whole else None


def _bypass(host: str, named: Mapping[str, str]) -> bool:
    """Tell whether NO_PROXY names a host, as Python's own clients read it."""
    # As old as urllib, on every platform, and in no documentation or list of types.
    bypass = cast(
        "Callable[[str, Mapping[str, str]], bool]", vars(urllib.request)["proxy_bypass_environment"]
    )
    return bypass(host, named)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

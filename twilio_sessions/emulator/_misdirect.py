"""`next_page_url` as nobody should follow it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_sessions.emulator._fault import Fault

__all__ = ("misdirected",)

_NOWHERE = "evil.invalid"


def misdirected(fault: Fault, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `meta` of a page with another `next_page_url`; on the last page it gets one, too."""
    lure = _LURES[fault.page or "loop"]
    return {**meta, "next_page_url": lure(fault, meta)}


def _true(meta: Mapping[str, Any]) -> str:
    """Return the right URL; on the last page the page's own, which a lure needs as much as any."""
    return str(meta["next_page_url"] or meta["url"])


def _foreign_host(fault: Fault, meta: Mapping[str, Any]) -> str:
    return _moved(_true(meta), netloc=fault.host or _NOWHERE)


def _userinfo(fault: Fault, meta: Mapping[str, Any]) -> str:
    # To a reader it begins with the right host; to a parser, that is a user's name.
    url = urlsplit(_true(meta))
    return url._replace(netloc=f"{url.netloc.replace(':', '%3A')}@{fault.host or _NOWHERE}").geturl()


def _no_scheme(fault: Fault, meta: Mapping[str, Any]) -> str:
    return _moved(_true(meta), scheme="", netloc=fault.host or _NOWHERE)


def _other_scheme(fault: Fault, meta: Mapping[str, Any]) -> str:
    url = urlsplit(_true(meta))
    scheme = "http" if url.scheme == "https" else "https"
    return _moved(_true(meta), scheme=scheme, netloc=fault.host or url.netloc)


def _other_path(_: Fault, meta: Mapping[str, Any]) -> str:
    url = urlsplit(_true(meta))
    return url._replace(path=f"{url.path}/../../../v1/Elsewhere").geturl()


def _loop(fault: Fault, meta: Mapping[str, Any]) -> str:
    # Pages 0 to cycle-1, again and again; a listing with fewer goes round sooner.
    turn_back = (int(meta["page"]) + 1) % (fault.cycle or 1) == 0
    return str((None if turn_back else meta["next_page_url"]) or meta["first_page_url"])


def _no_token(_: Fault, meta: Mapping[str, Any]) -> str:
    return re.sub(r"&PageToken=[^&]*", "", _true(meta))


def _moved(url: str, **parts: str) -> str:
    return urlsplit(url)._replace(**parts).geturl()


_LURES: Mapping[str, Callable[[Fault, Mapping[str, Any]], str]] = {
    "foreign-host": _foreign_host,
    "other-scheme": _other_scheme,
    "userinfo": _userinfo,
    "no-scheme": _no_scheme,
    "other-path": _other_path,
    "loop": _loop,
    "no-token": _no_token,
}

"""What the load generator answers: rows rendered once, and then only copied with other SIDs in them."""

from __future__ import annotations

import functools
import json
from itertools import count
from typing import Final
from urllib.parse import parse_qs

__all__ = ["ACCOUNT", "PAGE", "Answers", "service_sid", "session_row", "session_sid"]

ACCOUNT: Final = "AC" + "1" * 32
PAGE: Final = 100
HOST: Final = "https://proxy.twilio.com"
_SESSION: Final = "KC" + "0" * 32
_SERVICE: Final = "KS" + "0" * 32
_HEAD: Final = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_DELETED: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


def service_sid(number: int) -> str:
    """Return the SID of the n-th service."""
    return f"KS{number:032x}"


def session_sid(number: int) -> str:
    """Return the SID of the n-th session of any service."""
    return f"KC{number + 1:032x}"


class Answers:
    """Answers for services with so many sessions each, each with two participants and two interactions.

    Args:
        sizes: How many sessions each service has.
        base: Where this is served, for addresses of next pages.
        closed: Whether sessions are closed, and so have each of their dates.
    """

    def __init__(self, sizes: tuple[int, ...], base: str, *, closed: bool) -> None:
        self._sizes = {service_sid(number).encode(): size for number, size in enumerate(sizes)}
        self._base = base
        self._closed = closed
        self._made = count()
        row = json.dumps(session_row(-1, closed=closed)).encode()
        self._one = _answer(row)
        self._new = _answer(row, b"201 Created")
        self._nested = {
            b"Participants": _listing("participants", [_participant(n) for n in range(2)]),
            b"Interactions": _listing("interactions", [_interaction(n) for n in range(2)]),
        }

    def answer(self, method: bytes, target: bytes) -> bytes:
        """Return the whole answer to a request, head and body."""
        path, _, query = target.partition(b"?")
        match path.split(b"/")[2:]:
            case [b"Services"]:
                return self._services()
            case [_, service, b"Sessions"] if method == b"GET":
                page = int(parse_qs(query).get(b"Page", [b"0"])[0])
                return _page(page, self._sizes[service], self._base, service, closed=self._closed)
            case [_, service, b"Sessions", *rest]:
                return _filled(self._of_session(method, rest), _SERVICE, service)
            case [_, _, other]:
                return _listing(other.decode(), [])
        raise ValueError(f"expected the path of something that Proxy has, got {path.decode()!r}")

    def _of_session(self, method: bytes, rest: list[bytes]) -> bytes:
        match rest:
            case []:
                return _filled(self._new, _SESSION, self._next_sid())
            case [sid]:
                return _DELETED if method == b"DELETE" else _filled(self._one, _SESSION, sid)
        return _filled(self._nested[rest[1]], _SESSION, rest[0])

    def _next_sid(self) -> bytes:
        return b"KC%032x" % (1 << 64 | next(self._made))

    @functools.cache  # noqa: B019 - there is one of these
    def _services(self) -> bytes:
        return _listing("services", [_service(service_sid(n)) for n in range(len(self._sizes))])


def _filled(answer: bytes, placeholder: str, sid: bytes) -> bytes:
    return answer.replace(placeholder.encode(), sid)


# As many as the longest listing of most cases has; what is left is to send them.
@functools.lru_cache(maxsize=2_000)
def _page(page: int, sessions: int, base: str, service: bytes, *, closed: bool) -> bytes:
    return _filled(_sessions(page, sessions, base, closed=closed), _SERVICE, service)


@functools.cache
def _sessions(page: int, sessions: int, base: str, *, closed: bool) -> bytes:
    rows = [
        session_row(number, closed=closed) for number in range(page * PAGE, min(sessions, (page + 1) * PAGE))
    ]
    following = None
    if (page + 1) * PAGE < sessions:
        following = (
            f"{base}/v1/Services/{_SERVICE}/Sessions?PageSize={PAGE}&Page={page + 1}&PageToken=PT{page}"
        )
    return _listing("sessions", rows, page, following)


def _listing(key: str, rows: list[dict[str, object]], page: int = 0, following: str | None = None) -> bytes:
    meta = {"page": page, "page_size": PAGE, "next_page_url": following, "key": key.lower()}
    key = {"PhoneNumbers": "phone_numbers"}.get(key, key)
    return _answer(json.dumps({key: rows, "meta": meta}).encode())


def _answer(content: bytes, status: bytes = b"200 OK") -> bytes:
    return _HEAD % (status, len(content)) + content


def _service(sid: str) -> dict[str, object]:
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "unique_name": sid,
        "default_ttl": 0,
        "chat_instance_sid": None,
    }


def session_row(number: int, *, closed: bool) -> dict[str, object]:
    """Return the n-th session as Twilio would send it, with a placeholder for its service."""
    sid = session_sid(number)
    base = f"{HOST}/v1/Services/{_SERVICE}/Sessions/{sid}"
    ended = "2026-01-01T01:10:00Z" if closed else None
    return {
        "sid": sid,
        "service_sid": _SERVICE,
        "account_sid": ACCOUNT,
        "date_started": "2026-01-01T00:00:00Z",
        "date_ended": ended,
        "date_last_interaction": "2026-01-01T00:10:00Z",
        "date_expiry": ended,
        "unique_name": f"order {number}",
        "status": "closed" if closed else "open",
        "closed_reason": "ttl" if closed else None,
        "ttl": 3600,
        "mode": "voice-and-message",
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:10:00Z",
        "url": base,
        "links": {"participants": f"{base}/Participants", "interactions": f"{base}/Interactions"},
    }


def _participant(number: int) -> dict[str, object]:
    # The SID follows from that of the session, so that no two sessions have the same one.
    sid = f"KP{number}{_SESSION[3:]}"
    return {
        "sid": sid,
        "session_sid": _SESSION,
        "service_sid": _SERVICE,
        "account_sid": ACCOUNT,
        "friendly_name": f"person {number}",
        "identifier": f"+1415555010{number}",
        "proxy_identifier": "+14155550199",
        "proxy_identifier_sid": "PN" + "5" * 32,
        "date_deleted": None,
        "date_created": "2026-01-01T00:00:00Z",
        "date_updated": "2026-01-01T00:00:00Z",
        "url": f"{HOST}/v1/Services/{_SERVICE}/Sessions/{_SESSION}/Participants/{sid}",
        "links": {},
    }


def _interaction(number: int) -> dict[str, object]:
    sid = f"KI{number}{_SESSION[3:]}"
    return {
        "sid": sid,
        "session_sid": _SESSION,
        "service_sid": _SERVICE,
        "account_sid": ACCOUNT,
        "data": json.dumps({"body": "Hello, where are you? I am at the door with your order."}),
        "type": "message",
        "inbound_participant_sid": "KP" + "6" * 32,
        "inbound_resource_sid": "SM" + "7" * 32,
        "inbound_resource_status": "received",
        "inbound_resource_type": "Message",
        "inbound_resource_url": None,
        "outbound_participant_sid": "KP" + "8" * 32,
        "outbound_resource_sid": "SM" + "9" * 32,
        "outbound_resource_status": "delivered",
        "outbound_resource_type": "Message",
        "outbound_resource_url": None,
        "date_created": "2026-01-01T00:05:00Z",
        "date_updated": "2026-01-01T00:05:00Z",
        "url": f"{HOST}/v1/Services/{_SERVICE}/Sessions/{_SESSION}/Interactions/{sid}",
    }

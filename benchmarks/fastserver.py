"""A server in a process of its own that is never what is measured: answers are rendered in advance.

It has any number of services with any number of sessions, each with two participants and two interactions,
answers after a latency of choice, and counts requests. It checks nothing: the emulator is for that.
"""

from __future__ import annotations

import asyncio
import functools
import json
import multiprocessing
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

__all__ = ["ACCOUNT", "PAGE", "TOKEN", "FastServer", "Told", "fast_server", "service_sid"]

ACCOUNT: Final = "AC" + "1" * 32
TOKEN: Final = "not-a-secret"
PAGE: Final = 100
HOST: Final = "https://proxy.twilio.com"
_SESSION: Final = "KC" + "0" * 32
_SERVICE: Final = "KS" + "0" * 32
# /v1/Services/KS.../Sessions/KC.../Participants, without the version.
_NESTED: Final = 5
_HEAD: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@attrs.frozen
class FastServer:
    """How much there is, and how far away.

    Attributes:
        services: How many services.
        sessions: How many sessions each of them has.
        latency: Seconds from a request to its answer.
    """

    services: int = 1
    sessions: int = 100_000
    latency: float = 0.0


@attrs.frozen
class Told:
    """What the server said of itself at the end.

    Attributes:
        requests: How many it answered.
        cpu: Seconds of processor time that it took.
    """

    requests: int
    cpu: float


def service_sid(number: int) -> str:
    """Return the SID of the n-th service."""
    return f"KS{number:032x}"


@contextmanager
def fast_server(wanted: FastServer) -> Iterator[tuple[str, Connection]]:
    """Run it; gives its address, and a pipe on which any object asks for a `Told`."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(wanted, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", ours
    finally:
        process.terminate()
        process.join()


def _serve(wanted: FastServer, pipe: Connection) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        _Protocol.answers = _Answers(wanted, f"http://127.0.0.1:{port}")
        _Protocol.latency = wanted.latency
        loop.add_reader(pipe.fileno(), _tell, pipe)
        pipe.send(port)
        await server.serve_forever()

    asyncio.run(main())


def _tell(pipe: Connection) -> None:
    pipe.recv()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(Told(_Protocol.count, usage.ru_utime + usage.ru_stime))
    _Protocol.count = 0


class _Protocol(asyncio.Protocol):
    answers: _Answers
    latency: float
    count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            type(self).count += 1
            answer = self.answers.answer(head.split(b" ", 2)[1])
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self._transport.write, answer)
            else:
                self._transport.write(answer)


class _Answers:
    def __init__(self, wanted: FastServer, base: str) -> None:
        self._wanted = wanted
        self._base = base
        self._nested = {
            b"Participants": _listing("participants", [_participant(n) for n in range(2)]),
            b"Interactions": _listing("interactions", [_interaction(n) for n in range(2)]),
        }

    def answer(self, target: bytes) -> bytes:
        path, _, query = target.partition(b"?")
        segments = path.split(b"/")[2:]
        if len(segments) == 1:
            return self._services()
        service = segments[1]
        if len(segments) < _NESTED:
            if segments[2] != b"Sessions":
                return _listing(segments[2].decode(), [])
            page = int(parse_qs(query).get(b"Page", [b"0"])[0])
            return _filled(_sessions(page, self._wanted.sessions, self._base), _SERVICE, service)
        return _filled(_filled(self._nested[segments[4]], _SESSION, segments[3]), _SERVICE, service)

    @functools.cache  # noqa: B019 - there is one of these
    def _services(self) -> bytes:
        return _listing("services", [_service(service_sid(n)) for n in range(self._wanted.services)])


def _filled(answer: bytes, placeholder: str, sid: bytes) -> bytes:
    return answer.replace(placeholder.encode(), sid)


@functools.cache
def _sessions(page: int, sessions: int, base: str) -> bytes:
    rows = [_session(number) for number in range(page * PAGE, min(sessions, (page + 1) * PAGE))]
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


def _answer(content: bytes) -> bytes:
    return _HEAD % len(content) + content


def _service(sid: str) -> dict[str, object]:
    return {
        "sid": sid,
        "account_sid": ACCOUNT,
        "unique_name": sid,
        "default_ttl": 0,
        "chat_instance_sid": None,
    }


def _session(number: int) -> dict[str, object]:
    sid = f"KC{number + 1:032x}"
    base = f"{HOST}/v1/Services/{_SERVICE}/Sessions/{sid}"
    return {
        "sid": sid,
        "service_sid": _SERVICE,
        "account_sid": ACCOUNT,
        "date_started": "2026-01-01T00:00:00Z",
        "date_ended": None,
        "date_last_interaction": "2026-01-01T00:10:00Z",
        "date_expiry": None,
        "unique_name": f"order {number}",
        "status": "open",
        "closed_reason": None,
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

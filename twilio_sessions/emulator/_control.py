r"""The emulator by remote control: faults, ledger, counts, clock, as JSON over HTTP under `/__emulator__/`.

It is there with `EmulatorOptions(control=True)`, on the emulator's own port, for callers on the same machine
only, and asks for no credentials. Its requests are in no ledger, meet no fault, and count against no limit.

    GET    /__emulator__/           what there is: these lines
    GET    /__emulator__/faults     {"faults": [{"fault": {...}, "seen": 3, "struck": 1}, ...]}, pending ones
    POST   /__emulator__/faults     adds one fault, {...}, or several, [{...}, ...]: the fields of `Fault`
                                    by name, all but "do" optional; 201, and answers as GET
    DELETE /__emulator__/faults     forgets them; 204
    GET    /__emulator__/requests   {"requests": [{...}, ...]}: the fields of `ReceivedRequest`
    DELETE /__emulator__/requests   forgets them; 204
    GET    /__emulator__/processed  {"processed": [{...}, ...]}: the fields of `Processed`
    DELETE /__emulator__/processed  forgets them; 204
    GET    /__emulator__/counts     {"records": {"sessions": 500, ...}, "processed": {"sessions.create": 2},
                                    "requests": {"201": 1, "none": 1}}: records by kind, operations by name,
                                    requests by the status that was sent
    GET    /__emulator__/clock      {"now": "2026-03-01T12:00:00Z"}
    POST   /__emulator__/clock      {"set": "2026-03-01T12:00:00Z"} stops the clock at a moment,
                                    {"advance": 3600} moves it by seconds; answers as GET
    POST   /__emulator__/reset      makes the account what it was at the start: the seed's records, no fault,
                                    empty ledgers, a clock that runs; 204

What is wrong with a request is said in {"error": "..."}: 400, naming the field; 404; 405; 403 from elsewhere.

Example:
    curl -d '{"do": "reset", "operation": "sessions.create", "when": "after"}' \
        http://127.0.0.1:8080/__emulator__/faults

    await fetch(`${base}/__emulator__/clock`, {method: "POST", body: JSON.stringify({advance: 90 * 86400})})
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
from aiohttp import web

from twilio_sessions.emulator._expiry import let_time_pass
from twilio_sessions.emulator._fault_json import read_faults, read_json
from twilio_sessions.emulator._wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twilio_sessions.emulator._clock import Clock
    from twilio_sessions.emulator._ledger import Ledger
    from twilio_sessions.emulator._options import EmulatorOptions
    from twilio_sessions.emulator._plan import FaultPlan
    from twilio_sessions.emulator._store import Store

__all__ = ("PREFIX", "Control")

PREFIX = "/__emulator__/"
Answer: TypeAlias = tuple[HTTPStatus, object]

_HELP = [line.strip() for line in (__doc__ or "").splitlines() if PREFIX in line and line[4:5].isupper()]
_NOTHING: Answer = HTTPStatus.NO_CONTENT, None


@attrs.frozen
class Control:
    """Answers the requests under the prefix; what is wrong with one is a `ValueError` that names it."""

    store: Store
    options: EmulatorOptions
    clock: Clock
    faults: FaultPlan
    ledger: Ledger
    reset: Callable[[], None]

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request."""
        if not _is_local(request.remote):
            return _response(HTTPStatus.FORBIDDEN, {"error": "only from the machine on which it runs"})
        verbs = self._routes().get(request.path.removeprefix(PREFIX).rstrip("/"))
        if verbs is None:
            return _response(HTTPStatus.NOT_FOUND, {"error": f"there is only: {'; '.join(_HELP)}"})
        answer = verbs.get(request.method)
        if answer is None:
            error = {"error": f"{request.path}: only {', '.join(verbs)}"}
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, error, {"Allow": ", ".join(verbs)})
        body = await request.read()
        try:
            return _response(*answer(body))
        except ValueError as error:
            return _response(HTTPStatus.BAD_REQUEST, {"error": str(error)})

    def _routes(self) -> Mapping[str, Mapping[str, Callable[[bytes], Answer]]]:
        requests, processed = self.ledger.requests, self.ledger.processed
        return {
            "": {"GET": lambda _: (HTTPStatus.OK, {"endpoints": _HELP})},
            "faults": {
                "GET": lambda _: self._pending(HTTPStatus.OK),
                "POST": self._add,
                "DELETE": lambda _: _forget(self.faults.clear),
            },
            "requests": {
                "GET": lambda _: _rows("requests", requests),
                "DELETE": lambda _: _forget(requests.clear),
            },
            "processed": {
                "GET": lambda _: _rows("processed", processed),
                "DELETE": lambda _: _forget(processed.clear),
            },
            "counts": {"GET": lambda _: self._counts()},
            "clock": {"GET": lambda _: self._now(), "POST": self._move},
            "reset": {"POST": lambda _: _forget(self.reset)},
        }

    def _pending(self, status: HTTPStatus) -> Answer:
        return status, {"faults": [attrs.asdict(one) for one in self.faults.standings()]}

    def _add(self, body: bytes) -> Answer:
        self.faults.add(*read_faults(body, name="body"))
        return self._pending(HTTPStatus.CREATED)

    def _counts(self) -> Answer:
        statuses = Counter(str(line.status or "none") for line in self.ledger.requests)
        operations = Counter(line.operation for line in self.ledger.processed)
        counts = {"records": self.store.counts(), "processed": operations, "requests": statuses}
        return HTTPStatus.OK, counts

    def _now(self) -> Answer:
        return HTTPStatus.OK, {"now": self.clock().replace(microsecond=0)}

    def _move(self, body: bytes) -> Answer:
        sent = read_json(body)
        fields = cast("dict[str, object]", sent) if isinstance(sent, dict) else {}
        if set(fields) == {"set"}:
            self.clock.set(_moment(fields["set"]))
        elif set(fields) == {"advance"}:
            self._advance(fields["advance"])
        else:
            raise ValueError('clock: send {"set": <ISO 8601>} or {"advance": <seconds>}')
        let_time_pass(self.store, self.options, self.ledger, self.clock())
        return self._now()

    def _advance(self, seconds: object) -> None:
        try:
            # Tried out first: a clock beyond the year 9999 could not be read, nor moved back.
            delta = timedelta(seconds=cast("float", seconds))
            _ = self.clock() + delta
        except (TypeError, ValueError, OverflowError):
            why = f"advance: must be a number of seconds that a date can bear, not {seconds!r}"
            raise ValueError(why) from None
        self.clock.advance(delta)


def _is_local(remote: str | None) -> bool:
    address = ipaddress.ip_address((remote or "0.0.0.0").partition("%")[0])  # noqa: S104 - nothing is bound
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _response(status: HTTPStatus, value: object, headers: Mapping[str, str] | None = None) -> web.Response:
    if value is None:
        return web.Response(status=status)
    return web.Response(
        status=status, body=encode(value) + b"\n", content_type="application/json", headers=headers
    )


def _forget(clear: Callable[[], None]) -> Answer:
    clear()
    return _NOTHING


def _rows(name: str, rows: Any) -> Answer:
    return HTTPStatus.OK, {name: [attrs.asdict(row) for row in rows]}


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(cast("str", value))
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"set: must be a date and time with its offset, not {value!r}")
    return moment

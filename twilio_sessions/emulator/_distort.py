"""What a fault makes of an answer, as values: statuses, headers, JSON, and at last bytes."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import attrs

from twilio_sessions.emulator._errors import MESSAGES, error_body
from twilio_sessions.emulator._fault import LISTINGS_ONLY
from twilio_sessions.emulator._misdirect import misdirected
from twilio_sessions.emulator._wire import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from twilio_sessions.emulator._exchange import Reply
    from twilio_sessions.emulator._fault import Fault

__all__ = ("JSON", "Answer", "kept_of", "replaced", "spoiled", "truthful")

JSON = "application/json"
_CODES = {401: 20003, 405: 20004, 503: 20503}
_HTML = "<!DOCTYPE html>\n<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>\n"
# Another type for whatever a field holds; a date is a text, and no text is a date.
_WRONG: Mapping[type, Any] = {str: 17, int: "seventeen", bool: "perhaps", dict: [], list: {}, type(None): 0.5}


@attrs.frozen
class Answer:
    """An answer before it is sent; a body of `None` is none at all, not even an empty one."""

    status: int
    body: bytes | None
    content_type: str | None = JSON
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])


def truthful(reply: Reply) -> Answer:
    """Return the answer that would have been sent."""
    body = None if reply.body is None else encode(reply.body)
    return Answer(reply.status, body, None if body is None else JSON, reply.headers)


def replaced(fault: Fault, now: datetime) -> Answer | None:
    """Return the answer that stands in place of the true one; `None` if the fault leaves that standing."""
    if fault.do == "answer":
        return _refusal(fault, fault.status or 500, now)
    if fault.do == "html":
        text = _HTML.format("502 Bad Gateway") if fault.body is None else fault.body
        return Answer(fault.status or 502, text.encode(), "text/html; charset=utf-8")
    if fault.do == "empty":
        return Answer(fault.status or 200, b"")
    if fault.do == "redirect":
        return Answer(fault.status or 307, b"", "text/html", {"Location": fault.location or ""})
    return None


def _refusal(fault: Fault, status: int, now: datetime) -> Answer:
    headers = dict(fault.headers or {})
    if fault.retry_after is not None:
        headers["Retry-After"] = _retry_after(fault, fault.retry_after, now)
    if fault.body is not None:
        return Answer(status, fault.body.encode(), JSON, headers)
    if fault.code is None and status < HTTPStatus.BAD_REQUEST:
        return Answer(status, b"{}", JSON, headers)
    code = fault.code if fault.code is not None else _code_of(status)
    message = fault.message if fault.message is not None else MESSAGES.get(code, "An error occurred")
    return Answer(status, encode(error_body(code, message, status)), JSON, headers)


def _code_of(status: int) -> int:
    """Return the general code that Twilio sends with a status: 20000 and the status, with exceptions."""
    return _CODES.get(status, 20500 if status >= HTTPStatus.INTERNAL_SERVER_ERROR else 20000 + status)


def _retry_after(fault: Fault, seconds: float, now: datetime) -> str:
    if fault.retry_after_as == "date":
        # The header knows whole seconds, and so does Date: their difference is what was asked for.
        return format_datetime(now.replace(microsecond=0) + timedelta(seconds=seconds), usegmt=True)
    return f"{seconds:g}"


def spoiled(fault: Fault, reply: Reply, previous: Reply | None) -> Answer:
    """Return the true answer with what the fault does to its content.

    Args:
        fault: The fault; one that is not about content changes nothing.
        reply: What the operation answered.
        previous: The page before this one, for the fault that repeats its rows.
    """
    answer = truthful(reply)
    if reply.body is None or answer.body is None:
        return answer
    if fault.do in LISTINGS_ONLY and "meta" not in reply.body:
        return answer  # a refusal, which has no pages
    if (change := _DOCUMENTS.get(fault.do)) is not None:
        # A new document: the reply's own may be noted elsewhere.
        return attrs.evolve(answer, body=encode(change(fault, dict(reply.body))))
    if fault.do == "repeat-rows":
        return attrs.evolve(answer, body=encode(_repeat(fault, reply.body, previous)))
    if (rewrite := _BYTES.get(fault.do)) is not None:
        return rewrite(fault, answer, answer.body)
    return answer


def _without_meta(_: Fault, body: dict[str, Any]) -> dict[str, Any]:
    del body["meta"]
    return body


def _wrong_key(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    # `meta.key` goes on naming the right one: whoever trusts either finds the other in the way.
    right = body["meta"]["key"]
    return {(fault.key or "rows") if name == right else name: value for name, value in body.items()}


def _wrong_types(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    meta = body.get("meta")
    if not isinstance(meta, dict) or "key" not in meta:
        return _mistyped(fault, body)
    key = cast("dict[str, str]", meta)["key"]
    return {**body, key: [_mistyped(fault, row) for row in body[key]]}


def _mistyped(fault: Fault, row: dict[str, Any]) -> dict[str, Any]:
    if fault.fields is not None:
        return {name: fault.fields.get(name, value) for name, value in row.items()}
    return {name: _WRONG.get(value.__class__, 17) for name, value in row.items()}


def _next_page(fault: Fault, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "meta": misdirected(fault, body["meta"])}


def _repeat(fault: Fault, body: dict[str, Any], previous: Reply | None) -> dict[str, Any]:
    if previous is None or previous.body is None:
        return body
    key = body["meta"]["key"]
    return {**body, key: previous.body[key][-(fault.rows or 1) :] + body[key]}


def _cut(fault: Fault, answer: Answer, body: bytes) -> Answer:
    return attrs.evolve(answer, body=body[: kept_of(fault, body)])


def kept_of(fault: Fault, body: bytes) -> int:
    """Return how many bytes of a body a fault lets through: never all of them."""
    wanted = len(body) // 2 if fault.after_bytes is None else fault.after_bytes
    return min(wanted, max(len(body) - 1, 0))


def _mark(_: Fault, answer: Answer, body: bytes) -> Answer:
    return attrs.evolve(answer, body=b"\xef\xbb\xbf" + body)


def _nan(_: Fault, answer: Answer, body: bytes) -> Answer:
    changed, count = re.subn(rb'":-?[0-9.]+', b'":NaN', body, count=1)
    return attrs.evolve(answer, body=changed if count else body[:-1] + b',"weight":NaN}')


def _recoded(fault: Fault, answer: Answer, body: bytes) -> Answer:
    # What the encoding lacks goes as an escape, which is JSON all the same.
    recoded = body.decode().encode(fault.charset or "utf-16", "backslashreplace")
    declared = f"{JSON}; charset={fault.declared or 'utf-8'}"
    return attrs.evolve(answer, body=recoded, content_type=declared)


_DOCUMENTS: Mapping[str, Callable[[Fault, dict[str, Any]], dict[str, Any]]] = {
    "no-meta": _without_meta,
    "wrong-key": _wrong_key,
    "wrong-types": _wrong_types,
    "next-page": _next_page,
}
_BYTES: Mapping[str, Callable[[Fault, Answer, bytes], Answer]] = {
    "cut-json": _cut,
    "bom": _mark,
    "nan": _nan,
    "charset": _recoded,
}

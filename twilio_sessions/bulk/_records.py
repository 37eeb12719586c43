"""What lies in a journal of bulk changes: the plan, and a line for each intent and each outcome; pure."""

from __future__ import annotations

import hashlib
import re
import zlib
from datetime import datetime  # noqa: TC003 - msgspec reads the annotations when it runs
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypeVar

import msgspec

from twilio_sessions.bulk._results import ChangeResult, Outcome
from twilio_sessions.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "FORMAT",
    "Did",
    "Entry",
    "Header",
    "decode_entry",
    "decode_items",
    "decode_plan",
    "encode_entry",
    "encode_plan",
]

T = TypeVar("T")

FORMAT: Final = 1
"""Raised when an older version could not read what a newer one writes."""

Did: TypeAlias = Literal["intent"] | Outcome
"""What a line says of a session: that a change is about to be sent, or what became of it."""

_ENTRY: Final = re.compile(rb'(\{.*),"crc":"([0-9a-f]{8})"\}')


class Header(msgspec.Struct, frozen=True):
    """The first line of a plan.

    Attributes:
        request: What was asked for; another run must ask for the same.
        listed_at: When the sessions were listed.
        listed: How many were listed.
        missing: SIDs that were asked for and not listed.
        rows: How many lines follow.
        sha256: Of these lines, in hexadecimal.
        format: The version of all this.
    """

    request: dict[str, object]
    listed_at: datetime
    listed: int = 0
    missing: tuple[str, ...] = ()
    rows: int = 0
    sha256: str = ""
    format: int = FORMAT


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of a journal.

    Attributes:
        key: Which session: its SID, or the unique name of one that is to be created.
        did: `intent`, or the outcome.
        at: When.
        sid: The SID of what was created.
        why: What there is to say of it.
        status: The HTTP status of a refusal.
        code: Twilio's error code.
        request_id: The `Twilio-Request-Id`.
    """

    key: str
    did: Did
    at: datetime
    sid: str | None = None
    why: str | None = None
    status: int | None = None
    code: int | None = None
    request_id: str | None = None

    def result(self, *, sid: str | None, service_sid: str, unique_name: str | None) -> ChangeResult:
        """Return it as the outcome of a session.

        Raises:
            ValueError: It is no outcome.
        """
        if self.did == "intent":
            raise ValueError("an intent is no outcome")
        return ChangeResult(
            outcome=self.did,
            sid=sid,
            service_sid=service_sid,
            unique_name=unique_name,
            why=self.why,
            status=self.status,
            code=self.code,
            request_id=self.request_id,
        )


_decoder: Final = msgspec.json.Decoder(Entry)


def encode_entry(entry: Entry) -> bytes:
    """Return an entry as one line of JSON, whose last member is the CRC-32 of everything before it."""
    body = msgspec.json.encode(entry)[:-1]
    return b'%b,"crc":"%08x"}\n' % (body, zlib.crc32(body))


def decode_entry(line: bytes) -> Entry | None:
    """Read a line without its line break; None where it is not whole."""
    found = _ENTRY.fullmatch(line)
    if found is None or zlib.crc32(found[1]) != int(found[2], 16):
        return None
    try:
        return _decoder.decode(found[1] + b"}")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def encode_plan(header: Header, items: Sequence[object]) -> bytes:
    """Return a plan: its header, and a line for each item."""
    lines = b"".join(msgspec.json.encode(item) + b"\n" for item in items)
    sealed = msgspec.structs.replace(header, rows=len(items), sha256=hashlib.sha256(lines).hexdigest())
    return msgspec.json.encode(sealed) + b"\n" + lines


def decode_plan(data: bytes, where: str) -> tuple[Header, bytes]:
    """Read what `encode_plan` made, and return its header and the lines of its items.

    Raises:
        JournalError: It was changed, or is of another version; `where` is named.
    """
    first, _, lines = data.partition(b"\n")
    try:
        header = msgspec.json.decode(first, type=Header)
        if header.format != FORMAT or hashlib.sha256(lines).hexdigest() != header.sha256:
            raise JournalError(f"{where} was changed after it was written, or is of another version")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JournalError(f"{where} is not the plan of a bulk change: {error}") from None
    return header, lines


def decode_items(lines: bytes, item_type: type[T], where: str) -> tuple[T, ...]:
    """Read the items of a plan.

    Raises:
        JournalError: They are something else; `where` is named.
    """
    try:
        return tuple(msgspec.json.Decoder(item_type).decode_lines(lines))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise JournalError(f"{where} is not the plan of such a bulk change: {error}") from None

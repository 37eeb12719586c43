"""The durable record of a bulk change: intents are on the disk before requests are sent, outcomes after.

A journal is a folder: the plan, written whole before anything else, and a file that only grows, a line for
each intent and each outcome. Lines that are written at the same time share one fsync.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import anyio
import attrs

from twilio_sessions.bulk._folder import JOURNAL, PLAN
from twilio_sessions.bulk._records import (
    Entry,
    decode_entry,
    decode_items,
    decode_plan,
    encode_entry,
    encode_plan,
)
from twilio_sessions.bulk._request import check_request
from twilio_sessions.export._storage import replace
from twilio_sessions.export._threads import run_to_its_end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twilio_sessions.bulk._records import Header
    from twilio_sessions.bulk._results import ChangeResult
    from twilio_sessions.export._storage import Folder

__all__ = ["Journal", "open_journal", "read_plan"]

T = TypeVar("T")

_CHUNK: Final = 1 << 20


@attrs.define
class _Batch:
    """Lines that are made durable together."""

    lines: list[bytes] = attrs.field(factory=list[bytes])
    is_durable: bool = False


@attrs.define
class Journal(Generic[T]):
    """A journal that is being written to.

    Attributes:
        folder: Where its files are.
        header: What is known of the plan.
        items: The plan.
        outcomes: What became of sessions so far, by key.
        intents: The keys of those whose change was about to be sent, and may have been.
    """

    folder: Folder
    header: Header
    items: tuple[T, ...]
    outcomes: dict[str, Entry] = attrs.field(factory=dict[str, Entry])
    intents: set[str] = attrs.field(factory=set[str])
    _size: int = 0
    _next: _Batch = attrs.field(factory=_Batch)
    _lock: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def intend(self, key: str) -> None:
        """Return when it is durable that a change is about to be sent.

        Raises:
            OSError: It is not; the change must not be sent.
        """
        await self._write(Entry(key, "intent", datetime.now(UTC)))

    async def conclude(self, key: str, result: ChangeResult) -> None:
        """Return when it is durable what became of a session.

        Raises:
            OSError: It is not; another run will find out.
        """
        entry = Entry(
            key,
            result.outcome,
            datetime.now(UTC),
            sid=result.sid if result.sid != key else None,
            why=result.why,
            status=result.status,
            code=result.code,
            request_id=result.request_id,
        )
        await self._write(entry)

    async def _write(self, entry: Entry) -> None:
        batch = self._next
        batch.lines.append(encode_entry(entry))
        async with self._lock:
            # Whoever comes first writes for all that wait; a write that failed is tried again by the next.
            if not batch.is_durable:
                self._next = _Batch() if self._next is batch else self._next
                await run_to_its_end(partial(self._append, batch))
        self.note(entry)

    def _append(self, batch: _Batch) -> None:
        data = b"".join(batch.lines)
        self.folder.write(JOURNAL, self._size, data)
        self.folder.sync(JOURNAL)
        self._size += len(data)
        batch.is_durable = True

    def note(self, entry: Entry) -> None:
        """Take an entry into account."""
        if entry.did == "intent":
            self.intents.add(entry.key)
            return
        self.intents.discard(entry.key)
        self.outcomes[entry.key] = entry

    def load(self) -> None:
        """Read what earlier runs wrote; what a crash has torn is cut away.

        Nothing depends on a line that is lost: its session is looked at again.
        """
        whole: list[bytes] = []
        is_torn = False
        for line in _lines(self.folder):
            entry = decode_entry(line[:-1]) if line.endswith(b"\n") else None
            if entry is None:
                is_torn = True
            else:
                whole.append(line)
                self.note(entry)
        self._size = sum(map(len, whole))
        if is_torn:
            replace(self.folder, JOURNAL, b"".join(whole))


def _lines(folder: Folder) -> Iterator[bytes]:
    """Yield each line with its line break; the last one may have none."""
    offset, rest = 0, b""
    while chunk := folder.read(JOURNAL, offset, _CHUNK):
        offset += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line + b"\n" for line in lines)
    if rest:
        yield rest


def read_plan(
    folder: Folder, item_type: type[T], where: str, check: Callable[[Header], object]
) -> tuple[Header, tuple[T, ...]] | None:
    """Return the plan of a journal; None where there is none yet.

    Args:
        folder: The journal.
        item_type: What a plan consists of.
        where: The folder, for errors.
        check: Raises where the plan is that of something else.

    Raises:
        JournalError: It cannot be read.
    """
    try:
        data = folder.read(PLAN)
    except FileNotFoundError:
        return None
    header, lines = decode_plan(data, f"{where}/{PLAN}")
    check(header)
    return header, decode_items(lines, item_type, f"{where}/{PLAN}")


def open_journal(
    folder: Folder, header: Header, items: tuple[T, ...], item_type: type[T], where: str
) -> Journal[T]:
    """Begin a journal, or go on with one that asks for the same; then the plan is that of its beginning.

    Args:
        folder: Where, held by the caller.
        header: What is asked for.
        items: The plan, where the journal has none yet.
        item_type: What a plan consists of.
        where: The folder, for errors.

    Raises:
        JournalError: The journal is that of another plan, or cannot be read.
        OSError: The disk is full, or cannot be written to.
    """
    found = read_plan(folder, item_type, where, lambda found: check_request(found, header, where))
    if found is None:
        # The empty journal first: where there is a plan, there is a journal.
        replace(folder, JOURNAL, b"")
        replace(folder, PLAN, encode_plan(header, items))
        return Journal(folder, header, items)
    journal = Journal(folder, *found)
    journal.load()
    return journal

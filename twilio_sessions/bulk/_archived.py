"""What a verified archive holds of the sessions that are to be deleted: each row, by a hash of its content.

A session may go only when the archive has it, and everything that Twilio deletes with it, as Twilio has it at
that moment. Rows are compared as JSON, whatever the order of their members, without the URLs that depend on
where Twilio was reached, and without members that are null.
"""

from __future__ import annotations

import hashlib
import sqlite3
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from twilio_sessions.errors import ArchiveError
from twilio_sessions.export._archive import open_archive
from twilio_sessions.export._verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

    from twilio_sessions.bulk._plan import ChangePlan
    from twilio_sessions.export._archive import Archive
    from twilio_sessions.export._findings import VerifyProgress
    from twilio_sessions.export._plan import Partition

__all__ = ["BELONGING", "ArchivedRows", "read_archived"]

BELONGING: Final = ("participants", "interactions")
"""What Twilio deletes with a session; message interactions are among the interactions."""

# They name the host, which is another one behind an edge or a region.
_PLACES: Final = frozenset({"url", "links"})
# What tells a person how two versions of a session differ.
_SHOWN: Final = ("status", "date_updated", "date_last_interaction", "date_ended", "date_expiry", "ttl")
_SETTINGS: Final = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -16384")


class ArchivedRows:
    """The rows of an archive that belong to some sessions, in a file that has no name.

    Example:
        >>> with ArchivedRows() as rows:
        ...     rows.add_session(b'{"sid":"KC1","status":"closed"}')
        ...     rows.difference(b'{"sid":"KC1","status":"open"}')
        "status was 'closed' and is 'open'"
    """

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in _SETTINGS:
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute("CREATE TABLE sessions (sid TEXT PRIMARY KEY, hash BLOB, shown TEXT)")
        self._database.execute("CREATE TABLE belonging (hash BLOB PRIMARY KEY) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything."""
        self._database.close()

    def add_session(self, row: bytes) -> None:
        """Add a session."""
        content = _content(row)
        shown = msgspec.json.encode({name: content.get(name) for name in _SHOWN}).decode()
        self._database.execute(
            "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)",
            (content.get("sid"), _hash("sessions", content), shown),
        )

    def add_belonging(self, resource: str, row: bytes) -> None:
        """Add a participant or an interaction."""
        self._database.execute(
            "INSERT OR IGNORE INTO belonging VALUES (?)", (_hash(resource, _content(row)),)
        )

    def difference(self, row: bytes) -> str | None:
        """Say why a session as it is now may not be deleted; None where it is archived as it is."""
        content = _content(row)
        found = self._database.execute(
            "SELECT hash, shown FROM sessions WHERE sid = ?", (content.get("sid"),)
        ).fetchone()
        if found is None:
            return "it is not in the archive"
        digest, shown = found
        if digest == _hash("sessions", content):
            return None
        was = msgspec.json.decode(shown)
        changes = [
            f"{name} was {was[name]!r} and is {content.get(name)!r}"
            for name in _SHOWN
            if was[name] != content.get(name)
        ]
        return f"it has changed since it was archived: {'; '.join(changes) or 'another field is different'}"

    def strange(self, resource: str, rows: Iterable[bytes]) -> str | None:
        """Return the sid of a row that is not archived as it is now; None where all of them are."""
        for row in rows:
            content = _content(row)
            found = self._database.execute(
                "SELECT 1 FROM belonging WHERE hash = ?", (_hash(resource, content),)
            ).fetchone()
            if found is None:
                return str(content.get("sid"))
        return None


def _content(row: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(row, type=dict[str, Any])
    return {name: value for name, value in decoded.items() if value is not None and name not in _PLACES}


def _hash(resource: str, content: dict[str, Any]) -> bytes:
    encoded = msgspec.json.encode([resource, content], order="sorted")
    return hashlib.blake2b(encoded, digest_size=16).digest()


def read_archived(
    path: Path, plan: ChangePlan, on_progress: Callable[[VerifyProgress], None]
) -> ArchivedRows:
    """Verify an archive and return what it holds of the sessions of a plan. Blocks on the disk.

    Raises:
        ArchiveError: The archive does not hold, is of another account, or leaves out participants or
            interactions.
    """
    report = verify(path, on_progress=on_progress)
    if not report.holds:
        found = [*map(str, report.problems), *(f"unfinished: {each}" for each in report.unfinished)]
        more = f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""
        raise ArchiveError(
            f"{path} is not a verified archive, so nothing is deleted: {found[0]}{more}; "
            "`twilio-sessions verify` names everything"
        )
    archive = open_archive(path)
    if len(archive.layers) != report.layers:
        raise ArchiveError(f"{path} is being added to, so nothing is deleted; run it again after that")
    rows = ArchivedRows()
    try:
        _read(archive, plan, rows)
    except BaseException as error:
        rows.close()
        if isinstance(error, msgspec.MsgspecError):
            raise ArchiveError(f"a row of {path} cannot be read: {error}") from None
        raise
    return rows


class _Owner(msgspec.Struct, gc=False):
    """Which session a row is, or belongs to."""

    sid: str | None = None
    session_sid: str | None = None


def _read(archive: Archive, plan: ChangePlan, rows: ArchivedRows) -> None:
    wanted = {session.sid for session in plan.sessions}
    for partition in _partitions(archive, plan):
        for row in archive.rows_of(partition, "sessions"):
            if msgspec.json.decode(row, type=_Owner).sid in wanted:
                rows.add_session(row)
        for resource in BELONGING:
            for row in archive.rows_of(partition, resource):
                if msgspec.json.decode(row, type=_Owner).session_sid in wanted:
                    rows.add_belonging(resource, row)


def _partitions(archive: Archive, plan: ChangePlan) -> Iterator[Partition]:
    """Yield the partition of each service that the archive has."""
    every = [each.partition for layer in archive.layers for each in layer.manifest.partitions]
    for service in plan.services:
        found = [each for each in every if each.service_sid == service]
        for partition in found:
            _check(archive, partition, plan)
        yield from found[:1]


def _check(archive: Archive, partition: Partition, plan: ChangePlan) -> None:
    known = {partition.account_sid, plan.account_sid} - {None}
    if len(known) > 1:
        raise ArchiveError(
            f"{archive.path} is an archive of {partition.account_sid}, and the client's account is "
            f"{plan.account_sid}; name the archive of this account"
        )
    missing = [resource for resource in BELONGING if resource not in partition.include]
    if missing:
        raise ArchiveError(
            f"{archive.path} was made without {' and '.join(missing)}, which Twilio deletes with a session; "
            f"export with --include {','.join(BELONGING)}, or with its default"
        )

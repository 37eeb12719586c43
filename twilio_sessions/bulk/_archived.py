"""What a verified archive holds of the sessions that are to be deleted: each row, by a hash of its content.

A session may go only when the archive has it, and everything that Twilio deletes with it, as Twilio has it at
that moment. Rows are compared as JSON, whatever the order of their members, without the URLs that depend on
where Twilio was reached, and without members that are null.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from twilio_sessions.export._scratch import scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

__all__ = ["BELONGING", "ArchivedRows"]

BELONGING: Final = ("participants", "interactions")
"""What Twilio deletes with a session; message interactions are among the interactions."""

# They name the host, which is another one behind an edge or a region.
_PLACES: Final = frozenset({"url", "links"})
# What tells a person how two versions of a session differ.
_SHOWN: Final = ("status", "date_updated", "date_last_interaction", "date_ended", "date_expiry", "ttl")


class ArchivedRows:
    """The rows of an archive that belong to some sessions, in a file that has no name.

    Example:
        >>> with ArchivedRows() as rows:
        ...     rows.add_session(b'{"sid":"KC1","status":"closed"}')
        ...     rows.difference(b'{"sid":"KC1","status":"open"}')
        "status was 'closed' and is 'open'"
    """

    def __init__(self) -> None:
        self._database = scratch_database()
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

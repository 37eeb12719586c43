"""Compares two lists of rows, fed piece by piece from both sides: what was added, removed, changed; pure."""

from __future__ import annotations

import hashlib
from typing import Final, TypeAlias

import attrs

__all__ = ["Changes", "Comparison", "SidDigest", "Version"]

Version: TypeAlias = tuple[str | None, ...]
"""What differs between two versions of a row."""

_MODULUS: Final = 1 << 256


@attrs.frozen
class Changes:
    """What is different at Twilio from what an archive has.

    Attributes:
        added: The sids (or ids) that are listed and not in the archive.
        removed: Those that are in the archive and not listed any more.
        changed: Those that are in both and differ in `date_updated`, `date_last_interaction` or `status`.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is different."""
        return self == Changes()


@attrs.define
class SidDigest:
    """A digest of a set of sids that does not depend on their order.

    It is the sum of the SHA-256 of each sid (UTF-8), as big-endian numbers, modulo 2**256. Unlike an
    exclusive-or, a sum does not lose a sid that comes twice.

    Attributes:
        count: How many sids.
        total: The sum.

    Example:
        >>> one, other = SidDigest(), SidDigest()
        >>> one.add("KC1"), one.add("KC2"), other.add("KC2"), other.add("KC1")
        (None, None, None, None)
        >>> one.hexdigest() == other.hexdigest()
        True
    """

    count: int = 0
    total: int = 0

    def add(self, sid: str) -> None:
        """Take a sid into account."""
        self.count += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(sid.encode()).digest(), "big")) % _MODULUS

    def hexdigest(self) -> str:
        """Return it as 64 hexadecimal digits."""
        return f"{self.total:064x}"


@attrs.define
class Comparison:
    """Compares what an archive has with what is listed.

    Both sides may come in any order and in pieces of any size; each sid once per side. Only what has not
    been met on the other side is kept, so memory stays flat where both come in about the same order.

    Attributes:
        archived: The digest of what came from the archive.
        listed: The digest of what was listed.

    Example:
        >>> comparison = Comparison()
        >>> comparison.from_archive("KC1", ("open",))
        >>> comparison.from_listing("KC1", ("closed",))
        >>> comparison.from_listing("KC2", ("open",))
        >>> comparison.changes()
        Changes(added=('KC2',), removed=(), changed=('KC1',))
    """

    archived: SidDigest = attrs.field(factory=SidDigest)
    listed: SidDigest = attrs.field(factory=SidDigest)
    _only_archived: dict[str, Version] = attrs.field(factory=dict[str, Version])
    _only_listed: dict[str, Version] = attrs.field(factory=dict[str, Version])
    _changed: dict[str, None] = attrs.field(factory=dict[str, None])

    @property
    def waiting(self) -> int:
        """How many rows are kept because the other side has not had them yet."""
        return len(self._only_archived) + len(self._only_listed)

    @property
    def missing(self) -> int:
        """How many rows of the archive have not been listed yet."""
        return len(self._only_archived)

    def from_archive(self, sid: str, version: Version) -> None:
        """Take a row of the archive."""
        self.archived.add(sid)
        self._meet(sid, version, self._only_archived, self._only_listed)

    def from_listing(self, sid: str, version: Version) -> None:
        """Take a row that is listed."""
        self.listed.add(sid)
        self._meet(sid, version, self._only_listed, self._only_archived)

    def is_there(self, sid: str) -> None:
        """Say that a row exists although it is not among those that are compared, as a filter sees it now.

        One that is in the archive has changed then, instead of having been removed.
        """
        if self._only_archived.pop(sid, None) is not None:
            self._changed[sid] = None

    def changes(self) -> Changes:
        """Return what is different, when everything came."""
        return Changes(tuple(self._only_listed), tuple(self._only_archived), tuple(self._changed))

    def _meet(self, sid: str, version: Version, here: dict[str, Version], there: dict[str, Version]) -> None:
        other = there.pop(sid, None)
        if other is None:
            here[sid] = version
        elif other != version:
            self._changed[sid] = None

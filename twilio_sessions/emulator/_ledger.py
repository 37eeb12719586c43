"""What came in, and what was really done: two lists that differ wherever a fault strikes."""

from __future__ import annotations

from collections import deque
from typing import Literal

import attrs

__all__ = ("Changes", "Ledger", "Processed", "ReceivedRequest")


@attrs.define
class ReceivedRequest:
    """One request that came in; the line is there from its arrival on and is completed as the answer is.

    Attributes:
        method: The HTTP method.
        target: Path and query exactly as they came over the wire, nothing decoded.
        operation: What was asked, such as `sessions.create`; `None` for a path or verb that is not there.
        request_id: Its `Twilio-Request-Id`, also when no answer ever carried it.
        received: When it came in: seconds on the machine's monotonic clock.
        status: The status that was sent; `None` while, or because, there is none.
        answer: "pending", then "whole", or "cut" when only a part of it was sent, or "none". An answer is
            whole when it was handed to the network; whether it arrived only the client can say.
        fault: The `do` of the fault that struck it, if one did.
    """

    method: str
    target: str
    operation: str | None
    request_id: str
    received: float
    status: int | None = None
    answer: Literal["pending", "whole", "cut", "none"] = "pending"
    fault: str | None = None


@attrs.frozen
class Processed:
    """One operation that was executed: a read that found what it asked for, or a change of the state.

    Refusals are not among them, whatever refused: credentials, the rate limit, a fault, or a rule; unless
    a refused request did change something (see `EmulatorOptions.atomic_create`).

    Attributes:
        operation: Its name, such as `sessions.create`; "expiry" for what time alone did.
        request_id: The request that asked for it; `None` when it was time.
        created: SIDs of the records that are new, in order of creation.
        changed: SIDs of the records that were there and are different now.
        deleted: SIDs of the records that are gone.
    """

    operation: str
    request_id: str | None
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


class Changes:
    """What one operation did to the store, step by step."""

    __slots__ = ("changed", "created", "deleted")

    def __init__(self) -> None:
        self.created: list[str] = []
        self.changed: list[str] = []
        self.deleted: list[str] = []

    def __bool__(self) -> bool:
        created, changed, deleted = self.net()
        return bool(created or changed or deleted)

    def net(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Return what is left of it in the end: created, changed and deleted SIDs, each SID once."""
        if not (self.created or self.changed or self.deleted):
            return (), (), ()
        born, gone = dict.fromkeys(self.created), dict.fromkeys(self.deleted)
        return (
            tuple(sid for sid in born if sid not in gone),
            tuple(sid for sid in dict.fromkeys(self.changed) if sid not in born and sid not in gone),
            tuple(sid for sid in gone if sid not in born),
        )


class Ledger:
    """The last requests and the last operations, oldest first; both lists are bounded.

    Attributes:
        requests: What came in.
        processed: What was done.
    """

    def __init__(self, size: int) -> None:
        self.requests: deque[ReceivedRequest] = deque(maxlen=size)
        self.processed: deque[Processed] = deque(maxlen=size)

    def note(self, operation: str, request_id: str | None, changes: Changes) -> None:
        """Write down one executed operation."""
        self.processed.append(Processed(operation, request_id, *changes.net()))

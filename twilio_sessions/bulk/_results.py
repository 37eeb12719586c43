"""What became of each session of a bulk change, and of all of them together."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import attrs

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DONE", "Action", "ChangeProgress", "ChangeReport", "ChangeResult", "Outcome"]

Action: TypeAlias = Literal["close", "delete", "create"]
"""What is done to sessions."""

Outcome: TypeAlias = Literal["closed", "deleted", "created", "already", "skipped", "failed"]
"""What became of a session; `already` is one that was as it should be, by whomsoever."""

DONE: Final[frozenset[Outcome]] = frozenset({"closed", "deleted", "created", "already"})
"""The outcomes after which there is nothing left to do."""


@attrs.frozen(kw_only=True)
class ChangeResult:
    """What became of one session.

    Attributes:
        outcome: `closed`, `deleted` or `created` by this journal; `already` so without it; `skipped` because
            it must be left alone; or `failed`.
        sid: The session (`KC...`); None where none was created.
        service_sid: Its service.
        unique_name: Its unique name, where it has one.
        why: What there is to say of it, in words; None where nothing is.
        status: The HTTP status of Twilio's refusal.
        code: Twilio's error code.
        request_id: The `Twilio-Request-Id` of the refusal, to quote to Twilio's support.
    """

    outcome: Outcome
    sid: str | None
    service_sid: str | None
    unique_name: str | None = None
    why: str | None = None
    status: int | None = None
    code: int | None = None
    request_id: str | None = None

    @property
    def is_done(self) -> bool:
        """Whether there is nothing left to do."""
        return self.outcome in DONE


@attrs.frozen(kw_only=True)
class ChangeReport:
    """What came of a bulk change, over all runs with its journal.

    Attributes:
        action: What was done.
        journal: The folder of the journal.
        total: How many sessions were planned.
        counts: How many there are of each outcome.
        undone: Those that were skipped or failed; the same call tries them again.
        seconds: How long this run took.
        requests: Requests that this run made.
        done_before: How many were done by earlier runs.
    """

    action: Action
    journal: Path
    total: int
    counts: dict[Outcome, int] = attrs.field(hash=False)
    undone: tuple[ChangeResult, ...]
    seconds: float
    requests: int
    done_before: int

    @property
    def is_complete(self) -> bool:
        """Whether every session that was planned is done."""
        return sum(self.counts.get(outcome, 0) for outcome in DONE) == self.total


@attrs.define
class ChangeProgress:
    """How far a bulk change has come; the same object is updated and handed over again and again.

    Attributes:
        action: What is being done.
        total: How many sessions were planned.
        counts: How many there are of each outcome, earlier runs included.
        done_before: How many were done by earlier runs.
        waiting_for: Why nothing moves at the moment; None where it does.
        latest: What became of the last session.
    """

    action: Action
    total: int
    counts: Counter[Outcome] = attrs.field(factory=Counter["Outcome"])
    done_before: int = 0
    waiting_for: str | None = None
    latest: ChangeResult | None = None
    _began: float = attrs.field(factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long this run has taken so far."""
        return time.monotonic() - self._began

    @property
    def seen(self) -> int:
        """How many sessions have an outcome."""
        return self.counts.total()

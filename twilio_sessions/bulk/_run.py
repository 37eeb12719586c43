"""Carries out a plan: some sessions at a time, each with an intent on the disk before its change is sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import anyio
import attrs

from twilio_sessions._core import arguments
from twilio_sessions.bulk._results import DONE, ChangeProgress, ChangeReport, ChangeResult
from twilio_sessions.bulk._severity import may_pass, stops
from twilio_sessions.errors import ArgumentError, RateLimitError, TwilioSessionsError
from twilio_sessions.export._common import first_error
from twilio_sessions.export._outage import Outage, Reached

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twilio_sessions.bulk._journal import Journal
    from twilio_sessions.bulk._records import Entry
    from twilio_sessions.bulk._results import Action
    from twilio_sessions.client import AsyncClient

__all__ = ["Changer", "Item", "Run", "check_way", "nobody"]

# So often a session may fail while others do not.
_STRIKES: Final = 5


def check_way(concurrency: int, patience: float) -> None:
    """Check how a change is to be made, before anything is read, asked or written.

    Raises:
        ArgumentError: That is not possible.
    """
    arguments.count("concurrency", concurrency, least=1)
    # No number is smaller than a NaN, nor is one larger.
    if not patience >= 0:
        raise ArgumentError(f"patience must be 0 seconds or more; got {patience}", argument="patience")


def nobody(_: object) -> None:
    """Hear what is told where nobody has asked for it."""


class Item(Protocol):
    """One session of a plan."""

    @property
    def key(self) -> str:
        """What it is called in a journal."""
        ...


T = TypeVar("T", bound=Item)
T_contra = TypeVar("T_contra", bound=Item, contravariant=True)


class Changer(Protocol[T_contra]):
    """What is done to each session."""

    async def look(self, item: T_contra, *, is_begun: bool) -> ChangeResult | None:
        """Look at a session as it is now; None where it is to be changed.

        Args:
            item: The session.
            is_begun: Whether an earlier run was about to change it, and may have done so.
        """
        ...

    async def change(self, item: T_contra) -> ChangeResult:
        """Change it."""
        ...

    async def probe(self, item: T_contra) -> None:
        """Ask for something harmless, to see whether Twilio answers."""
        ...

    def result(self, item: T_contra, entry: Entry) -> ChangeResult:
        """Return an outcome that stands in the journal."""
        ...

    def failed(self, item: T_contra, error: TwilioSessionsError) -> ChangeResult:
        """Return the outcome of a session that could not be changed."""
        ...


@attrs.define
class Run(Generic[T]):
    """One run over a plan.

    Attributes:
        action: What is done.
        client: The client.
        journal: The journal, held by the caller.
        changer: What is done to each session.
        concurrency: How many sessions at a time.
        patience: For how many seconds an outage is waited for.
        on_result: Called with what became of each session, when that is durable; first with what earlier
            runs did.
        on_progress: Called when anything changed.
        extra: Outcomes of what is not in the plan's sessions.
    """

    action: Action
    client: AsyncClient
    journal: Journal[T]
    changer: Changer[T]
    concurrency: int
    patience: float
    on_result: Callable[[ChangeResult], None]
    on_progress: Callable[[ChangeProgress], None]
    extra: tuple[ChangeResult, ...] = ()
    reached: Reached = attrs.field(factory=Reached)
    _undone: dict[str, ChangeResult] = attrs.field(factory=dict[str, ChangeResult])
    _stopped: TwilioSessionsError | None = None
    _progress: ChangeProgress = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._progress = ChangeProgress(self.action, len(self.journal.items) + len(self.extra))

    async def run(self, path: Path) -> ChangeReport:
        """Do what is left to do.

        Raises:
            TwilioSessionsError: Going on is of no use; the same call goes on later.
            OSError: The journal cannot be written to.
        """
        before = self.client.counters.requests
        todo = iter(self._left())
        self.on_progress(self._progress)
        try:
            async with anyio.create_task_group() as group:
                for _ in range(self.concurrency):
                    group.start_soon(self._work, todo)
        except BaseExceptionGroup as errors:
            raise first_error(errors) from None
        if self._stopped is not None:
            raise self._stopped
        return ChangeReport(
            action=self.action,
            journal=path,
            total=self._progress.total,
            counts=dict(self._progress.counts),
            undone=tuple(self._undone.values()),
            seconds=self._progress.seconds,
            requests=self.client.counters.requests - before,
            done_before=self._progress.done_before,
        )

    def _left(self) -> list[T]:
        """Say what is done, and return what is not."""
        left: list[T] = []
        for result in self.extra:
            self._tell(result.sid or "", result)
        for item in self.journal.items:
            entry = self.journal.outcomes.get(item.key)
            if entry is not None and entry.did in DONE:
                self._progress.done_before += 1
                self._tell(item.key, self.changer.result(item, entry))
            else:
                left.append(item)
        return left

    async def _work(self, todo: Iterator[T]) -> None:
        for item in todo:
            if self._stopped is not None:
                return
            result = await self._result_of(item)
            if result is not None:
                await self.journal.conclude(item.key, result)
                self._tell(item.key, result)

    def _tell(self, key: str, result: ChangeResult) -> None:
        progress = self._progress
        progress.counts[result.outcome] += 1
        progress.latest = result
        if not result.is_done:
            self._undone[key] = result
        self.on_result(result)
        self.on_progress(progress)

    async def _result_of(self, item: T) -> ChangeResult | None:
        """Change a session, through outages; None where all work is to stop."""
        outage, strikes = Outage(self.patience, self.reached), 0
        while True:
            began = time.monotonic()
            try:
                result = await self._once(item)
            except TwilioSessionsError as error:
                if not may_pass(error):
                    return self._give_up(item, error, is_outage=False)
                # Where anything else gets an answer meanwhile, it is this session and not Twilio; but too
                # many requests are nobody's fault.
                is_outage = not await self._is_answering(item, began, error)
                strikes += not is_outage and not isinstance(error, RateLimitError)
                delay = outage.wait(error, time.monotonic()) if strikes < _STRIKES else None
                if delay is None or self._stopped is not None:
                    return self._give_up(item, error, is_outage=is_outage)
                await self._wait(error, delay)
            else:
                outage.ended(time.monotonic())
                self._progress.waiting_for = None
                return result

    async def _once(self, item: T) -> ChangeResult:
        is_begun = item.key in self.journal.intents
        result = await self.changer.look(item, is_begun=is_begun)
        if result is None:
            if not is_begun:
                await self.journal.intend(item.key)
            result = await self.changer.change(item)
        return result

    async def _wait(self, error: TwilioSessionsError, delay: float) -> None:
        self._progress.waiting_for = str(error)
        self.on_progress(self._progress)
        await anyio.sleep(delay)

    async def _is_answering(self, item: T, since: float, error: TwilioSessionsError) -> bool:
        """Tell whether Twilio answers anything at all, asking for something harmless where nobody knows."""
        if isinstance(error, RateLimitError):
            self.reached.at = time.monotonic()
            return True
        if self.reached.at is not None and self.reached.at >= since:
            return True
        try:
            await self.changer.probe(item)
        except TwilioSessionsError as unanswered:
            if may_pass(unanswered):
                return False
        self.reached.at = time.monotonic()
        return True

    def _give_up(self, item: T, error: TwilioSessionsError, *, is_outage: bool) -> ChangeResult | None:
        if is_outage or stops(error):
            self._stopped = self._stopped or error
            return None
        if not may_pass(error):
            self.reached.at = time.monotonic()
        return self.changer.failed(item, error)

"""The right to have one request in flight, as `async with` sees it, and what is reported of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from twilio_sessions._core.gate import Gate
    from twilio_sessions._core.ratelimit import RateKey

__all__ = ["NoSlotInTimeError", "Slot", "too_late"]


class NoSlotInTimeError(TimeoutError):
    """The request could not go before its deadline; it was not sent.

    Attributes:
        ready_at: When the rate of its key allows the next request, on the gate's clock.
    """

    def __init__(self, message: str, ready_at: float = 0.0) -> None:
        super().__init__(message)
        self.ready_at = ready_at


def too_late(ready: float, now: float) -> NoSlotInTimeError:
    """Return the error that says why a request cannot go before its deadline."""
    if ready > now:
        return NoSlotInTimeError(f"the rate limit has room in {ready - now:.3g} s, after the deadline", ready)
    return NoSlotInTimeError(
        "no request in flight ended before the deadline to make room for this one", ready
    )


class Slot:
    """The right to have one request in flight, from entering to leaving; for one use."""

    __slots__ = ("_answered", "_deadline", "_gate", "_holds", "_key", "_taken", "_term")

    def __init__(self, gate: Gate, key: RateKey | None, deadline: float | None) -> None:
        self._gate = gate
        self._key = key
        self._deadline = deadline
        self._holds = self._answered = False
        self._taken = 0.0
        self._term = 0

    async def __aenter__(self) -> Self:
        gate = self._gate
        taken = None
        while taken is None:
            taken = gate.enter(self._key, self._deadline)
            self._term = gate.term
            if taken is None:
                taken = await gate.wait(self._key, self._deadline)
        self._taken = taken
        self._holds = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holds:
            self._holds = False
            self._gate.release(self._key, self._term, answered=self._answered)

    def answered(self) -> None:
        """Say that the answer begins to arrive, as soon as it does: it tells when the request has arrived.

        Without it the request counts as arrived when the slot is left.
        """
        if not self._answered:
            self._answered = True
            self._gate.answered(self._key, self._taken, self._term)

    def throttled(self, code: int | None, pause: float = 0.0) -> None:
        """Report a 429: Twilio's code, and how long it asks to wait."""
        self._gate.throttled(self._key, code, sent=self._taken, pause=pause)

    def succeeded(self) -> None:
        """Report an answer that was no 429."""
        self._gate.succeeded(self._key)

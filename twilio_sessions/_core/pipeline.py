"""One call from request to result: wait for its turn, attempt it, judge the answer, try again or raise."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, TypeVar

from twilio_sessions._core.attempt import Attempts
from twilio_sessions._core.call import Call
from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions._core.events import RequestRetried, RequestThrottled
from twilio_sessions._core.retry import Failure, RetryPolicy, classify, may_replay
from twilio_sessions._core.settle import Doubt, Refused, Settled, Settlement
from twilio_sessions.errors import APIError, TwilioSessionsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._config import ClientOptions, Product
    from twilio_sessions._core.attempt import Shared
    from twilio_sessions._core.events import Event
    from twilio_sessions._core.request import Request, Response

__all__ = ["Pipeline"]

T = TypeVar("T")


class Pipeline:
    """The one path that every call takes; an error leaves it once, as one typed exception."""

    def __init__(
        self, options: ClientOptions, shared: Shared, hooks: tuple[Callable[[Event], None], ...] = ()
    ) -> None:
        self._options = options
        self.shared = shared
        self._policy = RetryPolicy(max_attempts=options.max_attempts)
        self._attempts = Attempts(options, shared.counters, hooks, self._policy.max_retry_after)

    def base_url(self, product: Product) -> str:
        """Return where a product is at this client."""
        return self._options.base_url(product)

    async def run(
        self,
        request: Request,
        accept: Callable[[Response], T],
        settlement: Settlement[T] | None = None,
        *,
        deadline: float | None = None,
    ) -> T:
        """Make a call: attempts, waits and repetitions, all of them before one deadline.

        Args:
            request: What to send.
            accept: Turns a success into the result; what it raises counts as a failed attempt.
            settlement: Finds out the outcome of an attempt that may have been processed.
            deadline: The end of all this, by the monotonic clock; by default `timeout` from now.

        Raises:
            APIError: Twilio answered with an error status.
            APIConnectionError: No whole answer arrived.
            InvalidResponseError: The answer is not what the contract promises.
        """
        now = time.monotonic()
        call = Call(request, now, deadline or now + self._options.timeout)
        while True:
            call.attempt += 1
            try:
                result = accept(await self._attempts.make(call, self.shared))
            except TwilioSessionsError as error:
                # Raised here and not below, where an error would refer to a frame that refers to it.
                outcome = await self._recover(call, error, settlement)
                if isinstance(outcome, Settled):
                    return outcome.value
                if isinstance(outcome, Refused):
                    call.explain(outcome.error)
                    try:
                        raise outcome.error from (None if outcome.error is error else error)
                    finally:
                        del outcome
            else:
                self.shared.quota.succeeded(call.paid)
                return result

    async def call(
        self,
        request: Request,
        model: type[T],
        settlement: Settlement[T] | None = None,
        *,
        deadline: float | None = None,
    ) -> T:
        """Make a call that returns one resource."""
        return await self.run(
            request, lambda response: _decode(response, model), settlement, deadline=deadline
        )

    def deadline(self) -> float:
        """Return when a call that begins now has to end, by the monotonic clock."""
        return time.monotonic() + self._options.timeout

    async def _recover(
        self, call: Call, error: TwilioSessionsError, settlement: Settlement[T] | None
    ) -> Settled[T] | Refused | None:
        """Settle the outcome, or wait and return None when another attempt is to be made."""
        failure = classify(error)
        if failure is Failure.THROTTLED and isinstance(error, APIError):
            self._attempts.tell(call, RequestThrottled, code=error.code, retry_after=error.retry_after)
        call.doubtful = call.doubtful or failure is Failure.AMBIGUOUS
        if call.doubtful and settlement is not None:
            outcome = await self._settle(call, error, settlement)
            if outcome is not None:
                return outcome
            if failure is Failure.AMBIGUOUS and settlement.absent_may_repeat:
                failure = Failure.UNSENT
        delay = self._delay(call, error, failure)
        if delay is None:
            return Refused(error)
        self._attempts.tell(call, RequestRetried, reason=failure.value, delay=delay)
        await asyncio.sleep(delay)
        return None

    async def _settle(
        self, call: Call, error: TwilioSessionsError, settlement: Settlement[T]
    ) -> Settled[T] | Refused | None:
        async def look() -> tuple[T, Response]:
            request, model = settlement.look, settlement.model
            if request is None or model is None:
                raise RuntimeError("this settlement has nothing to look at")
            return await self.run(
                request, lambda response: (_decode(response, model), response), deadline=call.deadline
            )

        try:
            return await settlement.judge(Doubt(error, call.elapsed, call.deadline, look))
        except TwilioSessionsError as unknown:
            error.add_note(f"whether it was processed could not be found out: {unknown}")
            return Refused(error)

    def _delay(self, call: Call, error: TwilioSessionsError, failure: Failure) -> float | None:
        """Return the seconds until the next attempt; None when it is not allowed, useful or affordable."""
        if not may_replay(failure, call.request.replay):
            return None
        delay = self._policy.delay(
            failure,
            attempt=call.attempt,
            remaining=call.remaining,
            retry_after=error.retry_after if isinstance(error, APIError) else None,
            random=random.random,
        )
        paid = None if delay is None else self.shared.quota.take(failure)
        if paid is None:
            return None
        call.paid = paid
        return delay

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget what was opened in a loop that stayed in the parent process; return what must be kept."""
        if self.shared.gate is not None:
            self.shared.gate.leave(loop)
        return self.shared.transport.leave(loop)

    async def close(self) -> None:
        """Close the connections."""
        await self.shared.transport.close()


def _decode(response: Response, model: type[T]) -> T:
    try:
        return decode_item(response.body, model)
    except DecodeError as error:
        raise response.invalid(f"not a {model.__name__}: {error}") from error

"""One call from request to result: wait for its turn, attempt it, judge the answer, try again or raise."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

import attrs

from twilio_sessions._config import RETIRING
from twilio_sessions._core.capture import note_response
from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions._core.events import (
    Counters,
    RequestFailed,
    RequestFinished,
    RequestRetried,
    RequestStarted,
    RequestThrottled,
    log_event,
)
from twilio_sessions._core.gate import NoSlotInTimeError
from twilio_sessions._core.ratelimit import ACCOUNT, RateKey
from twilio_sessions._core.request import judge
from twilio_sessions._core.retry import Failure, RetryPolicy, RetryQuota, classify, may_replay
from twilio_sessions._core.settle import Doubt, Refused, Settled, Settlement
from twilio_sessions.errors import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    GoneError,
    NotFoundError,
    RateLimitError,
    TwilioSessionsError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._config import ClientOptions, Product
    from twilio_sessions._core.events import Event
    from twilio_sessions._core.gate import Gate
    from twilio_sessions._core.request import Request, Response
    from twilio_sessions._core.transport import Transport

__all__ = ["Pipeline", "Shared"]

T = TypeVar("T")

_THROTTLED = 429
_log = logging.getLogger("twilio_sessions")


@attrs.frozen
class Shared:
    """What clients that share a pool share.

    Attributes:
        transport: The connections.
        gate: The rate limits and the cap on requests in flight; None keeps to none.
        quota: What may be spent on repetitions.
        counters: What has been done so far.
    """

    transport: Transport
    gate: Gate | None
    quota: RetryQuota = attrs.field(factory=RetryQuota)
    counters: Counters = attrs.field(factory=Counters)


@attrs.define
class _Call:
    """One call under way: its request, its deadline, and what has become of it so far.

    Attributes:
        attempt: The number of the attempt under way, from 1.
        doubtful: Whether an attempt that failed may have been processed.
        paid: What the last repetition took from the quota.
    """

    request: Request
    began: float
    deadline: float
    attempt: int = 0
    doubtful: bool = False
    paid: int = 0


class Pipeline:
    """The one path that every call takes; an error leaves it once, as one typed exception."""

    def __init__(
        self, options: ClientOptions, shared: Shared, hooks: tuple[Callable[[Event], None], ...] = ()
    ) -> None:
        self._options = options
        self.shared = shared
        self._hooks = (shared.counters.count, log_event, *hooks)
        self._policy = RetryPolicy(max_attempts=options.max_attempts)

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
        call = _Call(request, now, deadline or now + self._options.timeout)
        while True:
            call.attempt += 1
            try:
                result = accept(await self._attempt(call))
            except TwilioSessionsError as error:
                # Raised here and not below, where an error would refer to a frame that refers to it.
                outcome = await self._recover(call, error, settlement)
                if isinstance(outcome, Settled):
                    return outcome.value
                if isinstance(outcome, Refused):
                    self._finish(call, outcome.error)
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

    async def _attempt(self, call: _Call) -> Response:
        """Send the request once, when its turn has come, and judge the answer."""
        gate, request = self.shared.gate, call.request
        if gate is None:
            return judge(await self._send(call))
        key = RateKey(request.product, request.scope or ACCOUNT, request.operation)
        try:
            async with gate.slot(key, call.deadline) as slot:
                response = await self._send(call)
        except NoSlotInTimeError as error:
            url = request.url(self.base_url(request.product))
            message = f"not sent: {error}"
            raise APITimeoutError(message, method=request.method, url=url, maybe_processed=False) from None
        try:
            return judge(response)
        except RateLimitError as error:
            slot.throttled(error.code, min(error.retry_after or 0.0, self._policy.max_retry_after))
            raise
        finally:
            if response.status != _THROTTLED:
                slot.succeeded()

    async def _send(self, call: _Call) -> Response:
        """Put one request on the wire and tell the hooks what became of it."""
        began = time.monotonic()
        seconds = min(self._options.attempt_timeout, call.deadline - began)
        if seconds <= 0:
            # To aiohttp, no time at all is no limit at all.
            request, message = call.request, "not sent: the deadline has passed"
            url = request.url(self.base_url(request.product))
            raise APITimeoutError(message, method=request.method, url=url, maybe_processed=False)
        self._tell(call, RequestStarted)
        try:
            response = await self.shared.transport.send(call.request, self._options, seconds=seconds)
        except BaseException as error:
            # A cancelled attempt has ended, too, and may have been processed like any other.
            took, maybe = time.monotonic() - began, getattr(error, "maybe_processed", True)
            self._tell(call, RequestFailed, error=type(error).__name__, maybe_processed=maybe, seconds=took)
            raise
        note_response(response)
        seconds = time.monotonic() - began
        self._tell(
            call, RequestFinished, status=response.status, request_id=response.request_id, seconds=seconds
        )
        return response

    async def _recover(
        self, call: _Call, error: TwilioSessionsError, settlement: Settlement[T] | None
    ) -> Settled[T] | Refused | None:
        """Settle the outcome, or wait and return None when another attempt is to be made."""
        failure = classify(error)
        if failure is Failure.THROTTLED and isinstance(error, APIError):
            self._tell(call, RequestThrottled, code=error.code, retry_after=error.retry_after)
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
        self._tell(call, RequestRetried, reason=failure.value, delay=delay)
        await asyncio.sleep(delay)
        return None

    async def _settle(
        self, call: _Call, error: TwilioSessionsError, settlement: Settlement[T]
    ) -> Settled[T] | Refused | None:
        async def look() -> tuple[T, Response]:
            request, model = settlement.look, settlement.model
            if request is None or model is None:
                raise RuntimeError("this settlement has nothing to look at")
            return await self.run(
                request, lambda response: (_decode(response, model), response), deadline=call.deadline
            )

        try:
            return await settlement.judge(Doubt(error, time.monotonic() - call.began, call.deadline, look))
        except TwilioSessionsError as unknown:
            error.add_note(f"whether it was processed could not be found out: {unknown}")
            return Refused(error)

    def _delay(self, call: _Call, error: TwilioSessionsError, failure: Failure) -> float | None:
        """Return the seconds until the next attempt; None when it is not allowed, useful or affordable."""
        if not may_replay(failure, call.request.replay):
            return None
        delay = self._policy.delay(
            failure,
            attempt=call.attempt,
            remaining=call.deadline - time.monotonic(),
            retry_after=error.retry_after if isinstance(error, APIError) else None,
            random=random.random,
        )
        paid = None if delay is None else self.shared.quota.take(failure)
        if paid is None:
            return None
        call.paid = paid
        return delay

    def _finish(self, call: _Call, error: TwilioSessionsError) -> None:
        """Say on the error that leaves the call what is known of all its attempts."""
        if call.attempt > 1:
            error.add_note(f"after {call.attempt} attempts in {time.monotonic() - call.began:.1f} s")
        if isinstance(error, APIConnectionError) and call.doubtful:
            error.maybe_processed = True
        if call.request.product in RETIRING and _looks_gone(call.request, error):
            error.add_note(RETIRING[call.request.product])

    def _tell(self, call: _Call, kind: type[Event], **facts: object) -> None:
        request = call.request
        event = kind(
            operation=request.operation,
            method=request.method,
            product=request.product,
            path=request.path,
            attempt=call.attempt,
            **facts,
        )
        for hook in self._hooks:
            try:
                hook(event)
            except Exception:  # noqa: BLE001 - whatever it is, it is the hook's
                # What was done is done: a hook must not turn it into something else.
                _log.exception("a hook failed on %s", kind.__name__)

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget what was opened in a loop that stayed in the parent process; return what must be kept."""
        if self.shared.gate is not None:
            self.shared.gate.leave(loop)
        return self.shared.transport.leave(loop)

    async def close(self) -> None:
        """Close the connections."""
        await self.shared.transport.close()


def _looks_gone(request: Request, error: TwilioSessionsError) -> bool:
    """Tell whether it is the product that is not there, not one resource of it."""
    if isinstance(error, APIConnectionError):
        return not error.maybe_processed
    return isinstance(error, GoneError) or (
        isinstance(error, NotFoundError) and request.operation.endswith("sessions.list")
    )


def _decode(response: Response, model: type[T]) -> T:
    try:
        return decode_item(response.body, model)
    except DecodeError as error:
        raise response.invalid(f"not a {model.__name__}: {error}") from error

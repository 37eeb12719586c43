"""One attempt of a call: wait for its turn, send the request once, tell the hooks, judge the answer."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import attrs

from twilio_sessions._core.capture import note_response
from twilio_sessions._core.events import (
    Counters,
    RequestFailed,
    RequestFinished,
    RequestStarted,
    is_logged,
    log_event,
)
from twilio_sessions._core.ratelimit import ACCOUNT, RateKey
from twilio_sessions._core.request import judge
from twilio_sessions._core.retry import RetryQuota
from twilio_sessions._core.slot import NoSlotInTimeError
from twilio_sessions.errors import APITimeoutError, RateLimitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._config import ClientOptions
    from twilio_sessions._core.call import Call
    from twilio_sessions._core.events import Event
    from twilio_sessions._core.gate import Gate
    from twilio_sessions._core.request import Response
    from twilio_sessions._core.transport import Transport

__all__ = ["Attempts", "Shared"]

_THROTTLED: Final = 429
_log: Final = logging.getLogger("twilio_sessions")


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


@attrs.frozen
class Attempts:
    """Makes attempts for one client.

    Attributes:
        options: Time limits, and where the products are.
        counters: Count everything that happens.
        hooks: Told of it.
        longest_pause: Seconds that a 429 may ask all requests of its kind to wait.
    """

    options: ClientOptions
    counters: Counters
    hooks: tuple[Callable[[Event], None], ...]
    longest_pause: float

    async def make(self, call: Call, shared: Shared) -> Response:
        """Send the request of a call once, when its turn has come, and judge the answer.

        Raises:
            APIError: Twilio answered with an error status.
            APIConnectionError: No whole answer arrived.
            InvalidResponseError: The answer is a redirect.
        """
        gate, request = shared.gate, call.request
        if gate is None:
            return judge(await self._send(call, shared.transport), request.conflicts)
        key = RateKey(request.product, request.scope or ACCOUNT, request.operation)
        try:
            async with gate.slot(key, call.deadline) as slot:
                response = await self._send(call, shared.transport, slot.answered)
        except NoSlotInTimeError as error:
            unsent = self._unsent(call, str(error))
            raise unsent from None
        try:
            return judge(response, request.conflicts)
        except RateLimitError as error:
            slot.throttled(error.code, min(error.retry_after or 0.0, self.longest_pause))
            raise
        finally:
            if response.status != _THROTTLED:
                slot.succeeded()

    def tell(self, call: Call, kind: type[Event], **facts: object) -> None:
        """Count what happens to a call, and tell whoever listens.

        Mostly nobody does, and then no event is made.
        """
        self.counters.count(kind, call.attempt)
        logged = is_logged(kind)
        if not (logged or self.hooks):
            return
        request = call.request
        event = kind(
            operation=request.operation,
            method=request.method,
            product=request.product,
            base_url=self.options.base_url(request.product),
            path=request.path,
            attempt=call.attempt,
            **facts,
        )
        for hook in (log_event, *self.hooks) if logged else self.hooks:
            try:
                hook(event)
            except Exception:  # noqa: BLE001 - whatever it is, it is the hook's
                # What was done is done: a hook must not turn it into something else.
                _log.exception("a hook failed on %s", kind.__name__)

    async def _send(
        self, call: Call, transport: Transport, answered: Callable[[], None] | None = None
    ) -> Response:
        """Put one request on the wire and tell the hooks what became of it."""
        began = time.monotonic()
        seconds = min(self.options.attempt_timeout, call.deadline - began)
        if seconds <= 0:
            # To aiohttp, no time at all is no limit at all.
            raise self._unsent(call, "the deadline has passed")
        self.tell(call, RequestStarted)
        try:
            response = await transport.send(call.request, self.options, seconds=seconds, answered=answered)
        except BaseException as error:
            # A cancelled attempt has ended, too, and may have been processed like any other.
            took, maybe = time.monotonic() - began, getattr(error, "maybe_processed", True)
            self.tell(call, RequestFailed, error=type(error).__name__, maybe_processed=maybe, seconds=took)
            raise
        note_response(response)
        seconds = time.monotonic() - began
        self.tell(
            call, RequestFinished, status=response.status, request_id=response.request_id, seconds=seconds
        )
        return response

    def _unsent(self, call: Call, reason: str) -> APITimeoutError:
        url = call.request.url(self.options.base_url(call.request.product))
        message = f"not sent: {reason}"
        return APITimeoutError(message, method=call.request.method, url=url, maybe_processed=False)

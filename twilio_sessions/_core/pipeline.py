"""One call from request to result: send it, judge the answer, decode it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from twilio_sessions._core.codec import DecodeError, decode_item
from twilio_sessions._core.request import judge

if TYPE_CHECKING:
    import asyncio

    from twilio_sessions._config import ClientOptions, Product
    from twilio_sessions._core.request import Request, Response
    from twilio_sessions._core.transport import Transport

__all__ = ["Pipeline"]

T = TypeVar("T")

_log = logging.getLogger("twilio_sessions")


class Pipeline:
    """The one path that every call takes; an error leaves it once, as one typed exception."""

    def __init__(self, options: ClientOptions, transport: Transport) -> None:
        self._options = options
        self._transport = transport

    def base_url(self, product: Product) -> str:
        """Return where a product is at this client."""
        return self._options.base_url(product)

    async def send(self, request: Request) -> Response:
        """Send a request and return its answer.

        Raises:
            APIError: Twilio answered with an error status.
            APIConnectionError: No whole answer arrived.
            InvalidResponseError: The answer is not what the contract promises.
        """
        began = time.perf_counter()
        response = await self._transport.send(request)
        _log.debug(
            "%s %s %s -> %d in %.0f ms, request id %s",
            request.method,
            request.product,
            request.path,
            response.status,
            (time.perf_counter() - began) * 1000,
            response.request_id,
        )
        return judge(response)

    async def call(self, request: Request, model: type[T]) -> T:
        """Send a request and return the resource that comes back."""
        response = await self.send(request)
        try:
            return decode_item(response.body, model)
        except DecodeError as error:
            raise response.invalid(f"not a {model.__name__}: {error}") from error

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget what was opened in a loop that stayed in the parent process; return what must be kept."""
        return self._transport.leave(loop)

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

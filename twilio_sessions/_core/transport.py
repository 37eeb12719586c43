"""Sends one request with aiohttp and reads one whole answer; the only module here that does I/O."""

from __future__ import annotations

import asyncio
import functools
import math
import os
import platform
from typing import TYPE_CHECKING, Final

import aiohttp
import yarl

from twilio_sessions._core.pool import ConnectionPool, watch_departure
from twilio_sessions._core.request import Response
from twilio_sessions._version import __version__
from twilio_sessions.errors import (
    APICertificateError,
    APIConnectionError,
    APITimeoutError,
    ResponseTooLargeError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twilio_sessions._config import ClientOptions
    from twilio_sessions._core.pool import ConnectionOptions
    from twilio_sessions._core.request import Request

__all__ = ["Transport"]

_UNTRUSTED: Final = (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)
_CHECK_ADDRESS: Final = (
    "check the network, the address (edge and region, or proxy_url and assistants_url), and trust_env=True "
    "behind an HTTP proxy"
)
_CHECK_PROXY: Final = "check http_proxy, or with trust_env the variables HTTPS_PROXY and HTTP_PROXY"
_CHECK_TRUST: Final = "check the address, this machine's clock, and what is trusted (tls=)"
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Transport:
    """Sends requests over a pool of connections; knows the credentials and the time limits of an attempt."""

    def __init__(self, options: ClientOptions, connection: ConnectionOptions) -> None:
        self._options = options
        self._pool = ConnectionPool(
            connection,
            max_connections=options.max_connections,
            headers={
                "Authorization": aiohttp.encode_basic_auth(options.username, options.password.reveal()),
                "Accept": "application/json",
                "User-Agent": f"twilio-sessions/{__version__} Python/{platform.python_version()}",
            },
        )

    async def send(
        self,
        request: Request,
        options: ClientOptions,
        *,
        seconds: float,
        answered: Callable[[], None] | None = None,
    ) -> Response:
        """Send one request, once, and return the whole answer whatever its status.

        Args:
            request: What to send.
            options: The time limits of this call, and where the products are.
            seconds: How long this attempt may take in all.
            answered: Called when the head of the answer is there, before its body is.

        Raises:
            APITimeoutError: The time ran out.
            APICertificateError: The server could not prove who it is.
            APIConnectionError: No whole answer arrived.
            InvalidResponseError: The answer is larger than is believable.
        """
        session = self._pool.session()
        url = request.url(options.base_url(request.product))
        departure = watch_departure()
        try:
            # The limit for the whole, waiting for a connection and the last byte included.
            with self._pool.alarms.limit(seconds):
                async with session.request(
                    request.method,
                    # The bytes of the path and the query are ours (or Twilio's own): never quoted again.
                    yarl.URL(url, encoded=True),
                    data=request.form,
                    headers=_FORM if request.form is not None else None,
                    allow_redirects=False,
                    timeout=_limits(options, seconds),
                    proxy=self._pool.proxy_for(url),
                ) as answer:
                    if answered is not None:
                        answered()
                    return await _whole(request, url, answer, self._options.max_response_bytes)
        except asyncio.CancelledError:
            if not self._is_given_up():
                raise
            message = "the client was closed before there was an answer"
            failed = APIConnectionError(
                message, method=request.method, url=url, maybe_processed=departure.happened
            )
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            failed = _translate(error, request, url, options, seconds, left=departure.happened)
        # Raised here, where aiohttp's error is not its context: the frames of that one hold the headers.
        raise failed

    def _is_given_up(self) -> bool:
        """Tell whether aiohttp cancels what waits for a connection, and nobody the task that does."""
        task = asyncio.current_task()
        return self._pool.is_closed and task is not None and not task.cancelling()

    async def close(self) -> None:
        """Close every connection that was opened here; a closed transport stays closed."""
        await self._pool.close()

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget the connections opened in `loop` without touching them; see `ConnectionPool.leave`."""
        return self._pool.leave(loop)


def _limits(options: ClientOptions, seconds: float) -> aiohttp.ClientTimeout:
    """Return the limits left to aiohttp: those for the parts of an attempt that takes so long at most."""
    # The alarm of sock_read is set anew at each chunk, a tenth of a bare fetch: only where it can ring first.
    read = options.read_timeout if options.read_timeout < seconds else None
    return _timeout(options.connect_timeout, read)


@functools.lru_cache(maxsize=16)
def _timeout(connect: float, read: float | None) -> aiohttp.ClientTimeout:
    # Without the last one, all above 5 s would be rounded up to whole seconds.
    return aiohttp.ClientTimeout(sock_connect=connect, sock_read=read, ceil_threshold=math.inf)


async def _whole(request: Request, url: str, answer: aiohttp.ClientResponse, most: int) -> Response:
    """Read the decoded body, but not more than is believable: a gzip bomb stops here."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > most:
            answer.close()
            message = f"the body is larger than {most} bytes (max_response_bytes)"
            raise _response(request, url, answer, b"").invalid(message, ResponseTooLargeError)
        chunks.append(chunk)
    return _response(request, url, answer, b"".join(chunks))


def _response(request: Request, url: str, answer: aiohttp.ClientResponse, body: bytes) -> Response:
    return Response(
        method=request.method,
        url=url,
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=body,
    )


def _translate(
    error: TimeoutError | aiohttp.ClientError | ValueError,
    request: Request,
    url: str,
    options: ClientOptions,
    seconds: float,
    *,
    left: bool,
) -> APIConnectionError:
    """Return the typed error; aiohttp's own is not kept, for its repr shows the Authorization header."""
    kind: type[APIConnectionError] = APIConnectionError
    message = _describe(error)
    if isinstance(error, _UNTRUSTED):
        kind = APICertificateError
    elif isinstance(error, TimeoutError):
        kind = APITimeoutError
        message = _describe_timeout(error, options, seconds, left=left)
    return kind(message, method=request.method, url=url, maybe_processed=left)


def _describe_timeout(error: TimeoutError, options: ClientOptions, seconds: float, *, left: bool) -> str:
    """Say which of the time limits it was."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return f"no connection within {options.connect_timeout:g} s"
    if isinstance(error, aiohttp.SocketTimeoutError):
        return f"no byte for {options.read_timeout:g} s"
    # What was left of a deadline has too many digits; what is small must not become nothing.
    shown = round(seconds, 1) if seconds >= 1 else float(f"{seconds:.2g}")
    return f"no {'answer' if left else 'connection'} within {shown:g} s"


def _describe(error: Exception) -> str:
    """Say what broke, and what to look at, in words that hold no header, no query and no password."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return _describe_unconnected(error)
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return (
            f"the certificate of {_place(error.host, error.port)} is not the one whose fingerprint was given"
        )
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the HTTP proxy refused to connect: {error.status} {error.message}"
    return _describe_answer(error)


def _describe_answer(error: Exception) -> str:
    """Say why there is no answer over a connection that there was."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the server's answer is not HTTP ({error.message})"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "the server closed the connection without an answer"
    if isinstance(error, aiohttp.ClientPayloadError):
        return f"the server's answer ended too early ({error})"
    if isinstance(error, ValueError) and not isinstance(error, aiohttp.ClientError):
        # What aiohttp's parsers and decompressors let through.
        return f"the server's answer cannot be read ({type(error).__name__})"
    why = error.strerror if isinstance(error, OSError) else None
    return f"the connection broke ({why or type(error).__name__})"


def _describe_unconnected(error: aiohttp.ClientConnectorError) -> str:
    """Say to where there is no connection, why, and what to look at."""
    where, why = _place(error.host, error.port), error.os_error
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        told = str(getattr(why, "verify_message", "") or type(why).__name__)
        return f"the certificate of {where} is not trusted: {told.rstrip('.')}; {_CHECK_TRUST}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        reason = str(getattr(why, "reason", None) or type(why).__name__).replace("_", " ").lower()
        return f"no TLS with {where}: {reason}; perhaps it speaks http only"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"cannot connect to {where}: name not found ({why.strerror or why}); {_CHECK_ADDRESS}"
    told = "refused" if isinstance(why, ConnectionRefusedError) else _reason(why)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"cannot connect to the HTTP proxy {where}: {told}; {_CHECK_PROXY}"
    return f"cannot connect to {where}: {told}; {_CHECK_ADDRESS}"


def _reason(error: OSError) -> str:
    # What asyncio makes of it says where to, and not why; of Windows' numbers there is no such table.
    told = os.strerror(error.errno) if error.errno else ""
    return str(error) if not told or told.startswith("Unknown") else told


def _place(host: str, port: int | None) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

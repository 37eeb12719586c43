"""Sends one request with aiohttp and reads one whole answer; the only module here that does I/O."""

from __future__ import annotations

import asyncio
import platform
from typing import TYPE_CHECKING, Final

import aiohttp
import yarl

from twilio_sessions._core.request import Response
from twilio_sessions._version import __version__
from twilio_sessions.errors import APIConnectionError, APITimeoutError, ConfigurationError

if TYPE_CHECKING:
    from twilio_sessions._config import ClientOptions
    from twilio_sessions._core.request import Request

__all__ = ["Transport"]

LARGEST_BODY: Final = 32 * 1024 * 1024
_CONNECTIONS: Final = 100
_NEVER_SENT: Final = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class Transport:
    """A pool of connections that is opened by the first request, in the loop that makes it.

    Raises:
        APITimeoutError: The time ran out.
        APIConnectionError: No whole answer arrived.
        InvalidResponseError: The answer is larger than is believable.
    """

    def __init__(self, options: ClientOptions) -> None:
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    async def send(self, request: Request) -> Response:
        """Send one request, once, and return the whole answer whatever its status."""
        session = self._bound_session()
        url = request.url(self._options.base_url(request.product))
        try:
            async with session.request(
                request.method,
                # The bytes of the path and the query are ours (or Twilio's own): never quoted again.
                yarl.URL(url, encoded=True),
                data=request.form,
                headers=_FORM if request.form is not None else None,
                allow_redirects=False,
            ) as answer:
                body = await _read(answer)
                return _response(request, url, answer, body)
        except TimeoutError as error:
            message = f"no answer within {self._options.timeout:g} s"
            sent = not isinstance(error, _NEVER_SENT)
            raise APITimeoutError(message, method=request.method, url=url, maybe_processed=sent) from error
        except aiohttp.ClientError as error:
            sent = not isinstance(error, _NEVER_SENT)
            raise APIConnectionError(
                _describe(error), method=request.method, url=url, maybe_processed=sent
            ) from None

    async def close(self) -> None:
        """Close every connection; a closed transport stays closed."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    def leave(self, loop: asyncio.AbstractEventLoop) -> object:
        """Forget the connections opened in `loop` without touching them: a fork's child shares the sockets.

        Returns:
            What the caller must keep from being finalised, for a finaliser would close it.
        """
        if self._loop is not loop:
            return None
        session, self._session, self._loop = self._session, None, None
        return session

    def _bound_session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        if self._session is None:
            self._session, self._loop = self._open(), loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this client belongs to another event loop; make one client per loop, or use the sync Client"
            )
        return self._session

    def _open(self) -> aiohttp.ClientSession:
        options = self._options
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=options.timeout),
            headers={
                "Authorization": aiohttp.encode_basic_auth(options.username, options.password.reveal()),
                "Accept": "application/json",
                "User-Agent": f"twilio-sessions/{__version__} Python/{platform.python_version()}",
            },
            # Twilio sets none that matter, and a shared jar is state that nobody asked for.
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        # aiohttp would send an idempotent request a second time after a disconnect, unseen by anybody;
        # it has no public switch for that (aiohttp issue 10790).
        session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return session


_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Read the decoded body, but not more than is believable: a gzip bomb stops here."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        if size > LARGEST_BODY:
            answer.close()
            break
        chunks.append(chunk)
    if size > LARGEST_BODY:
        raise _response_head(answer).invalid(f"the body is larger than {LARGEST_BODY} bytes")
    return b"".join(chunks)


def _response_head(answer: aiohttp.ClientResponse) -> Response:
    return Response(
        method=answer.method,
        url=str(answer.url),
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=b"",
    )


def _response(request: Request, url: str, answer: aiohttp.ClientResponse, body: bytes) -> Response:
    return Response(
        method=request.method,
        url=url,
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=body,
    )


def _describe(error: aiohttp.ClientError) -> str:
    """Say what broke in words that hold no header: aiohttp's own repr shows the Authorization."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"the server's answer is not HTTP ({error.message})"
    text = str(error) if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ClientPayloadError) else ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

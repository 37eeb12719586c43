"""What is said when no answer arrives: to where, what happened, and what to look at; no secrets."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import trustme
from canary import SECRET
from raw_server import Answer, http, raw_server

from twilio_sessions import APICertificateError, APIConnectionError, AsyncClient

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

KS = "KS" + "1" * 32
PASSWORD = "open-sesame"
REFUSED = "http://127.0.0.1:9"


async def said(url: str, **options: Any) -> str:
    """Return what an exchange says that does not come about."""
    async with AsyncClient("AC" + "0" * 32, SECRET, proxy_url=url, max_attempts=1, **options) as client:
        with pytest.raises(APIConnectionError) as caught:
            async for _ in client.proxy.v1.services.list(limit=1):
                pass
    text, where, _ = str(caught.value).partition(" [GET ")
    assert where
    for hidden in (SECRET, PASSWORD, "PageSize", "Connect call failed", "ClientConnector"):
        assert hidden not in text
    return text


@asynccontextmanager
async def tls_server(name: str) -> AsyncGenerator[tuple[int, trustme.CA]]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    # A handshake that the client breaks off is what this is about, not a mistake of the server.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    ) as tls:
        yield tls.sockets[0].getsockname()[1], authority


async def test_a_connection_that_is_refused():
    assert await said(REFUSED) == (
        "cannot connect to 127.0.0.1:9: refused; check the network, the address (edge and region, or "
        "proxy_url and assistants_url), and trust_env=True behind an HTTP proxy"
    )


async def test_an_address_that_cannot_be_reached():
    # That of a broadcast, to which nothing connects, with or without a network.
    text = await said("http://255.255.255.255:9")
    assert re.match(r"cannot connect to 255\.255\.255\.255:9: [A-Z][a-z ]+; check the network", text)
    assert "Unknown error" not in text


async def test_an_address_of_the_sixth_version_has_brackets():
    assert (await said("http://[::1]:9")).startswith("cannot connect to [::1]:9: ")


async def test_a_name_that_is_not_found():
    text = await said("https://nobody.invalid")
    assert text.startswith("cannot connect to nobody.invalid:443: name not found (")
    assert "edge and region" in text


async def test_a_certificate_that_is_not_trusted():
    async with tls_server("127.0.0.1") as (port, _):
        text = await said(f"https://127.0.0.1:{port}")
    assert text == (
        f"the certificate of 127.0.0.1:{port} is not trusted: unable to get local issuer certificate; "
        "check the address, this machine's clock, and what is trusted (tls=)"
    )


async def test_a_certificate_of_somebody_else():
    async with tls_server("elsewhere.example") as (port, authority):
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        text = await said(f"https://127.0.0.1:{port}", tls=trusting)
    assert "is not trusted: IP address mismatch, certificate is not valid for '127.0.0.1'; check" in text


async def test_a_fingerprint_that_is_another():
    async with tls_server("127.0.0.1") as (port, _):
        connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(b"\0" * 32))
        with pytest.raises(
            APICertificateError, match=f"certificate of 127.0.0.1:{port} is not the one whose"
        ):
            async with AsyncClient(
                "AC" + "0" * 32, SECRET, proxy_url=f"https://127.0.0.1:{port}", connector=connector
            ) as client:
                await client.proxy.v1.services(KS).fetch()
        await connector.close()


async def test_a_server_that_speaks_no_tls():
    def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(http(400, b""))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as plain:
        port = plain.sockets[0].getsockname()[1]
        text = await said(f"https://127.0.0.1:{port}")
    assert text.startswith(f"no TLS with 127.0.0.1:{port}: ")
    assert text.endswith("; perhaps it speaks http only")


async def test_a_proxy_that_is_not_there():
    text = await said("https://nobody.invalid", http_proxy=f"http://me:{PASSWORD}@127.0.0.1:9")
    assert text == (
        "cannot connect to the HTTP proxy 127.0.0.1:9: refused; check http_proxy, or with trust_env the "
        "variables HTTPS_PROXY and HTTP_PROXY"
    )


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.close()


async def stop_short(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (hang_up, "the server closed the connection without an answer"),
        (reset, "the connection broke (Connection reset by peer)"),
        (stop_short, "the server's answer ended too early ("),
        (b"HELLO\r\n\r\n", "the server's answer is not HTTP ("),
    ],
    ids=["hang up", "reset", "short body", "not HTTP"],
)
async def test_an_answer_that_does_not_come(answer: Answer, words: str):
    async with raw_server(answer) as server:
        assert (await said(server.url)).startswith(words)

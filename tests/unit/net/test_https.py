"""A document by HTTPS: what counts as one."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from postroom.net.https import NotFetched, Web
from postroom.proto.http.client import Request

ASKED = Request("mx.test", "/", 100)


class Loopback:
    """A resolver: everything is here."""

    records = ("127.0.0.1",)
    rcode = "NOERROR"

    async def addresses(self, _name: str) -> Any:
        return self


@pytest.fixture
async def web(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> AsyncIterator[Callable[..., "asyncio.Future[Web]"]]:
    """Starts a server that answers with these octets, and ends as told."""
    servers: list[asyncio.Server] = []

    async def start(octets: bytes, end: Callable[[asyncio.StreamWriter], None]) -> Web:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(octets)
            await writer.drain()
            await asyncio.sleep(0.05)
            end(writer)

        servers.append(await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_tls))
        port = servers[-1].sockets[0].getsockname()[1]
        zone: Any = Loopback()
        return Web(zone, lambda: client_tls, lambda _: port, seconds=5.0)

    yield start  # type: ignore[misc]
    for server in servers:
        server.close()


def close(writer: asyncio.StreamWriter) -> None:
    """With close_notify."""
    writer.close()


def cut(writer: asyncio.StreamWriter) -> None:
    """As who stands on the way can."""
    writer.transport.abort()


async def test_a_document_without_a_length_ends_with_tls(web: Any) -> None:
    octets = b"HTTP/1.1 200 OK\r\n\r\nmax_age: 604800"
    assert (await (await web(octets, close)).ask(ASKED)).body == b"max_age: 604800"
    with pytest.raises(NotFetched, match="ended within the response"):
        await (await web(octets[:-5], cut)).ask(ASKED)


async def test_a_document_with_its_length_is_whole_however_it_ends(web: Any) -> None:
    asking = await web(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", cut)
    assert (await asking.ask(ASKED)).body == b"body"

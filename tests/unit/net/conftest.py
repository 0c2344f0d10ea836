"""Servers and clients over real loopback sockets, on both event loops."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
import uvloop

from postroom.net.pump import Pump
from trust import authority, both_tls, client_tls, server_tls
from unit.net.lines import Service

__all__ = ["authority", "both_tls", "client_tls", "server_tls"]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each test with a loop runs on both."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class Streams:
    """A client that reads and writes by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def line(self) -> bytes:
        """The next line; b"" at the end."""
        return await asyncio.wait_for(self.reader.readline(), 60)

    async def lines(self, count: int) -> list[bytes]:
        return [await self.line() for _ in range(count)]

    async def say(self, data: bytes) -> bytes:
        """Sends a line and reads one."""
        self.send(data + b"\n")
        return await self.line()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        await self.writer.start_tls(context, server_hostname="mx.test")

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 60)

    def reset(self) -> None:
        """Goes away with RST, so that the other side learns it at once and not by the next write."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def close(self) -> None:
        self.writer.close()
        with suppress(AttributeError):  # of one over TLS that has gone already; CPython's, mended in 3.11.5
            self.writer.transport.abort()
        with suppress(OSError, ssl.SSLError):
            await self.writer.wait_closed()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Service], "asyncio.Future[int]"]]:
    """Starts a service on a free port; everything is stopped at the end."""
    servers: list[asyncio.Server] = []
    services: list[Service] = []

    async def start(service: Service) -> int:
        endpoint = service.endpoint()
        server = await asyncio.get_running_loop().create_server(lambda: Pump(endpoint), "127.0.0.1", 0)
        servers.append(server)
        services.append(service)
        return int(server.sockets[0].getsockname()[1])

    yield start  # type: ignore[misc]
    for server in servers:
        server.close()
    for service in services:
        await service.connections.drain(0)
    await asyncio.sleep(0)


@pytest.fixture
async def dial() -> AsyncIterator[Callable[..., "asyncio.Future[Streams]"]]:
    """Connects by hand; everything is closed at the end."""
    opened: list[Streams] = []

    async def connect(port: int, tls: ssl.SSLContext | None = None) -> Streams:
        name = "mx.test" if tls else None
        opened.append(
            Streams(*await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name))
        )
        return opened[-1]

    yield connect  # type: ignore[misc]
    for streams in opened:
        await streams.close()

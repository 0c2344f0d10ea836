"""A server at the far end of a slow line: it says what it says in small pieces, and reads as slowly."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

PIECE = 1 << 20
PAUSE = 0.15  # seconds after each piece

Talk = Callable[["SlowLine"], Awaitable[None]]


class SlowLine:
    """The server's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def says(self, *lines: str) -> None:
        """Each line answers one of the client's; the first may be a greeting, before any."""
        for line in lines:
            self._writer.write(line.encode() + b"\r\n")
            await self._reader.readline()

    async def trickles(self, octets: bytes, pieces: int) -> None:
        """Says them, slowly."""
        step = -(-len(octets) // pieces)
        for at in range(0, len(octets), step):
            self._writer.write(octets[at : at + step])
            await asyncio.sleep(PAUSE)

    async def sips(self, octets: int) -> None:
        """Reads so many, slowly."""
        while octets > 0:
            octets -= len(await self._reader.readexactly(min(PIECE, octets)))
            await asyncio.sleep(PAUSE)


@asynccontextmanager
async def slow_line(talk: Talk) -> AsyncIterator[int]:
    """The port at which one client is talked to."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(SlowLine(reader, writer))
        finally:
            writer.close()

    server = await asyncio.start_server(serve, sock=listening)
    async with server:
        yield listening.getsockname()[1]

"""A server that says its lines one after the other, whatever it hears, and then hangs up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress


class Heard:
    """What the client said, and the port of the server."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.port = 0


@asynccontextmanager
async def scripted(lines: Sequence[str]) -> AsyncIterator[Heard]:
    """The first line is the greeting; each further one answers a line of the client's. "" ends the connection."""
    heard = Heard()

    open_ones: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones.append(writer)
        for line in lines:
            if not line:
                break
            writer.write(line.encode() + b"\r\n")
            said = await reader.readline()
            if not said:
                break
            heard.lines.append(said.decode("utf-8", "replace").strip())
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    heard.port = server.sockets[0].getsockname()[1]
    try:
        yield heard
    finally:
        server.close()
        for writer in open_ones:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        await server.wait_closed()

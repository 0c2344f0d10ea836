"""An IMAP session on asyncio, small enough that one process has thousands of them (RFC 9051; literals as of RFC 7888).

It finds where an answer ends and keeps no more than the end of it. Not here: what is asked (`imap_plans`, `imap_clients`); the session on a
blocking socket that one client alone has (`imap_load`).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Final, Self, cast

from bench.processes import BenchError
from bench.sockets import LOOPBACK
from bench.systems import PASSWORD

KEPT: Final = 1 << 14  # octets of the end of an answer
END: Final = b"\r\n"


class ImapSession(asyncio.Protocol):
    """Made by `opened`. One command at a time; raises `BenchError` when the server refuses or goes."""

    def __init__(self) -> None:
        self.came = 0  # octets, of all answers
        self._transport: asyncio.WriteTransport | None = None
        self._tail = b""
        self._wanted = b"* OK"
        self._waiter: asyncio.Future[bytes] | None = None
        self._number = 0

    @classmethod
    async def opened(cls, port: int, tls: ssl.SSLContext | None) -> Self:
        """A session that was greeted."""
        loop = asyncio.get_running_loop()
        _, session = await loop.create_connection(cls, LOOPBACK, port, ssl=tls)
        await session.greeted()
        return session

    async def greeted(self) -> None:
        """Waits for the server's first line."""
        await self._line(b"* OK")

    async def log_in(self, name: str) -> None:
        """With the password of all."""
        await self.command(f"LOGIN {name} {PASSWORD}")

    async def select(self) -> int:
        """Selects the INBOX; gives the number of its messages."""
        return exists(await self.command("SELECT INBOX"))

    async def command(self, words: str | bytes) -> bytes:
        """Gives the end of the answer, up to `KEPT` octets of it."""
        self._number += 1
        tag = b"C%d " % self._number
        self._say(tag + (words.encode() if isinstance(words, str) else words) + END)
        return await self._tagged(tag)

    async def idle(self) -> None:
        """Begins IDLE (RFC 2177); returns when the server listens."""
        self._number += 1
        self._say(b"C%d IDLE\r\n" % self._number)
        await self._line(b"+")

    async def done(self) -> None:
        """Ends IDLE."""
        self._say(b"DONE\r\n")
        await self._tagged(b"C%d " % self._number)

    def close(self) -> None:
        """Ends the connection without a word."""
        if self._transport:
            self._transport.close()

    async def _tagged(self, tag: bytes) -> bytes:
        text = await self._line(tag)
        line = line_of(text, tag) or b""
        if not line.startswith(tag + b"OK"):
            raise BenchError(f"the server said {line[:200]!r}")
        return text

    async def _line(self, wanted: bytes) -> bytes:
        """Waits for a line that begins so."""
        self._wanted = wanted
        if line_of(self._tail, wanted) is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._tail

    def _say(self, octets: bytes) -> None:
        assert self._transport is not None
        self._tail = b""
        self._transport.write(octets)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self.came += len(data)
        self._tail = (self._tail + data)[-KEPT:] if len(data) < KEPT else data[-KEPT:]
        waiter = self._waiter
        if waiter and not waiter.done() and line_of(self._tail, self._wanted) is not None:
            waiter.set_result(b"")

    def connection_lost(self, error: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(BenchError(f"the server closed the connection: {error}"))


def line_of(text: bytes, start: bytes) -> bytes | None:
    """The last whole line that begins so, without its end."""
    at = text.rfind(END + start) + len(END)
    if at < len(END):
        if not text.startswith(start):
            return None
        at = 0
    end = text.find(END, at)
    return text[at:end] if end >= 0 else None


def exists(answer: bytes) -> int:
    """The number in `* 12 EXISTS`."""
    before, found, _ = answer.rpartition(b" EXISTS\r\n")
    if not found:
        raise BenchError(f"SELECT told no EXISTS: {answer[:200]!r}")
    return int(before.rpartition(b"* ")[2])

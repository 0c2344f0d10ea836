"""A next hop that answers by a table: for what no server should say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from postroom.proto.dns.answer import Mx
from sorting_office import SortingOffice

OK = b"250 2.0.0 Ok\r\n"


class OddHop:
    """Says to a verb what `answers` has for it, to the n-th RCPT what `rcpt(n)` gives, and takes `pause` seconds before it answers the final dot."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = answers
        self.rcpt: Callable[[int], bytes] = lambda _: answers.get("rcpt", OK)
        self.pause = 0.0
        self.taken = 0
        self.ended = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def serve(self, office: SortingOffice, domain: str = "r.test") -> None:
        """Listens, and is the mail server of the domain."""
        server = self._server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        office.zone.exchangers[domain] = [Mx(0, f"mx.{domain}")]
        office.zone.hosts[f"mx.{domain}"] = ["127.0.0.1"]
        office.ports["127.0.0.1"] = server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.add(asyncio.ensure_future(self._talk(reader, writer)))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.answers.get("greeting", b"220 r.test\r\n"))
        recipients = 0
        try:
            while line := await reader.readline():
                verb = line[:4].decode().strip().lower()
                recipients += verb == "rcpt"
                reply = self.rcpt(recipients) if verb == "rcpt" else self.answers.get(verb, OK)
                if verb == "data" and verb not in self.answers:
                    reply = await self._message(reader, writer)
                writer.write(reply)
        finally:
            self.ended.set()
            writer.close()

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"354 Go on\r\n")
        while await reader.readline() not in (b".\r\n", b""):
            pass
        await asyncio.sleep(self.pause)
        self.taken += 1
        return OK

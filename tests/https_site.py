"""A web server of somebody else's in a lab: HTTPS by a certificate of the lab's, at an address of its own; it keeps what it was asked, and answers as it is told."""

from __future__ import annotations

import asyncio
import ssl

from postroom.lab.dns.zones import ZoneText
from postroom.lab.laboratory import Laboratory


class HttpsSite:
    """`await site.open(lab, "news.list.test", "127.0.0.40")`; then `site.asked` has (head, body) of each request, and `status` is what it answers."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.asked: list[tuple[str, bytes]] = []
        self._server: asyncio.Server | None = None

    async def open(self, lab: Laboratory, host: str, ip: str) -> None:
        """The host is in the lab's DNS, and its address leads here."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for pair in lab.ca.issue([host], lab.clock.now(), kinds=("ecdsa",)):
            context.load_cert_chain(pair.chain, pair.key)
        self._server = await asyncio.start_server(self._serve, ip, 0, ssl=context)
        lab.showing.web_servers[ip] = self._server.sockets[0].getsockname()[1]
        label, _, origin = host.partition(".")
        lab.names.server.add(ZoneText(origin, (f"{label} A {ip}",)))

    async def close(self) -> None:
        """Ends it."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            lengths = [
                line.split(":")[1] for line in head.splitlines() if line.lower().startswith("content-length:")
            ]
            self.asked.append((head, await reader.readexactly(int(lengths[0])) if lengths else b""))
            writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        finally:
            writer.close()

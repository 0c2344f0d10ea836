"""The MTA-STS policies of a lab's domains, on a web server.

RFC 8461 §3.2 and §3.3 (the document, and where it is). Not here: the records (`lab.keys`), and who heeds them (`deliver.tls`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from postroom.app.dns.records import sts_policy
from postroom.net.certificates import Pair
from postroom.net.sockets import CannotListen
from postroom.proto.http.mta_sts import WELL_KNOWN

REQUEST_SECONDS = 10.0


def policy_of(mx: str) -> str:
    """A policy in force for one mail server."""
    return sts_policy([mx])


class PolicySite:
    """The web server of one domain, which has nothing but its policy."""

    def __init__(self, policy: str, pairs: Sequence[Pair]) -> None:
        self._policy = policy
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        for pair in pairs:
            self._context.load_cert_chain(pair.chain, pair.key)
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, ip: str) -> None:
        """Listens at any free port of an address. Raises `CannotListen`."""
        try:
            self._server = await asyncio.start_server(self._serve, ip, 0, ssl=self._context)
        except OSError as error:
            raise CannotListen(f"{ip} for the lab's MTA-STS policies: {error.strerror}") from error
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Ends it."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                request = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
                found = request[:2] == [b"GET", WELL_KNOWN.encode()]
                body = self._policy if found else "Nothing but a policy is here.\r\n"
                status = "200 OK" if found else "404 Not Found"
                head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                writer.write((head + body).encode())
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

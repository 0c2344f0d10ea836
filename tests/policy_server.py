"""A web server on loopback that answers each request with the same octets, over TLS with a certificate to order."""

from __future__ import annotations

import asyncio
import ssl

POLICY = "version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: {age}\n"


def policy(mode: str = "enforce", mx: str = "mail.r.test", age: int = 604_800) -> bytes:
    return POLICY.format(mode=mode, mx=mx, age=age).encode()


def response(body: bytes, status: str = "200 OK", media: str = "text/plain", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


class PolicyServer:
    """`says` is what it answers, `requests` what it was asked; with `silent` it says nothing."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.says = response(policy())
        self.requests: list[bytes] = []
        self.silent = False
        self.port = 0

    async def listen(self) -> PolicyServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append(await reader.readuntil(b"\r\n\r\n"))
            if self.silent:
                await reader.read()
            writer.write(self.says)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

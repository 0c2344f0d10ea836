"""A next hop on a loopback address: the SMTP machine behind a socket, which can be told to refuse, to cut and to be silent."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from postroom.net.tls.layer import TlsLayer
from postroom.proto.smtp.commands import StartTls
from postroom.proto.smtp.config import ServerConfig
from smtp_stage import Stage, config

Cut = Callable[[bytes], bool]


class NextHop:
    """`stages` are the connections so far. A connection is cut before it hears octets for which `cut_before` holds, and after it has heard
    those for which `cut_after` does, before anything is answered. `prepare` sees each new stage."""

    def __init__(self, settings: ServerConfig | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.settings = settings or config()
        self.tls = tls
        self.stages: list[Stage] = []
        self.prepare: Callable[[Stage], None] = lambda stage: None
        self.cut_before: Cut = lambda data: False
        self.cut_after: Cut = lambda data: False
        self.port = 0
        self.ip = ""

    async def listen(self, ip: str = "127.0.0.1", port: int = 0, *, wrapped: bool = False) -> NextHop:
        """`wrapped`: it speaks TLS from the first octet on."""
        context = self.tls if wrapped else None
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Peer(self), ip, port, ssl=context
        )
        self.ip, self.port = ip, self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        self._server.close()

    @property
    def letters(self) -> list[bytes]:
        return [content for stage in self.stages for _, content in stage.letters]

    @property
    def recipients(self) -> list[str]:
        return [
            str(recipient.address)
            for stage in self.stages
            for envelope, _ in stage.letters
            for recipient in envelope.recipients
        ]


class _Peer(asyncio.Protocol):
    def __init__(self, hop: NextHop) -> None:
        self._hop = hop
        self._layer: TlsLayer | None = None
        self._secure = False
        self._babbling = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._stage = Stage(self._hop.settings, greet=False)
        self._hop.stages.append(self._stage)
        self._hop.prepare(self._stage)
        if self._hop.cut_before(b""):
            transport.abort()
            return
        self._stage.machine.greet()
        transport.write(self._stage.machine.data_to_send())

    def data_received(self, data: bytes) -> None:
        if self._layer is not None:
            data = self._unwrapped(self._layer, data)
            if not data:
                return
        if self._hop.cut_before(data):
            self._transport.abort()
            return
        reply = self._stage.hear(data).encode()
        if self._hop.cut_after(data):
            self._transport.abort()
            return
        self._say(reply)
        events = self._stage.events
        agreed = bool(events) and isinstance(events[-1], StartTls) and reply.startswith(b"220")
        if (agreed or self._babbling) and self._layer is None:
            if self._hop.tls is None:
                self._babbling = True
                self._transport.write(b"this is no TLS\r\n")
            else:
                self._layer = TlsLayer(self._hop.tls, server_side=True, server_name="")
        if self._stage.machine.closing:
            self._transport.close()

    def _unwrapped(self, layer: TlsLayer, data: bytes) -> bytes:
        plain = layer.receive(data)
        if layer.facts is not None and not self._secure:
            self._secure = True
            self._stage.machine.tls_started()
        self._transport.write(layer.data_to_send())
        return plain

    def _say(self, reply: bytes) -> None:
        if self._layer is not None:
            self._layer.send(reply)
            reply = self._layer.data_to_send()
        self._transport.write(reply)

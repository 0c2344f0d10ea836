"""A connection's octets: an asyncio transport, TLS below the protocol when it is on, back-pressure, and an orderly end.

What a machine sees are plain octets only; what it says leaves as one write. RFC 3207 §6: from the moment TLS is switched on, nothing
that came before reaches the machine, and nothing goes to it until the handshake is done. `Pump` (servers) and `ClientConnection` build
on it. Not here: who decides what to say.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from typing import Any, cast

from postroom.net.session import Peer, TlsFacts
from postroom.net.tls.layer import SLICE, TlsError, TlsLayer

_UCRED = struct.Struct("3i")  # pid, uid, gid: SO_PEERCRED, unix(7)


class Link(asyncio.Protocol):
    """One end of one connection. A subclass says what becomes of octets (`take`), of a handshake (`secured`), of the end (`ended`, `lost`)."""

    __slots__ = (
        "_layer",
        "_reading",
        "_transport",
        "_unsent",
        "_waiters",
        "blocked",
        "bytes_in",
        "closing",
        "eof",
        "handshaking",
        "local",
        "parting",
        "peer",
        "tls",
        "told",
    )

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None  # None before the connection and after its end
        self._layer: TlsLayer | None = None
        self._reading = True
        self._unsent = 0
        self._waiters: tuple[asyncio.Future[None], ...] = ()
        self.blocked = False  # the peer does not read what we send: the transport's buffer is over its mark
        self.handshaking = False  # TLS is switched on and not yet agreed on: nothing may be sent
        self.eof = False
        self.closing = False  # `hang_up` was called: what still comes is dropped
        self.parting = False  # the peer will say nothing more, as far as its protocol goes
        self.bytes_in = 0
        self.tls: TlsFacts | None = None
        self.told: tuple[Peer, Peer] | None = None  # the far and the near end as a proxy tells them

    # What a subclass does

    def take(self, data: bytes) -> None:
        """Plain octets came."""

    def secured(self, facts: TlsFacts) -> None:
        """The handshake is done."""

    def ended(self) -> None:
        """The peer will send no more (`eof` is set); it may still read."""

    def broken_tls(self, error: TlsError) -> None:
        """A handshake or a record failed; the alert is on its way, and nothing else can be sent."""

    def lost(self, reason: str) -> None:
        """The connection is gone. Called once."""

    # What a subclass may do

    def send(self, data: bytes) -> None:
        """Sends plain octets, through TLS when that is on."""
        transport, layer = self._transport, self._layer
        if transport is None or self.closing:
            return
        if layer is None:
            transport.write(data)
            return
        view = memoryview(data)
        try:
            for at in range(0, len(data), SLICE):
                layer.send(view[at : at + SLICE])
                transport.write(layer.data_to_send())
        except TlsError:
            self.abort()

    def switch_tls_on(self, context: ssl.SSLContext, *, server_side: bool, server_name: str = "") -> None:
        """From here on TLS; what was sent before is still sent in the clear."""
        self.tls = None
        self.handshaking = True
        self._layer = TlsLayer(context, server_side=server_side, server_name=server_name)
        if not server_side:
            self._layer.begin()
            self._flush()

    def binding(self, kind: str) -> bytes:
        """Data to bind a login to this connection (RFC 5056 §2), b"" where there is none of the kind."""
        return self._layer.binding(kind) if self._layer is not None else b""

    def read(self, on: bool) -> None:  # noqa: FBT001 -- a switch
        """Stops and resumes reading; the peer then feels the back-pressure of TCP."""
        if on is not self._reading and self._transport is not None:
            self._reading = on
            if on:
                self._transport.resume_reading()
            else:
                self._transport.pause_reading()

    def peer_chain(self) -> list[bytes]:
        """The certificates that the peer showed in the handshake, its own first, in DER; [] without TLS."""
        return self._layer.chain() if self._layer is not None and self.tls is not None else []

    async def writable(self) -> None:
        """Waits while the peer does not read; raises ConnectionError when it is gone."""
        if self._transport is None:
            raise ConnectionResetError("the connection is gone")
        if self.blocked:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters = (*self._waiters, waiter)
            await waiter

    def draining(self) -> bool:
        """Whether less waits to leave than at the last call."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size() if self._transport else 0
        return self._unsent < before

    def hang_up(self) -> None:
        """Closes after everything that was sent has left.

        When the peer may still be sending, our side alone is closed and the rest is read and dropped until the peer closes too: TCP would
        else answer it with a reset, and a reset takes the last words away from a peer that has not read them yet. After QUIT it sends nothing
        (but the end of its TLS).
        """
        transport, layer = self._transport, self._layer
        if transport is None or self.closing:
            return
        self.closing = True
        if layer is not None and self.tls is not None:
            layer.end()
            self._flush()
        if self.eof or (self.parting and layer is None):
            transport.close()
        else:
            self.read(True)
            try:
                transport.write_eof()
            except OSError:  # the peer has reset it, and nobody has read that yet; uvloop does not raise
                transport.abort()

    def hand_over(self, successor: Link) -> None:
        """Gives the connection to another link; for this one it is lost."""
        transport, layer = self._transport, self._layer
        if transport is not None:
            successor._transport, successor._layer = transport, layer
            successor.peer, successor.local, successor.tls = self.peer, self.local, self.tls
            transport.set_protocol(successor)
            self.read(True)
        else:
            successor.connection_lost(None)
        self.connection_lost(None)

    def abort(self) -> None:
        """Closes at once; what has not left is lost."""
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Learns who is there."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self.peer, self.local = self.told or ends(self._transport)

    def data_received(self, data: bytes) -> None:
        """Hands octets on, or TLS records to the layer."""
        self.bytes_in += len(data)
        if self.closing:
            return
        if self._layer is None:
            self.take(data)
        else:
            self._take_records(self._layer, data)

    def eof_received(self) -> bool:
        """Keeps the way out open: a client may close its side after the last command and still wait for replies."""
        if not self.eof:
            self.eof = True
            if not self.closing:
                self.ended()
            elif self._transport is not None:
                self._transport.close()
        return True

    def pause_writing(self) -> None:
        """The transport's buffer is over its high-water mark."""
        self.blocked = True

    def resume_writing(self) -> None:
        """It is below the low-water mark again."""
        self.blocked = False
        self._release(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The transport is gone."""
        self._transport = None
        self._layer = None
        self._release(ConnectionResetError("the connection is gone"))
        self.lost(str(error) if error else "")
        self.eof = True

    def _take_records(self, layer: TlsLayer, data: bytes) -> None:
        try:
            plain = layer.receive(data)
        except TlsError as error:
            self._flush()
            self.broken_tls(error)
            return
        if self.tls is None:
            self.tls = layer.facts
            if self.tls is None:
                self._flush()
                return
            self.handshaking = False
            self.secured(self.tls)
        if plain:
            self.take(plain)
        self._flush()
        if layer.ended and not self.eof:
            self.eof_received()

    def _release(self, error: Exception | None) -> None:
        waiters, self._waiters = self._waiters, ()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None) if error is None else waiter.set_exception(error)

    def _flush(self) -> None:
        if self._layer is not None and self._transport is not None:
            data = self._layer.data_to_send()
            if data:
                self._transport.write(data)


def ends(transport: asyncio.Transport) -> tuple[Peer, Peer]:
    """The far and the near end of a connection."""
    far, near = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    return _end(far, transport), _end(near, None)


def _end(name: Any, far: asyncio.Transport | None) -> Peer:
    if isinstance(name, tuple):
        ip = str(name[0]).partition("%")[0]
        return Peer(ip.removeprefix("::ffff:") if "." in ip else ip, int(name[1]))
    if far is None:
        return Peer("")
    sock = far.get_extra_info("socket")
    if sock is None or sock.family != socket.AF_UNIX:
        return Peer("0.0.0.0")  # noqa: S104 -- already gone; nobody is trusted for having no address
    return Peer("", 0, _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1])

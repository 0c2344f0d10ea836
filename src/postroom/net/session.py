"""What the pump and a protocol session promise each other.

The pump owns the socket, TLS and the timeouts; the session owns a pure machine and decides. Not here: any protocol, any socket.
"""

from __future__ import annotations

import ssl
from typing import Any, Protocol

import msgspec

from postroom.wire.machine import Machine


class Peer(msgspec.Struct, frozen=True):
    """One end of a connection: an address (IPv4-mapped IPv6 written as IPv4; "" for a Unix socket) and a port.

    `uid` is the user at the other end of a Unix socket, as the kernel says; -1 where it cannot know.
    """

    ip: str
    port: int = 0
    uid: int = -1

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine."""
        return self.ip in ("::1", "") or self.ip.startswith("127.")


class TlsFacts(msgspec.Struct, frozen=True):
    """What the handshake agreed on. `subject` is the peer's certificate name, "" when it showed none; `verified` whether it was checked."""

    version: str
    cipher: str
    bits: int
    server_name: str = ""
    alpn: str = ""
    subject: str = ""
    verified: bool = False
    certificate: bytes = b""  # a client's, as it was shown to us (DER)
    bindable: bool = False  # logins can be bound to the connection


class Connection(Protocol):
    """What a session may know of and ask from its connection."""

    peer: Peer
    local: Peer
    tls: TlsFacts | None
    bytes_in: int  # octets that came over the wire so far, TLS records included
    opened_at: float  # on the clock of `quiet_since`
    quiet_since: float  # monotonic seconds: when the last event was answered, or anything was sent
    heard_at: float  # likewise: when octets were last seen to have come, to a second
    eof: bool  # the peer says nothing more: it has closed its side, or is gone
    parting: bool  # set by the session when the peer has taken its leave (QUIT): it will say nothing more

    def start_tls(self, context: ssl.SSLContext) -> None:
        """Sends the reply that is queued, then does a TLS handshake as the server, then calls `session.secured`."""

    def binding(self, kind: str) -> bytes:
        """Data to bind a login to this TLS connection (RFC 5056 §2): by the name of the binding, b"" where there is none."""

    def wake(self) -> None:
        """The session has queued bytes in its machine outside of an event (a push): send them."""

    async def drained(self) -> None:
        """Sends what is queued and waits (without suspending when it need not) until the peer has read most of it.

        Raises ConnectionError when the peer is gone.
        """

    def close(self, reason: str) -> None:
        """Sends what is queued and closes."""

    def dismiss(self) -> None:
        """Ends the conversation as soon as nothing of it is running: `session.dismissed` has the last word."""


class Session(Protocol):
    """One protocol's conversation over one connection, from the server's side."""

    @property
    def machine(self) -> Machine[Any]:
        """What the pump feeds; one and the same from the beginning to the end."""

    def opened(self, connection: Connection) -> None:
        """The connection stands; the greeting may be queued in the machine."""

    async def handle(self, event: Any) -> None:
        """Answers one event of the machine; when it returns, the machine has its reply."""

    def secured(self, facts: TlsFacts) -> None:
        """The handshake that `start_tls` asked for is done."""

    def overdue(self) -> None:
        """The peer was silent for longer than `deadline()`: queue a last word; the pump then closes."""

    def failed(self) -> None:
        """A handler raised: queue a last word (`421 4.3.0`); the pump then closes."""

    def dismissed(self) -> None:
        """The service stops: queue a last word (`421 4.3.2`) and close, now or at the end of what has begun."""

    def closed(self, reason: str) -> None:
        """Called exactly once, never while `handle` runs; nothing is sent after it."""

    def deadline(self) -> float:
        """Seconds of silence that are allowed in the machine's present state."""

"""The journey of a message: typed events, gathered hop by hop and packed into one compact row each.

A hop is what one part of the system did to a message in one go: took it in over a connection, filed it, tried to relay it, gave it to a
reader. Its events carry facts, not prose; `message.journey.timeline` turns them into lines for people. Dialogue lines hold RFC 5321 and RFC 1939
commands and replies as they went over the wire, with secrets masked before they get here. Not here: where rows are kept.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

READ_TOGETHER: Final = (
    20  # messages that somebody reads at once; a program that fetches or marks more reads none of them
)


class HopKind(enum.StrEnum):
    """What kind of step a hop is."""

    RECEIVED = "received"
    FILED = "filed"
    RELAY = "relay"
    QUEUE = "queue"
    REPORT = "report"
    READ = "read"
    DELETED = "deleted"


class Event(msgspec.Struct, frozen=True, tag_field="k", array_like=True):
    """The base: `at` is milliseconds since the hop began."""

    at: int


class Connected(Event, frozen=True, tag="conn"):
    """A connection of ours or to us; `protocol` as in the WITH clause of RFC 5321 §4.4 (smtp, esmtps, lmtp, pop3 ...) or socket, local."""

    protocol: str
    peer: str
    local: str
    name: str = ""


class Secured(Event, frozen=True, tag="tls"):
    """A TLS handshake succeeded. Of the peer's certificate: whose it is, whether that is proven, who issued it, its last day, and the SHA-256 of
    its public key (what a TLSA record 3 1 1 holds)."""

    version: str
    cipher: str
    server_name: str = ""
    subject: str = ""
    verified: bool = False
    issuer: str = ""
    until: str = ""
    key: str = ""


class Authenticated(Event, frozen=True, tag="auth"):
    """The client logged in."""

    user: str
    mechanism: str


class Said(Event, frozen=True, tag="said"):
    """Lines of the dialogue in their order: `<` or `>` first (to us, from us), then the line without its CRLF."""

    lines: list[bytes]
    tls: bool = False


class Accepted(Event, frozen=True, tag="accept"):
    """The message was taken: the envelope as it was understood; `sender` "" is the null reverse-path."""

    sender: str
    recipients: list[str]
    size: int


class Stamped(Event, frozen=True, tag="stamp"):
    """A header field that this hop added."""

    field: str


class Routed(Event, frozen=True, tag="route"):
    """Where recipient number `rcpt` goes and why: local, alias, list, remote, refused."""

    rcpt: int
    address: str
    way: str
    target: str = ""


class Asked(Event, frozen=True, tag="dns"):
    """A DNS question and what came back; `rcode` in words (NOERROR, NXDOMAIN, SERVFAIL, TIMEOUT)."""

    name: str
    kind: str
    rcode: str
    answers: list[str]
    authenticated: bool = False


class Decided(Event, frozen=True, tag="decide"):
    """A verdict or a choice with what it was based on, e.g. ("next hop", "mail.hamburger.test", "MX 10")."""

    what: str
    result: str
    because: str = ""


class Outcome(Event, frozen=True, tag="outcome"):
    """What came of recipient number `rcpt`: filed, relayed, delayed, failed, refused; `status` is the enhanced code."""

    rcpt: int
    address: str
    result: str
    status: str = ""
    text: str = ""
    where: str = ""


class Handled(Event, frozen=True, tag="handle"):
    """A reader or an administrator did something: retrieved, deleted, held, released, retried."""

    action: str
    actor: str
    where: str = ""


JourneyEvent = (
    Connected
    | Secured
    | Authenticated
    | Said
    | Accepted
    | Stamped
    | Routed
    | Asked
    | Decided
    | Outcome
    | Handled
)
Record = Callable[[JourneyEvent], None]


class Hop:
    """Gathers the events of one hop. `started` is unix microseconds; `record` is the callback that rooms are given."""

    __slots__ = ("events", "kind", "started")

    def __init__(self, kind: HopKind, started: int, events: Iterable[JourneyEvent] = ()) -> None:
        self.kind = kind
        self.started = started
        self.events: list[JourneyEvent] = list(events)

    def record(self, event: JourneyEvent) -> None:
        """Adds one event."""
        self.events.append(event)

    def since(self, now: int) -> int:
        """Milliseconds from the hop's start to `now` (unix microseconds), never negative."""
        return max(0, (now - self.started) // 1000)

    def pack(self) -> bytes:
        """The row's bytes: started, kind and events in MessagePack."""
        return _encoder.encode((self.started, self.kind, self.events))

    @classmethod
    def unpack(cls, packed: bytes) -> Hop:
        """The inverse of `pack`; raises `msgspec.DecodeError` on foreign bytes."""
        started, kind, events = _decoder.decode(packed)
        return cls(HopKind(kind), started, events)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[int, str, list[JourneyEvent]])

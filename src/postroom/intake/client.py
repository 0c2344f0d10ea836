"""Who stands at a door, and what it has brought so far.

Values that a session fills and a door reads: the client's addresses, its greeting, its TLS and its login; the transaction with what the
door already found out. Not here: any decision.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import msgspec

from postroom.deliver.router import Resolved
from postroom.message.address import Address, fold
from postroom.message.envelope import Envelope
from postroom.message.errors import MailError
from postroom.message.headers.trace import Origin, received_from, with_protocol
from postroom.message.journey.events import Authenticated, Connected, Hop, HopKind, Secured
from postroom.net.session import Peer, TlsFacts

if TYPE_CHECKING:
    from postroom.intake.examiner import Host, Opening


class Account(msgspec.Struct, frozen=True):
    """The account that a client has logged in to; `mechanism` for the journey."""

    account_id: int
    address: str
    mechanism: str = ""


class Client(msgspec.Struct):
    """One connection's other end. `reverse` is its name in the DNS, "" when unknown; `local_user` the login name of a user of this machine.

    `other_protocol` names what it speaks where that is no protocol of mail: JMAP.
    `host` is what is being found out about it under its present greeting, once that was begun.
    """

    peer: Peer
    local: Peer
    lmtp: bool = False
    helo: str = ""
    esmtp: bool = False
    tls: TlsFacts | None = None
    login: Account | None = None
    reverse: str = ""
    local_user: str = ""
    other_protocol: str = ""
    received_start: str = ""
    host: Host | None = None

    def protocol(self, *, utf8: bool) -> str:
        """The name for Received's WITH clause and for the journey (RFC 3848); "" where no mail protocol was spoken."""
        if self.local_user or self.other_protocol:
            return ""
        return with_protocol(
            esmtp=self.esmtp, tls=self.tls is not None, auth=self.login is not None, utf8=utf8, lmtp=self.lmtp
        )

    def origin(self) -> str:
        """The first part of a Received field: the same for all messages until the client greets or logs in again."""
        if not self.received_start:
            tls = self.tls
            self.received_start = received_from(
                Origin(
                    helo=self.helo,
                    ip=self.peer.ip,
                    reverse=self.reverse,
                    tls_version=tls.version if tls else "",
                    tls_cipher=tls.cipher if tls else "",
                    tls_bits=tls.bits if tls else 0,
                    user=self.local_user or (self.login.address if self.login else ""),
                    local=bool(self.local_user),
                )
            )
        return self.received_start

    def hop(self, now: int) -> Hop:
        """The beginning of a message's journey: where it comes from, as far as that is known at MAIL."""
        peer, local, tls, login = self.peer, self.local, self.tls, self.login
        hop = Hop(HopKind.RECEIVED, now)
        ends = f"{peer.ip}:{peer.port}", f"{local.ip}:{local.port}"
        hop.record(Connected(0, self.protocol(utf8=False), *ends, self.helo))
        if tls is not None:
            hop.record(Secured(0, tls.version, tls.cipher, tls.server_name, tls.subject, tls.verified))
        if login is not None:
            hop.record(Authenticated(0, login.address, login.mechanism))
        return hop

    def complete(self, address: Address, home: str, refusal: type[MailError]) -> Address:
        """A bare name gets our domain `home`: from this machine and from who has logged in, and `postmaster` always (RFC 5321 §4.1.1.3).

        Raises `refusal` for others.
        """
        if address.domain:
            return address
        trusted = self.peer.is_loopback or self.login is not None
        if not trusted and fold(address.local) != "postmaster":
            raise refusal(f"{address.local} needs a domain: {address.local}@example.com")
        return Address(address.local, home)

    def changed(self) -> None:
        """Says that a part of `origin` is different now."""
        self.received_start = ""
        self.host = None


class Manner(enum.StrEnum):
    """How the message is to reach its recipients (RFC 821 §3.4): MAIL to the mailbox, SEND, SOML and SAML to open terminals too."""

    MAIL = "MAIL"
    SEND = "SEND"
    SOML = "SOML"
    SAML = "SAML"


class Incoming(msgspec.Struct):
    """A transaction at the door; replaced, never cleaned. `known` is what RCPT found out, by recipient number.

    `opening` are the checks of the sender that were begun at MAIL; `fields` stand above Received; `junk`: it goes into Junk; `vouched`: the door knows
    that one of ours is the author; `again`: it is sent once more as it is, whom it names is known to be right, and its topmost Resent-From says who does that.
    `quarantined` says why a filter wants it put aside; "" is for nobody.
    """

    envelope: Envelope
    hop: Hop
    manner: Manner = Manner.MAIL
    known: dict[int, Resolved | None] = {}
    opening: Opening | None = None
    fields: bytes = b""
    junk: bool = False
    vouched: bool = False
    again: bool = False
    quarantined: str = ""

"""What a server machine hands out beside the commands that ask for a decision (`commands`).

RFC 5321 §3.3 and §4.1.1.4 (the message), RFC 3030 §2, RFC 4954 §4. `BodyEnd` and `Authenticate` want a reply; the others are information, and
the next event may be asked for at once (`Asked` wants to be told something). Not here: the machine.
"""

from __future__ import annotations

import msgspec

from postroom.proto.sasl.exchange import Claim, Proof, Token, WhoIs
from postroom.proto.smtp.commands import Data, Etrn, Expn, Mail, Rcpt, StartTls, Turn, Vrfy, Xclient
from postroom.proto.smtp.reply import Reply


class Greeted(msgspec.Struct, frozen=True):
    """The client has said who it is; `esmtp` for EHLO and LHLO. Answered already."""

    name: str
    esmtp: bool


class BodyChunk(msgspec.Struct, frozen=True):
    """A piece of a body that is longer than `Limits.spill`; only the pieces together are a message. No reply."""

    data: bytes


class BodyEnd(msgspec.Struct, frozen=True):
    """The message is complete: `data` is what no `BodyChunk` brought (all of a small one), `size` the octets of the whole."""

    data: bytes
    size: int


class BodyRefused(msgspec.Struct, frozen=True):
    """A message that had begun to arrive comes to nothing; what was kept of it is to be thrown away. Answered already, with `reply`."""

    reply: Reply


class Authenticate(msgspec.Struct, frozen=True):
    """The client's claim at the end of an AUTH exchange: 235 accepts it."""

    credentials: Claim


class Asked(msgspec.Struct, frozen=True):
    """An AUTH exchange has to know something (`SmtpServer.tell`); a reply ends it."""

    about: WhoIs | Proof | Token


class Closed(msgspec.Struct, frozen=True):
    """The machine ends the connection, for a reason of the protocol."""

    reason: str


SmtpEvent = (
    Greeted
    | Mail
    | Rcpt
    | Data
    | BodyChunk
    | BodyEnd
    | BodyRefused
    | Vrfy
    | Expn
    | Etrn
    | Turn
    | StartTls
    | Authenticate
    | Xclient
    | Asked
    | Closed
)

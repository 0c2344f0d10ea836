"""What a client's machine is told to do, and what it tells.

RFC 5321 §4.2.5 (what a reply means for a recipient), §4.5.3.2 (how long to wait), RFC 2033 §5. Values only.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

import msgspec

from postroom.proto.sasl.exchange import Nonce, no_nonce
from postroom.proto.smtp.capabilities import Capabilities
from postroom.proto.smtp.reply import Reply


class TlsUse(enum.Enum):
    """Whether STARTTLS is said."""

    NEVER = "never"
    IF_OFFERED = "if offered"
    REQUIRED = "required"


class Account(msgspec.Struct, frozen=True):
    """The login at a smarthost or a submission service."""

    name: str
    password: str
    token: str = ""  # a bearer token, instead

    def __repr__(self) -> str:
        """Without the password."""
        return f"Account({self.name!r})"


class ClientConfig(msgspec.Struct, frozen=True):
    """`hostname` is what EHLO says; `now` gives unix microseconds; `implicit_tls`: the connection is encrypted from the beginning."""

    hostname: str
    now: Callable[[], int]
    lmtp: bool = False
    tls: TlsUse = TlsUse.IF_OFFERED
    implicit_tls: bool = False
    account: Account | None = None
    plaintext_auth: bool = False
    server: str = ""  # its name, for logins that prove whom they are meant for
    nonce: Nonce = no_nonce  # without one, logins that need it are not used
    certificate: bool = False  # TLS shows one of ours, which may say who we are


class Stage(enum.StrEnum):
    """What a reply answers. The value is what a report says of it."""

    GREETING = "greeting"
    EHLO = "EHLO"
    HELO = "HELO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    RSET = "RSET"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    CHUNK = "BDAT"
    END = "end of data"
    QUIT = "QUIT"
    IDLE = "waiting"


SECONDS: Mapping[Stage, float] = {  # how long to wait for it, RFC 5321 §4.5.3.2
    Stage.GREETING: 300.0,
    Stage.EHLO: 300.0,
    Stage.HELO: 300.0,
    Stage.STARTTLS: 120.0,
    Stage.AUTH: 120.0,
    Stage.RSET: 60.0,
    Stage.MAIL: 300.0,
    Stage.RCPT: 300.0,
    Stage.DATA: 120.0,
    Stage.CHUNK: 600.0,
    Stage.END: 600.0,
    Stage.QUIT: 10.0,
    Stage.IDLE: 300.0,
}
SENDING_SECONDS = 180.0  # for a piece of the message to go out, RFC 5321 §4.5.3.2.5


class Result(msgspec.Struct, frozen=True):
    """What came of one recipient. `said` is False when the reply is ours: the connection was lost, or the server made no sense."""

    reply: Reply
    stage: Stage
    said: bool = True


class Ready(msgspec.Struct, frozen=True):
    """The session stands: `send` a letter, or `quit`."""

    capabilities: Capabilities


class BeginTls(msgspec.Struct, frozen=True):
    """The server waits for the handshake: do it, then `tls_started()`."""


class Finished(msgspec.Struct, frozen=True):
    """The letter is done: one result for each recipient, in their order. `usable`: another letter may follow."""

    results: list[Result]
    usable: bool


class Unusable(msgspec.Struct, frozen=True):
    """There is no session, or no more; the machine is closing. `said` as in `Result`."""

    reply: Reply
    stage: Stage
    said: bool = True


ClientEvent = Ready | BeginTls | Finished | Unusable

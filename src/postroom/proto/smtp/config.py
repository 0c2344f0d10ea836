"""What a service is, what it offers and where its limits are.

RFC 5321 §4.5.3.1 (sizes that must be taken), §4.5.3.2.7 (how long a server waits). Values that a session is made with; a limit that needs the
DNS, an account or an address's history is not here.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from postroom.proto.sasl.mechanisms import PASSWORDS_ONLY, Supply


class Service(enum.Enum):
    """Which of the three the machine speaks for."""

    MX = "smtp"
    SUBMISSION = "submission"
    LMTP = "lmtp"


class Limits(msgspec.Struct, frozen=True):
    """Each bound of one connection. Octets, counts and seconds as the comments say."""

    command: int = (
        2048  # octets of a command line with CRLF; RFC 5321 §4.5.3.1.4 asks for 512 and more for parameters
    )
    auth: int = 12_288  # octets of a line of an AUTH exchange, RFC 4954 §4
    message: int = 50 * 1024 * 1024  # octets of a message; SIZE announces it
    recipients: int = 1000  # of one message, at least 100 by RFC 5321 §4.5.3.1.8; LIMITS announces it
    mails: int = 0  # MAIL commands of one connection, 0: no limit; LIMITS announces it
    errors: int = (
        20  # commands answered 5yz before the connection is closed, counted anew with each message taken
    )
    junk: int = 100  # commands that bring no message nearer, likewise
    logins: int = 3  # failed AUTH commands
    spill: int = 256 * 1024  # octets of a body that are kept together; a longer one is handed out in pieces
    hold: int = 30 * 86_400  # seconds into the future that FUTURERELEASE allows
    deliver_by: int = 0  # seconds, the shortest DELIVERBY time that can be met
    silence: float = 300.0  # seconds without a word from the client, RFC 5321 §4.5.3.2.7


class ServerConfig(msgspec.Struct, frozen=True):
    """One service. `now` gives unix microseconds; `withheld` names extensions that are not offered here although the machine has them."""

    hostname: str
    now: Callable[[], int]
    service: Service = Service.MX
    limits: Limits = Limits()
    greeting: str = "Postroom"
    starttls: bool = False
    tls_required: bool = False  # 530 to all but NOOP EHLO STARTTLS QUIT, RFC 3207 §4; never for a public MX
    mechanisms: tuple[str, ...] = ()  # of AUTH; () for none
    plaintext_auth: bool = False  # passwords without TLS too, for a lab
    sasl: Supply = PASSWORDS_ONLY  # what the mechanisms need
    auth_required: bool = False  # 530 to MAIL before AUTH, RFC 6409 §4.3
    unqualified_ok: bool = False  # local names without a domain, as local users type them
    etrn: bool = False
    turn: bool = False  # ATRN and TURN, after AUTH
    withheld: frozenset[str] = frozenset()

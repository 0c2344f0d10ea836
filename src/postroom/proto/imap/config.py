"""What an IMAP service offers, and the bounds of one session.

RFC 9051 §2.2.1, §5.5, RFC 7888 §4 and §5. Every bound on what a client may send stands here. Not here: times (`serve.imap`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from postroom.proto.sasl.mechanisms import PASSWORDS_ONLY, Supply

SEPARATOR: Final = "/"  # of the levels of a mailbox's name


class Limits(msgspec.Struct, frozen=True):
    """Octets, unless said otherwise."""

    line_before_login: int = 8_192  # of a line, and of a whole command with its literals
    line: int = 65_536  # of a line, its literals aside
    command: int = 1 << 20  # a whole command; messages of APPEND are not counted
    literals: int = 1_000  # of one command
    appended: int = 200 << 20  # all messages of one APPEND (RFC 3502)
    literal_minus: int = 4_096  # a non-synchronizing literal under LITERAL-, RFC 7888 §5
    discarded: int = (
        1 << 20
    )  # what follows a refused command in literals that are not waited for is read away up to this size, else the connection ends
    faults: int = 20  # commands in a row that are none, until the connection ends
    failed_logins: int = 3  # likewise
    queued: int = 262_144  # waiting to be sent, above which the next command waits


def _no_jmap() -> str:
    return ""


class ImapConfig(msgspec.Struct, frozen=True):
    """`plaintext`: passwords are taken without TLS too. `message` is the largest message, in octets.

    `message_limit`: messages that one command touches, 0 for all; `save_limit` those of one COPY or APPEND where there is no such limit (RFC 9738 §3).
    """

    host: str
    starttls: bool = False
    plaintext: bool = False
    mechanisms: tuple[str, ...] = ("PLAIN", "LOGIN")
    sasl: Supply = PASSWORDS_ONLY  # what the mechanisms need
    literal_minus: bool = False
    message: int = 50 << 20
    message_limit: int = 0
    save_limit: int = 1_000_000
    implementation: str = "Postroom"
    version: str = ""
    jmap: Callable[[], str] = (
        _no_jmap  # gives the URL of JMAP's Session resource for the same mail, "" for none
    )
    limits: Limits = Limits()

    @property
    def saved_at_once(self) -> int:
        """Messages of one COPY or APPEND."""
        return self.message_limit or self.save_limit

"""ANONYMOUS: the client does not say who it is, and leaves a trace if it likes.

RFC 4505 §2 (an address or up to 255 characters, or nothing), §3 (the profile "trace" of stringprep: what may not be in it). The server looks at it as
well, since it is written down. Not here: what who has no name may do.
"""

from __future__ import annotations

import stringprep
from typing import Final

from postroom.message.address import parse_mailbox
from postroom.proto.sasl.exchange import Anonymous, AsksNothing, Challenge, Login, SaslError, Terms, identity
from postroom.proto.sasl.saslprep import Unprepared, check_directions

MAX_TOKEN: Final = 255  # characters of a trace that is no address
MAX_ADDRESS: Final = 320  # octets of one that is
_PROHIBITED: Final = (  # RFC 4505 §3
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class AnonymousServer(AsksNothing):
    """RFC 4505 §2: `[ email / token ]`."""

    def __init__(self, terms: Terms) -> None:
        """It needs nothing of the terms."""

    def step(self, response: bytes | None) -> Challenge | Anonymous:
        """An empty challenge when there was no initial response, then the claim."""
        return Challenge(b"") if response is None else Anonymous("ANONYMOUS", trace(identity(response)))


class AnonymousClient:
    """The trace, once; nothing, where its user did not ask for one (RFC 4505 §5)."""

    complete = True

    def __init__(self, login: Login) -> None:
        self._message: bytes | None = trace(login.trace).encode()

    def step(self, challenge: bytes) -> bytes:
        """The one message."""
        message, self._message = self._message, None
        if message is None or challenge:
            raise SaslError("ANONYMOUS has one message")
        return message


def trace(text: str) -> str:
    """The same text; raises `SaslError` for one that is no trace."""
    if "@" in text:
        if len(text.encode()) > MAX_ADDRESS or parse_mailbox(text) is None:
            raise SaslError("with an @ in it, a trace is an address (RFC 4505 §2)")
    elif len(text) > MAX_TOKEN:
        raise SaslError(f"a trace has at most {MAX_TOKEN} characters (RFC 4505 §2)")
    for char in text:
        if any(prohibits(char) for prohibits in _PROHIBITED):
            raise SaslError(f"U+{ord(char):04X} may not be in a trace (RFC 4505 §3)")
    try:
        check_directions(text)
    except Unprepared as error:
        raise SaslError(str(error)) from None
    return text

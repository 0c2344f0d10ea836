"""What a SASL mechanism is, seen from the protocols that carry it.

RFC 4422 §3 (authentication exchange), RFC 4954 §4 and RFC 5034 §4 (how SMTP and POP3 carry one: base64 in lines, "=" for an empty initial
response, "*" to cancel). Not here: the mechanisms, and whether a password is right.
"""

from __future__ import annotations

import base64
import binascii
from typing import Protocol

import msgspec

MAX_RESPONSE = 12_288  # octets of base64 in one line, RFC 4954 §4


class SaslError(Exception):
    """What the peer sent is not what the mechanism prescribes. The words are for the log; a peer learns no more than "failed"."""


class EncodingError(SaslError):
    """It is not base64 (RFC 4954 §4: a 501 of its own)."""


class Challenge(msgspec.Struct, frozen=True):
    """What the server says next."""

    data: bytes


class Credentials(msgspec.Struct, frozen=True):
    """What the client claims to be; nothing is checked yet. `authzid` "" means the same identity as `authcid`."""

    mechanism: str
    authcid: str
    password: str
    authzid: str = ""

    def __repr__(self) -> str:
        """Without the password: a log or a traceback may show it."""
        return f"Credentials({self.mechanism!r}, {self.authcid!r}, authzid={self.authzid!r})"


class ServerExchange(Protocol):
    """The server's end: `step` takes the client's response (None at the start, when there was no initial response)."""

    def step(self, response: bytes | None) -> Challenge | Credentials:
        """What to send next, or the client's claim; raises `SaslError`."""


class ClientExchange(Protocol):
    """The client's end: `step` takes the server's challenge (b"" for an empty one, or for none before an initial response)."""

    def step(self, challenge: bytes) -> bytes:
        """The response; raises `SaslError` when the server asks for more than the mechanism has."""


def decode_base64(text: bytes) -> bytes:
    """RFC 4648 §4, to the letter: no foreign character, padding where it belongs and nowhere else; raises `EncodingError`."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise EncodingError("not base64") from None
    if base64.b64encode(data) != text:  # the decoder lets bits and padding pass that no encoder makes
        raise EncodingError("not canonical base64")
    return data


def decode_initial(text: bytes) -> bytes:
    """As `decode_base64`, of an initial response: "=" is the empty one (RFC 4954 §4)."""
    return b"" if text == b"=" else decode_base64(text)


def encode_base64(data: bytes) -> bytes:
    """RFC 4648 §4, without line breaks."""
    return base64.b64encode(data)


def encode_initial(data: bytes) -> bytes:
    """As `encode_base64`, of an initial response: the empty one is "="."""
    return base64.b64encode(data) or b"="


def identity(octets: bytes) -> str:
    """A name or a password as text: UTF-8, no NUL (RFC 4616 §2); raises `SaslError`."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise SaslError("not UTF-8") from None
    if "\0" in text:
        raise SaslError("NUL in a name or a password")
    return text

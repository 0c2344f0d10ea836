"""What the server machine cannot answer by itself, and the response codes of the answers.

RFC 1939 §4 to §7; RFC 2449 §8, RFC 3206 §4 and RFC 6856 §5 (response codes). Values only.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.proto.sasl.exchange import Anonymous, Denied, External, Granted, Proof, Token, WhoIs


class Code(enum.StrEnum):
    """Response codes, which programs read (RFC 2449 §8); NONE is none."""

    NONE = ""
    AUTH = "AUTH"  # the credentials are wrong (RFC 3206 §5)
    IN_USE = "IN-USE"
    LOGIN_DELAY = "LOGIN-DELAY"
    SYS_TEMP = "SYS/TEMP"  # the same may work later (RFC 3206 §4)
    SYS_PERM = "SYS/PERM"  # it will not, until someone does something
    UTF8 = "UTF8"  # the content needs UTF8 mode (RFC 6856 §5)


class Login(msgspec.Struct, frozen=True):
    """A name and a password: `mechanism` USER, PLAIN or LOGIN. `authorize_as` is whom PLAIN asks to act for, "" for the same."""

    user: str
    password: str
    mechanism: str = "USER"
    authorize_as: str = ""

    def __repr__(self) -> str:
        """Without the password: a repr ends up in logs."""
        return f"Login(user={self.user!r}, mechanism={self.mechanism!r})"


class ApopLogin(msgspec.Struct, frozen=True):
    """A name and the MD5 digest (32 hexadecimal digits) of `timestamp` and a shared secret (RFC 1939 §7)."""

    user: str
    digest: str
    timestamp: str


class Asked(msgspec.Struct, frozen=True):
    """An AUTH exchange has to know something: `Pop3Server.tell`."""

    about: WhoIs | Proof | Token


class SaslLogin(msgspec.Struct, frozen=True):
    """The end of an AUTH exchange that was not about a password as it is."""

    claim: Proof | External | Anonymous | Granted | Denied
    mechanism: str


class StartTls(msgspec.Struct, frozen=True):
    """STLS was sent and may be followed (RFC 2595 §4)."""


class Retrieve(msgspec.Struct, frozen=True):
    """RETR, or TOP when `lines` is a number: the message `number`, with that UID and size in octets, is wanted."""

    number: int
    uid: int
    size: int
    lines: int | None = None


class Drain(msgspec.Struct, frozen=True):
    """Much waits to be sent: let it leave, let others have their turn, then say `go_on()`."""


class Update(msgspec.Struct, frozen=True):
    """QUIT with messages marked: remove those (RFC 1939 §6). Nothing else may ever remove a message."""

    numbers: tuple[int, ...]
    uids: tuple[int, ...]


Pop3Event = Login | ApopLogin | Asked | SaslLogin | StartTls | Retrieve | Drain | Update

"""Commands that belong to the session rather than to mail: CAPABILITY, NOOP, LOGOUT, ID, ENABLE, STARTTLS, the login, COMPRESS.

RFC 9051 §6.1 to §6.3.1, RFC 2971 (ID), RFC 4959 (SASL-IR), RFC 4978 (COMPRESS), RFC 8437 (UNAUTHENTICATE), RFC 5255 §3 (LANGUAGE), RFC 9698 (GETJMAPACCESS). LOGIN and AUTHENTICATE become the same
event, `LogIn`. Not here: the SASL exchange (`proto.imap.login`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import (
    ImapCursor,
    astring,
    atom,
    keyword,
    nstring,
    parenthesized,
    string,
    text,
)
from postroom.proto.imap.verb import AFTER, ANY, BEFORE, Command, Verb, bare
from postroom.proto.sasl.exchange import Anonymous, Denied, External, Granted, Proof, Token, WhoIs

MAX_LANGUAGES: Final = 50  # that one LANGUAGE names
MAX_ID_FIELDS: Final = 30  # RFC 2971 §3.3
MAX_ID_FIELD: Final = 30  # octets, likewise
MAX_ID_VALUE: Final = 1024  # octets, likewise


class Capability(Command, frozen=True):
    """CAPABILITY."""


class Noop(Command, frozen=True):
    """NOOP."""


class Check(Command, frozen=True):
    """CHECK of RFC 3501 §6.4.1: a NOOP here, since everything acknowledged is durable."""


class Logout(Command, frozen=True):
    """LOGOUT."""


class StartTls(Command, frozen=True):
    """STARTTLS."""


class Unauthenticate(Command, frozen=True):
    """UNAUTHENTICATE."""


class Compress(Command, frozen=True):
    """COMPRESS; the only algorithm is DEFLATE."""

    algorithm: str


class Id(Command, frozen=True):
    """ID: names of fields in lower case, and their values; None for NIL."""

    fields: tuple[tuple[str, str | None], ...] | None


class Language(Command, frozen=True):
    """LANGUAGE: ranges of RFC 4647 in their order, in lower case; none asks which there are."""

    ranges: tuple[str, ...]


class GetJmapAccess(Command, frozen=True):
    """GETJMAPACCESS."""


class Enable(Command, frozen=True):
    """ENABLE: names in upper case."""

    capabilities: tuple[str, ...]


class Authenticate(Command, frozen=True):
    """AUTHENTICATE as it stands on its line; `initial` in base64, None without."""

    mechanism: str
    initial: bytes | None


class LogIn(Command, frozen=True):
    """Who somebody claims to be, by LOGIN or at the end of AUTHENTICATE. `authorize_as` "" is the same identity."""

    user: str
    password: str
    mechanism: str = "LOGIN"
    authorize_as: str = ""

    def __repr__(self) -> str:
        """Without the password."""
        return f"LogIn({self.user!r}, mechanism={self.mechanism!r}, authorize_as={self.authorize_as!r})"


class SaslAsked(Command, frozen=True):
    """AUTHENTICATE has to know something: `ImapServer.tell`."""

    about: WhoIs | Proof | Token


class SaslLogIn(Command, frozen=True):
    """The end of an AUTHENTICATE that was not about a password as it is."""

    claim: Proof | External | Anonymous | Granted | Denied
    mechanism: str


def _login(c: ImapCursor) -> LogIn:
    # login = "LOGIN" SP userid SP password                                        RFC 9051 §9
    c.sp()
    user = text(astring(c, "the user's name"), c, "the user's name")
    c.sp()
    return LogIn(user, text(astring(c, "the password"), c, "the password"))


def _authenticate(c: ImapCursor) -> Authenticate:
    # authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp]                 RFC 4959 §7
    c.sp()
    mechanism = keyword(c, "a SASL mechanism").decode()
    return Authenticate(mechanism, c.rest() if c.accept(b" ") else None)


def _language(c: ImapCursor) -> Language:
    # language-cmd = "LANGUAGE" *(SP lang-range-quoted)                             RFC 5255 §3.5
    ranges = []
    while c.accept(b" "):
        ranges.append(text(astring(c, "a language"), c, "a language").lower())
        if len(ranges) > MAX_LANGUAGES:
            raise c.error(f"at most {MAX_LANGUAGES} languages")
    return Language(tuple(ranges))


def _enable(c: ImapCursor) -> Enable:
    # enable = "ENABLE" 1*(SP capability)                                          RFC 9051 §9
    names = []
    while c.accept(b" "):
        names.append(atom(c, "a capability").upper())
    if not names:
        raise c.error("a space and a capability")
    return Enable(tuple(names))


def _id(c: ImapCursor) -> Id:
    # id = "ID" SP id-params-list                                                  RFC 2971 §4
    c.sp()
    if c.accept_keyword(b"NIL"):
        return Id(None)

    def field(c: ImapCursor) -> tuple[str, str | None]:
        name = text(string(c, "the name of a field in quotes"), c, "the name of a field")
        c.sp()
        value = nstring(c)
        if len(name) > MAX_ID_FIELD or (value is not None and len(value) > MAX_ID_VALUE):
            raise c.error(f"fields of at most {MAX_ID_FIELD} octets with values of at most {MAX_ID_VALUE}")
        return name.lower(), None if value is None else text(value, c, "a value")

    fields = parenthesized(c, field)
    if len(fields) > MAX_ID_FIELDS:
        raise c.error(f"at most {MAX_ID_FIELDS} fields")
    return Id(tuple(fields))


def _compress(c: ImapCursor) -> Compress:
    # compress = "COMPRESS" SP algorithm                                           RFC 4978 §5
    c.sp()
    return Compress(keyword(c, "an algorithm").decode())


VERBS: Final = {
    b"CAPABILITY": Verb(bare(Capability()), ANY, "RFC 9051 §6.1.1"),
    b"NOOP": Verb(bare(Noop()), ANY, "RFC 9051 §6.1.2"),
    b"LOGOUT": Verb(bare(Logout()), ANY, "RFC 9051 §6.1.3"),
    b"ID": Verb(_id, ANY, "RFC 2971 §3.1", "ID"),
    b"LANGUAGE": Verb(_language, ANY, "RFC 5255 §3.2", "LANGUAGE"),
    b"STARTTLS": Verb(bare(StartTls()), BEFORE, "RFC 9051 §6.2.1"),
    b"AUTHENTICATE": Verb(_authenticate, BEFORE, "RFC 9051 §6.2.2"),
    b"LOGIN": Verb(_login, BEFORE, "RFC 9051 §6.2.3"),
    b"ENABLE": Verb(_enable, AFTER, "RFC 9051 §6.3.1", "ENABLE"),
    b"UNAUTHENTICATE": Verb(bare(Unauthenticate()), AFTER, "RFC 8437 §2", "UNAUTHENTICATE"),
    b"COMPRESS": Verb(_compress, AFTER, "RFC 4978 §3", "COMPRESS=DEFLATE"),
    b"GETJMAPACCESS": Verb(bare(GetJmapAccess()), AFTER, "RFC 9698 §3", "JMAPACCESS"),
    b"CHECK": Verb(bare(Check()), AFTER, "RFC 3501 §6.4.1"),
}

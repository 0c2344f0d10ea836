"""SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS.

RFC 4314 §2.1 (rights), §2.1.1 (`c` and `d` of RFC 2086 stand for several), §3, §7. Not here: whom an identifier names, and who may do this.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.proto.imap.grammar import ImapCursor, astring, mailbox, text
from postroom.proto.imap.verb import AFTER, Command, Verb

RIGHTS: Final = "lrswipkxtea"
VIRTUAL: Final = MappingProxyType({"c": "kx", "d": "te"})  # RFC 4314 §2.1.1


class SetAcl(Command, frozen=True):
    """SETACL, and DELETEACL with no rights. `mode`: "+" and "-" change what is there, "" replaces it. `rights` has no virtual ones."""

    mailbox: str
    identifier: str
    rights: str
    mode: str = ""


class GetAcl(Command, frozen=True):
    """GETACL."""

    mailbox: str


class ListRights(Command, frozen=True):
    """LISTRIGHTS."""

    mailbox: str
    identifier: str


class MyRights(Command, frozen=True):
    """MYRIGHTS."""

    mailbox: str


def _named(c: ImapCursor) -> str:
    c.sp()
    return mailbox(c)


def _identifier(c: ImapCursor) -> str:
    c.sp()
    start = c.position
    found = text(astring(c, "an identifier"), c, "an identifier")
    if not found.removeprefix("-"):
        c.position = start
        raise c.error("an identifier: an address, or anyone")
    return found


def _set(c: ImapCursor) -> SetAcl:
    # setacl = "SETACL" SP mailbox SP identifier SP mod-rights                     RFC 4314 §7
    name = _named(c)
    identifier = _identifier(c)
    c.sp()
    start = c.position
    letters = text(astring(c, "rights"), c, "rights")
    mode = letters[:1] if letters[:1] in ("+", "-") else ""
    rights = "".join(VIRTUAL.get(letter, letter) for letter in letters.removeprefix(mode))
    if not set(rights) <= set(RIGHTS):
        c.position = start
        raise c.error(f"rights out of {RIGHTS}cd, perhaps behind + or -")
    return SetAcl(name, identifier, rights, mode)


def _delete(c: ImapCursor) -> SetAcl:
    # deleteacl = "DELETEACL" SP mailbox SP identifier                             RFC 4314 §7
    return SetAcl(_named(c), _identifier(c), "")


VERBS: Final = {
    b"SETACL": Verb(_set, AFTER, "RFC 4314 §3.1", "ACL"),
    b"DELETEACL": Verb(_delete, AFTER, "RFC 4314 §3.2", "ACL"),
    b"GETACL": Verb(lambda c: GetAcl(_named(c)), AFTER, "RFC 4314 §3.3", "ACL"),
    b"LISTRIGHTS": Verb(lambda c: ListRights(_named(c), _identifier(c)), AFTER, "RFC 4314 §3.4", "ACL"),
    b"MYRIGHTS": Verb(lambda c: MyRights(_named(c)), AFTER, "RFC 4314 §3.5", "ACL"),
}

"""GETMETADATA and SETMETADATA: notes on mailboxes and on the server.

RFC 5464 §3.2 (names of entries), §4.2, §4.3, §5. Not here: what is kept, and how much (`store.mailboxes.annotations`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import (
    ImapCursor,
    astring,
    keyword,
    literal,
    mailbox,
    nstring,
    number,
    parenthesized,
)
from postroom.proto.imap.verb import AFTER, Command, Verb

MAX_ENTRY_NAME: Final = 255  # octets of an entry's name, RFC 5464 §3.2 leaves it open
INFINITY: Final = 1 << 30  # levels: all
_NOT_IN_NAMES: Final = frozenset(b"*%") | frozenset(range(0x20)) | frozenset(range(0x7F, 0x100))
_ENTRIES: Final = (b"(/", b'("', b"({")  # as a list of entries begins, and no list of options
_DEPTHS: Final = {b"0": 0, b"1": 1, b"INFINITY": INFINITY}


class GetMetadata(Command, frozen=True):
    """GETMETADATA; mailbox "" is the server, `most` the largest value that is wanted, None for any."""

    mailbox: str
    entries: tuple[str, ...]
    depth: int = 0
    most: int | None = None


class SetMetadata(Command, frozen=True):
    """SETMETADATA; mailbox "" is the server, a value None removes the entry."""

    mailbox: str
    entries: tuple[tuple[str, bytes | None], ...]


def entry(c: ImapCursor) -> str:
    """A name in lower case: it is or lies below /private or /shared, and has no empty level and no wildcard (RFC 5464 §3.2)."""
    start = c.position
    octets = astring(c, "the name of an entry")
    name = octets.decode("latin-1").lower()
    levels = name.split("/")
    fault = ""
    if levels[0] or len(levels) < 2 or levels[1] not in ("private", "shared"):
        fault = "the name of an entry that begins with /private or /shared"
    elif not all(levels[1:]) or _NOT_IN_NAMES.intersection(octets):
        fault = "the name of an entry without empty levels, wildcards and control characters"
    elif len(octets) > MAX_ENTRY_NAME:
        fault = f"the name of an entry of at most {MAX_ENTRY_NAME} octets"
    if fault:
        c.position = start
        raise c.error(fault)
    return name


def _get(c: ImapCursor) -> GetMetadata:
    # getmetadata = "GETMETADATA" [SP getmetadata-options] SP mailbox SP entries             RFC 5464 §5
    # The RFC's own examples have the options behind the mailbox: both places are read.
    c.sp()
    options: dict[bytes, int] = {}
    if c.peek(b"("):
        options |= _options(c)
        c.sp()
    name = mailbox(c)
    c.sp()
    if c.peek(b"(") and not any(c.peek(start) for start in _ENTRIES):
        options |= _options(c)
        c.sp()
    entries = parenthesized(c, entry, least=1) if c.peek(b"(") else [entry(c)]
    while c.accept(b" "):  # RFC 5464 §4.4.1 has them without parentheses too
        entries.append(entry(c))
    return GetMetadata(name, tuple(dict.fromkeys(entries)), options.get(b"DEPTH", 0), options.get(b"MAXSIZE"))


def _options(c: ImapCursor) -> dict[bytes, int]:
    return dict(parenthesized(c, _option, least=1))


def _option(c: ImapCursor) -> tuple[bytes, int]:
    start = c.position
    word = keyword(c, "MAXSIZE or DEPTH")
    c.sp()
    if word == b"MAXSIZE":
        return word, number(c, "octets")
    depth = _DEPTHS.get(keyword(c, "0, 1 or infinity")) if word == b"DEPTH" else None
    if depth is None:
        c.position = start
        raise c.error("MAXSIZE with octets, or DEPTH with 0, 1 or infinity")
    return word, depth


def _set(c: ImapCursor) -> SetMetadata:
    # setmetadata = "SETMETADATA" SP mailbox SP entry-values                       RFC 5464 §5
    c.sp()
    name = mailbox(c)
    c.sp()
    return SetMetadata(name, tuple(parenthesized(c, _entry_value, least=1)))


def _entry_value(c: ImapCursor) -> tuple[str, bytes | None]:
    start = c.position
    name = entry(c)
    if name.count("/") < 2:
        c.position = start
        raise c.error("the name of an entry below /private/ or /shared/")
    c.sp()
    return name, literal(c) if c.peek(b"~") else nstring(c)


VERBS: Final = {
    b"GETMETADATA": Verb(_get, AFTER, "RFC 5464 §4.2", "METADATA"),
    b"SETMETADATA": Verb(_set, AFTER, "RFC 5464 §4.3", "METADATA"),
}

"""Commands that open and leave a mailbox: SELECT, EXAMINE, CLOSE, UNSELECT, and IDLE within or without one.

RFC 9051 §6.3.2, §6.3.3, §6.3.13, §6.4.1, §6.4.2; RFC 7162 §3.1.8 and §3.2.5 (CONDSTORE and QRESYNC parameters). Not here: what is in it.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.proto.imap.grammar import ImapCursor, keyword, mailbox, number64, nz_number, parenthesized
from postroom.proto.imap.sets import Ranges, uid_set
from postroom.proto.imap.verb import AFTER, SELECTED, Command, Verb, bare


class Resync(msgspec.Struct, frozen=True):
    """QRESYNC (RFC 7162 §3.2.5): what the client knows. `known` None: all uids below; `match`: pairs of a number and a uid."""

    uidvalidity: int
    modseq: int
    known: Ranges | None = None
    match: tuple[tuple[int, int], ...] = ()


class Select(Command, frozen=True):
    """SELECT and EXAMINE."""

    mailbox: str
    read_only: bool = False
    condstore: bool = False
    resync: Resync | None = None


class Close(Command, frozen=True):
    """CLOSE: expunges, then leaves."""


class Unselect(Command, frozen=True):
    """UNSELECT: leaves."""


class Idle(Command, frozen=True):
    """IDLE has begun; its end is `Done`."""


class Done(Command, frozen=True):
    """The DONE line."""


def _select(c: ImapCursor) -> Select:
    # select = "SELECT" SP mailbox [select-params]                                 RFC 4466 §2.4
    c.sp()
    name = mailbox(c)
    resync: Resync | None = None
    condstore = False
    if c.accept(b" "):
        for word, value in parenthesized(c, _parameter, least=1):
            condstore = condstore or word == b"CONDSTORE"
            resync = value or resync
    return Select(name, condstore=condstore, resync=resync)


def _examine(c: ImapCursor) -> Select:
    return msgspec.structs.replace(_select(c), read_only=True)


def _parameter(c: ImapCursor) -> tuple[bytes, Resync | None]:
    start = c.position
    word = keyword(c, "CONDSTORE or QRESYNC")
    if word == b"CONDSTORE":
        return word, None
    if word == b"QRESYNC":
        c.sp()
        return word, _resync(c)
    c.position = start
    raise c.error("CONDSTORE or QRESYNC")


def _resync(c: ImapCursor) -> Resync:
    # "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"    RFC 7162 §7
    c.expect(b"(", "a list in parentheses")
    uidvalidity = nz_number(c)
    c.sp()
    modseq = number64(c)
    known: Ranges | None = None
    pairs: tuple[tuple[int, int], ...] = ()
    if c.peek(b" ") and not c.peek(b" ("):
        c.sp()
        known = uid_set(c)
    if c.accept(b" ("):
        numbers = uid_set(c)
        c.sp()
        uids = uid_set(c)
        c.expect(b")")
        pairs = _pairs(numbers, uids)
    c.expect(b")")
    return Resync(uidvalidity, modseq, known, pairs)


def _pairs(numbers: Ranges, uids: Ranges) -> tuple[tuple[int, int], ...]:
    """Both sets side by side; the ends of each stretch in which both count up alike."""
    found: list[tuple[int, int]] = []
    i = j = 0
    first, uid = (numbers[0][0], uids[0][0])
    while i < len(numbers) and j < len(uids):
        length = min(numbers[i][1] - first, uids[j][1] - uid)
        found.append((first, uid))
        if length:
            found.append((first + length, uid + length))
        first, uid = first + length + 1, uid + length + 1
        if first > numbers[i][1]:
            i += 1
            first = numbers[i][0] if i < len(numbers) else 0
        if uid > uids[j][1]:
            j += 1
            uid = uids[j][0] if j < len(uids) else 0
    return tuple(found)


VERBS: Final = {
    b"SELECT": Verb(_select, AFTER, "RFC 9051 §6.3.2"),
    b"EXAMINE": Verb(_examine, AFTER, "RFC 9051 §6.3.3"),
    b"CLOSE": Verb(bare(Close()), SELECTED, "RFC 9051 §6.4.1"),
    b"UNSELECT": Verb(bare(Unselect()), SELECTED, "RFC 9051 §6.4.2", "UNSELECT"),
    b"IDLE": Verb(bare(Idle()), AFTER, "RFC 9051 §6.3.13", "IDLE"),
}

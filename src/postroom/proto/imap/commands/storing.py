"""Commands that change flags and remove messages: STORE, UID STORE, EXPUNGE, UID EXPUNGE.

RFC 9051 §6.4.3, §6.4.6, §6.4.9; RFC 7162 §3.1.3 (UNCHANGEDSINCE). Not here: CLOSE (`selecting`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.flags import Flags, flags_in_line, flags_in_parentheses
from postroom.proto.imap.grammar import ImapCursor, keyword, number64
from postroom.proto.imap.sets import SequenceSet, sequence_set
from postroom.proto.imap.verb import SELECTED, Command, Verb, bare


class Store(Command, frozen=True):
    """STORE. `mode`: `+`, `-`, or `=` for FLAGS alone."""

    messages: SequenceSet
    mode: str
    flags: Flags
    silent: bool = False
    unchanged_since: int | None = None
    by_uid: bool = False


class Expunge(Command, frozen=True):
    """EXPUNGE; `uids` are those of UID EXPUNGE."""

    uids: SequenceSet | None = None


_ITEMS: Final = {
    sign + word + silent: ((sign or b"=").decode(), bool(silent))
    for sign in (b"", b"+", b"-")
    for word in (b"FLAGS",)
    for silent in (b"", b".SILENT")
}


def _store(c: ImapCursor, *, by_uid: bool = False) -> Store:
    # store = "STORE" SP sequence-set [store-modifiers] SP store-att-flags        RFC 9051 §9, RFC 7162 §7
    c.sp()
    messages = sequence_set(c)
    c.sp()
    since = _modifiers(c) if c.peek(b"(") else None
    item = keyword(c, "FLAGS, +FLAGS or -FLAGS, perhaps with .SILENT")
    if item not in _ITEMS:
        raise c.error("FLAGS, +FLAGS or -FLAGS, perhaps with .SILENT, before this")
    mode, silent = _ITEMS[item]
    c.sp()
    flags = flags_in_parentheses(c) if c.peek(b"(") else flags_in_line(c)
    return Store(messages, mode, flags, silent, since, by_uid)


def _modifiers(c: ImapCursor) -> int:
    c.expect(b"(")
    if keyword(c, "UNCHANGEDSINCE") != b"UNCHANGEDSINCE":
        raise c.error("UNCHANGEDSINCE, the only modifier, before this")
    c.sp()
    since = number64(c)
    c.expect(b")")
    c.sp()
    return since


def _uid_store(c: ImapCursor) -> Store:
    return _store(c, by_uid=True)


def _uid_expunge(c: ImapCursor) -> Expunge:
    c.sp()
    return Expunge(sequence_set(c))


VERBS: Final = {
    b"STORE": Verb(_store, SELECTED, "RFC 9051 §6.4.6", expunges=False, by_number=True),
    b"UID STORE": Verb(_uid_store, SELECTED, "RFC 9051 §6.4.9"),
    b"EXPUNGE": Verb(bare(Expunge()), SELECTED, "RFC 9051 §6.4.3"),
    b"UID EXPUNGE": Verb(_uid_expunge, SELECTED, "RFC 9051 §6.4.9", "UIDPLUS"),
}

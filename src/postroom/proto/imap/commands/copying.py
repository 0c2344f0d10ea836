"""Commands that put messages into other mailboxes: COPY, UID COPY, MOVE, UID MOVE.

RFC 9051 §6.4.7 to §6.4.9, RFC 6851. Not here: what becomes of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from postroom.proto.imap.grammar import ImapCursor, mailbox
from postroom.proto.imap.sets import SequenceSet, sequence_set
from postroom.proto.imap.verb import SELECTED, Command, Verb


class Copy(Command, frozen=True):
    """COPY, and with `moves` MOVE."""

    messages: SequenceSet
    mailbox: str
    by_uid: bool = False
    moves: bool = False


def _reader(*, by_uid: bool, moves: bool) -> Callable[[ImapCursor], Copy]:
    def read(c: ImapCursor) -> Copy:
        # copy = "COPY" SP sequence-set SP mailbox                                  RFC 9051 §9
        c.sp()
        messages = sequence_set(c)
        c.sp()
        return Copy(messages, mailbox(c), by_uid, moves)

    return read


VERBS: Final = {
    b"COPY": Verb(_reader(by_uid=False, moves=False), SELECTED, "RFC 9051 §6.4.7", by_number=True),
    b"UID COPY": Verb(_reader(by_uid=True, moves=False), SELECTED, "RFC 9051 §6.4.9"),
    b"MOVE": Verb(_reader(by_uid=False, moves=True), SELECTED, "RFC 9051 §6.4.8", "MOVE", by_number=True),
    b"UID MOVE": Verb(_reader(by_uid=True, moves=True), SELECTED, "RFC 9051 §6.4.9", "MOVE"),
}

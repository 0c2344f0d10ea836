"""UIDBATCHES: into which ranges of uids a mailbox falls, so that each holds as many messages as the client can do with.

RFC 10022. Not here: the ranges.
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap.grammar import ImapCursor, nz_number
from postroom.proto.imap.verb import SELECTED, Command, Verb


class UidBatches(Command, frozen=True):
    """UIDBATCHES: messages in each batch, and the first and the last batch that are wanted, counted from the newest; None for all."""

    size: int
    span: tuple[int, int] | None = None


def _uid_batches(c: ImapCursor) -> UidBatches:
    # uidbatches-cmd = "UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]       RFC 10022
    c.sp()
    size = nz_number(c, "how many messages a batch has")
    if not c.accept(b" "):
        return UidBatches(size)
    start = c.position
    first = nz_number(c, "the number of a batch")
    c.expect(b":", "a colon and the number of the last batch")
    last = nz_number(c, "the number of a batch")
    if last < first:
        c.position = start
        raise c.error("a range of batches whose end is not before its beginning")
    return UidBatches(size, (first, last))


VERBS: Final = {b"UIDBATCHES": Verb(_uid_batches, SELECTED, "RFC 10022", "UIDBATCHES")}

"""A mailbox as somebody knew it at a modseq: what he counts, what has gone since, what has changed.

RFC 9051 §5.2, RFC 7162 §3.2. A message is in such a view when its uid lies below the uidnext of then and it is there now, or vanished after that
modseq: one statement each, whatever happened in between. Not here: what a session remembers (`serve.imap.view`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store import seen
from postroom.store.engine import Transaction
from postroom.store.messages import Message
from postroom.store.rights import MailboxRef, Right, require

SLICE: Final = 10_000  # uids that one statement gives
ALL: Final = 1 << 62  # no statement gives as many

_SEEN_THEN: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4
UNION ALL
SELECT uid FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq > $5
"""
UPWARDS: Final = _SEEN_THEN + "ORDER BY uid LIMIT $6"
DOWNWARDS: Final = _SEEN_THEN + "ORDER BY uid DESC LIMIT $6"
COUNT: Final = """
SELECT (SELECT COUNT(*) FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4)
     + (SELECT COUNT(*) FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq > $5)
"""
GONE: Final = """
SELECT modseq, uid FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND modseq >= $3 AND (modseq > $3 OR uid > $4)
ORDER BY modseq, uid LIMIT $5
"""
CHANGED: Final = """
SELECT m.uid, m.modseq, m.flags, m.keywords, m.internaldate, m.email_id, m.thread_id, m.size, 0
FROM messages m WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.modseq >= $3 AND (m.modseq > $3 OR m.uid > $4)
ORDER BY m.modseq, m.uid LIMIT $5
"""
_LAST: Final = (1 << 32) - 1


class Then(msgspec.Struct, frozen=True):
    """A view: a mailbox, and the modseq up to which its expunges are known."""

    mailbox: MailboxRef
    modseq: int


async def uids(
    tx: Transaction, then: Then, span: tuple[int, int], *, limit: int = SLICE, down: bool = False
) -> list[int]:
    """The uids of the view within `span`, ascending; with `limit` the lowest ones, or the highest with `down`."""
    await require(tx, then.mailbox, Right.READ)
    where = (then.mailbox.account_id, then.mailbox.mailbox_id, *span, then.modseq, limit)
    rows = await tx.fetch(DOWNWARDS if down else UPWARDS, *where)
    found = [row[0] for row in rows]
    return found[::-1] if down else found


async def count(tx: Transaction, then: Then, first: int, last: int) -> int:
    """How many uids of the view lie from `first` to `last`."""
    await require(tx, then.mailbox, Right.READ)
    row = await tx.fetchrow(COUNT, then.mailbox.account_id, then.mailbox.mailbox_id, first, last, then.modseq)
    return int(row[0]) if row else 0


async def gone(tx: Transaction, then: Then, most: int = SLICE) -> tuple[list[tuple[int, int]], bool]:
    """(modseq, uid) of what vanished after the view's modseq, in this order; complete above the mailbox's `vanished_floor`.

    About `most` of them, and whether there is more: what went together, with one modseq, is told together.
    """
    await require(tx, then.mailbox, Right.READ)
    found: list[tuple[int, int]] = []
    after = (then.modseq, _LAST)
    while True:
        rows = await tx.fetch(GONE, then.mailbox.account_id, then.mailbox.mailbox_id, *after, most)
        found += [(row[0], row[1]) for row in rows]
        if len(rows) < most:
            return found, False
        after = found[-1]
        if found[0][0] < after[0]:
            return [one for one in found if one[0] < after[0]], True


async def changed(tx: Transaction, then: Then) -> list[Message]:
    """Copies that came or changed after the view's modseq, by modseq and uid; their `blob_id` is not read (0)."""
    await require(tx, then.mailbox, Right.READ)
    found: list[Message] = []
    after = (then.modseq, _LAST)
    while True:
        rows = await tx.fetch(CHANGED, then.mailbox.account_id, then.mailbox.mailbox_id, *after, SLICE)
        found += [Message(*row) for row in await seen.overlay(tx, then.mailbox, rows)]
        if len(rows) < SLICE:
            return found
        after = (found[-1].modseq, found[-1].uid)

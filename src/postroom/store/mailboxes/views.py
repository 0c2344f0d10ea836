"""A mailbox as somebody knew it at a modseq: what he counts, what has gone since, what has changed.

RFC 9051 §5.2, RFC 7162 §3.2. A message is in such a view when its uid lies below the uidnext of then and it is there now, or vanished after that
modseq: one statement each, whatever happened in between. Not here: what a session remembers (`serve.imap.conversation.view`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.messages import Message, Ranges
from postroom.store.mailboxes.rights import MailboxRef, Right, require

SLICE: Final = 10_000  # uids that one statement gives
CHANGED_AT_ONCE: Final = 2_000  # copies that came or changed, likewise
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
# The plus lets SQLite see that the index has them in this order.
CHANGED: Final = """
SELECT m.uid, m.modseq, m.flags, m.keywords, m.internaldate, m.email_id, m.thread_id, m.size, 0
FROM messages m WHERE m.account_id = $1 AND +m.mailbox_id = $2 AND (m.modseq, m.mailbox_id, m.uid) > ($3, $2, $4)
ORDER BY m.modseq, m.mailbox_id, m.uid LIMIT $5
"""
CHANGED_AMONG: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND modseq > $5 ORDER BY uid
"""
_LAST: Final = (1 << 32) - 1


class Then(msgspec.Struct, frozen=True):
    """A view: a mailbox, and the modseq up to which its expunges are known."""

    mailbox: MailboxRef
    modseq: int


class Place(NamedTuple):
    """Among the copies of a mailbox in the order of their changes."""

    modseq: int
    uid: int


def behind(modseq: int) -> Place:
    """The place behind all that changed up to a modseq."""
    return Place(modseq, _LAST)


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


async def changed(tx: Transaction, mailbox: MailboxRef, after: Place) -> list[Message]:
    """At most `CHANGED_AT_ONCE` copies that came or changed behind a place, by modseq and uid; their `blob_id` is not read (0)."""
    await require(tx, mailbox, Right.READ)
    rows = await tx.fetch(CHANGED, mailbox.account_id, mailbox.mailbox_id, *after, CHANGED_AT_ONCE)
    return [Message(*row) for row in await seen.overlay(tx, mailbox, rows)]


async def changes(tx: Transaction, then: Then) -> AsyncIterator[list[Message]]:
    """All that came or changed after the view's modseq, as `changed` gives it, so many at a time that others can have their turn between two."""
    after = behind(then.modseq)
    while found := await changed(tx, then.mailbox, after):
        yield found
        after = Place(found[-1].modseq, found[-1].uid)


async def changed_among(tx: Transaction, then: Then, ranges: Ranges) -> list[int]:
    """The uids in these ranges of copies that came or changed after the view's modseq."""
    await require(tx, then.mailbox, Right.READ)
    found: list[int] = []
    for span in ranges:
        where = (then.mailbox.account_id, then.mailbox.mailbox_id, *span, then.modseq)
        found += [row[0] for row in await tx.fetch(CHANGED_AMONG, *where)]
    return found

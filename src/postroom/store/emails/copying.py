"""COPY and MOVE between mailboxes of one account.

RFC 9051 §6.4.7 and §6.4.8, RFC 8621 §4.1.1 (an Email is its copies: it keeps its id). New copies get new uids in the order of the old
ones. Not here: copies into another account, which are a delivery there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import OverQuota
from postroom.store.changes import Change, MessageAdded, MessagesExpunged
from postroom.store.emails import expunge
from postroom.store.emails.arriving import permitted
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.counts import Tally
from postroom.store.mailboxes.flags import Flag, join_keywords, split_keywords
from postroom.store.mailboxes.mailboxes import bump
from postroom.store.mailboxes.messages import Ranges
from postroom.store.mailboxes.rights import ALL, MailboxRef, NoSuchMailbox, Right, held, require

READ: Final = """
SELECT uid, email_id, thread_id, size, flags, keywords, internaldate FROM messages
WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 ORDER BY uid
"""
MEASURE: Final = """
SELECT COALESCE(SUM(size), 0), COUNT(*) FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4
"""
USE: Final = """
UPDATE accounts SET used_bytes = used_bytes + $2, used_msgs = used_msgs + $3 WHERE account_id = $1
AND (quota_bytes = 0 OR used_bytes + $2 <= quota_bytes) AND (quota_msgs = 0 OR used_msgs + $3 <= quota_msgs)
"""
ALLOCATE: Final = """
UPDATE mailboxes SET uidnext = uidnext + $3 WHERE account_id = $1 AND mailbox_id = $2 RETURNING uidnext - $3, uidvalidity
"""
PUT: Final = """
INSERT INTO messages (account_id, mailbox_id, uid, modseq, email_id, thread_id, size, flags, keywords, internaldate, savedate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
MORE_COPIES: Final = "UPDATE emails SET copies = copies + $3 WHERE account_id = $1 AND email_id = $2"


class Copied(msgspec.Struct, frozen=True):
    """What came of it, as COPYUID says it (RFC 4315 §3): `pairs` of old and new uid."""

    uidvalidity: int
    pairs: tuple[tuple[int, int], ...]
    changes: tuple[Change, ...]


async def measured(tx: Transaction, source: MailboxRef, ranges: Ranges) -> tuple[int, int]:
    """Octets and number of the copies in these ranges of uids."""
    octets = number = 0
    for first, last in ranges:
        row = await tx.fetchrow(MEASURE, source.account_id, source.mailbox_id, first, last)
        octets, number = (octets + int(row[0]), number + row[1]) if row else (octets, number)
    return octets, number


async def copy(tx: Transaction, source: MailboxRef, target_id: int, ranges: Ranges, now: int) -> Copied:
    """Copies within the account of `source`. Raises `OverQuota`, `NoSuchMailbox`, `NotPermitted`."""
    target = await _permitted(tx, source, target_id, Right.READ)
    account_id = source.account_id
    modseq = await bump(tx, account_id)
    rows: list[Row] = []
    for first, last in ranges:
        rows += await tx.fetch(READ, account_id, source.mailbox_id, first, last)
    if rows and not await tx.execute(USE, account_id, sum(row[3] for row in rows), len(rows)):
        raise OverQuota
    more = [
        (account_id, email_id, copies) for email_id, copies in sorted(Counter(row[1] for row in rows).items())
    ]
    if more:
        await tx.executemany(MORE_COPIES, more)
    copied = await _arrive(tx, target, rows, modseq, now)
    await seen.carry(tx, source, target_id, copied.pairs)
    return copied


async def move(tx: Transaction, source: MailboxRef, target_id: int, ranges: Ranges, now: int) -> Copied:
    """Moves within the account of `source`, all or none. Raises `NoSuchMailbox`, `NotPermitted`."""
    target = await _permitted(tx, source, target_id, Right.READ, Right.DELETE_MESSAGE, Right.EXPUNGE)
    modseq = await bump(tx, source.account_id)
    rows = await expunge.take(tx, source, ranges, 0)
    await expunge.leave(tx, source, rows, modseq, now)
    moved = await _arrive(tx, target, rows, modseq, now)
    await seen.carry(tx, source, target_id, moved.pairs)
    gone = MessagesExpunged(source.account_id, modseq, source.mailbox_id, tuple(row[0] for row in rows))
    return msgspec.structs.replace(moved, changes=(*moved.changes, gone))


async def _permitted(tx: Transaction, source: MailboxRef, target_id: int, *rights: Right) -> MailboxRef:
    target = MailboxRef(source.account_id, target_id, source.who)
    await require(tx, source, *rights)
    await require(tx, target, Right.INSERT)
    return target


async def _arrive(tx: Transaction, target: MailboxRef, rows: Sequence[Row], modseq: int, now: int) -> Copied:
    account_id, mailbox_id = target.account_id, target.mailbox_id
    allocated = await tx.fetchrow(ALLOCATE, account_id, mailbox_id, len(rows))
    if allocated is None:
        raise NoSuchMailbox
    first, uidvalidity = allocated
    letters = await held(tx, target)
    tally = Tally()
    new: list[tuple[int, int, int, int, int, int, int, int, str, int, int]] = []
    for number, row in enumerate(rows):
        _, email_id, thread_id, size, flags, keywords, internaldate = row
        if letters != ALL:
            owners = flags & Flag.SEEN  # not the reader's to give or to take
            flags, kept = permitted(letters, flags, tuple(split_keywords(keywords)))
            flags, keywords = flags | owners, join_keywords(kept)
        uid = first + number
        tally.add(flags, keywords, size)
        new.append(
            (
                account_id,
                mailbox_id,
                uid,
                modseq,
                email_id,
                thread_id,
                size,
                flags,
                keywords,
                internaldate,
                now,
            )
        )
    if new:
        await tx.executemany(PUT, new)
    await tally.apply(tx, account_id, mailbox_id, modseq)
    pairs = tuple((row[0], values[2]) for row, values in zip(rows, new, strict=True))
    changes = tuple(MessageAdded(account_id, modseq, mailbox_id, uid) for _, uid in pairs)
    return Copied(uidvalidity, pairs, changes)

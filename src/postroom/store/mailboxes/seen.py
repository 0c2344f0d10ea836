"""\\Seen of those who read a mailbox of somebody else: each has his own.

RFC 4314 §4 and RFC 9051 §2.3.2 leave open whether \\Seen is shared; here it is not, and all other flags are. The owner's \\Seen is in the message's row,
a reader's is a row here. When it changes, the message gets a new modseq, so that the reader's other sessions and caches hear of it. Not here: who may
keep it (`flagging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import MailboxRef

FLAGS_AT: Final = 2  # where rows of copies mostly have their flags; the uid is the first

AMONG: Final = """
SELECT uid FROM seen WHERE account_id = $1 AND mailbox_id = $2 AND reader_id = $3 AND uid BETWEEN $4 AND $5
"""
THERE: Final = """
SELECT s.uid FROM seen s JOIN messages m ON m.account_id = s.account_id AND m.mailbox_id = s.mailbox_id AND m.uid = s.uid
WHERE s.account_id = $1 AND s.mailbox_id = $2 AND s.reader_id = $3 AND s.uid BETWEEN $4 AND $5
"""
COUNT: Final = """
SELECT COUNT(*) FROM seen s JOIN messages m ON m.account_id = s.account_id AND m.mailbox_id = s.mailbox_id AND m.uid = s.uid
WHERE s.account_id = $1 AND s.mailbox_id = $2 AND s.reader_id = $3
"""
UNSEEN: Final = """
SELECT m.uid FROM messages m WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid BETWEEN $4 AND $5 AND NOT EXISTS (
SELECT 1 FROM seen s WHERE s.account_id = $1 AND s.mailbox_id = $2 AND s.reader_id = $3 AND s.uid = m.uid) ORDER BY m.uid LIMIT 1
"""
PUT: Final = """
INSERT INTO seen (account_id, mailbox_id, reader_id, uid) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
# $6: only copies up to this modseq, or with the modseq $7, which the same command has given them.
MARK: Final = """
INSERT INTO seen (account_id, mailbox_id, reader_id, uid)
SELECT m.account_id, m.mailbox_id, CAST($3 AS BIGINT), m.uid FROM messages m
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid BETWEEN $4 AND $5 AND (m.modseq <= $6 OR m.modseq = $7)
ON CONFLICT DO NOTHING RETURNING uid
"""
UNMARK: Final = """
DELETE FROM seen WHERE account_id = $1 AND mailbox_id = $2 AND reader_id = $3 AND uid BETWEEN $4 AND $5 AND EXISTS (
SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid = seen.uid AND (m.modseq <= $6 OR m.modseq = $7))
RETURNING uid
"""
TOUCH: Final = "UPDATE messages SET modseq = $4 WHERE account_id = $1 AND mailbox_id = $2 AND uid = $3"


FIRST_UNSEEN: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND (flags & 1) = 0 ORDER BY uid LIMIT 1
"""


def apart(mailbox: MailboxRef) -> bool:
    """Whether `mailbox.who` has a \\Seen of his own there."""
    return mailbox.who not in (0, mailbox.account_id)


async def overlay(
    tx: Transaction, mailbox: MailboxRef, rows: Sequence[Row], flags_at: int = FLAGS_AT
) -> Sequence[Row]:
    """Rows of copies, uid first and flags at `flags_at`, with the \\Seen of `mailbox.who`."""
    if not rows or not apart(mailbox):
        return rows
    span = (min(row[0] for row in rows), max(row[0] for row in rows))
    found = await tx.fetch(AMONG, mailbox.account_id, mailbox.mailbox_id, mailbox.who, *span)
    seen = {row[0] for row in found}
    return [
        (*row[:flags_at], row[flags_at] & ~Flag.SEEN | (row[0] in seen), *row[flags_at + 1 :]) for row in rows
    ]


async def among(tx: Transaction, mailbox: MailboxRef, span: tuple[int, int]) -> set[int]:
    """The messages in a range of uids that the reader has seen."""
    rows = await tx.fetch(THERE, mailbox.account_id, mailbox.mailbox_id, mailbox.who, *span)
    return {row[0] for row in rows}


async def count(tx: Transaction, mailbox: MailboxRef) -> int:
    """How many messages the reader has seen."""
    row = await tx.fetchrow(COUNT, mailbox.account_id, mailbox.mailbox_id, mailbox.who)
    return int(row[0]) if row is not None else 0


async def first_unseen(tx: Transaction, mailbox: MailboxRef, span: tuple[int, int]) -> int:
    """The first message in a range of uids that has not been seen, 0 for none: as its owner counts, or a reader."""
    if apart(mailbox):
        row = await tx.fetchrow(UNSEEN, mailbox.account_id, mailbox.mailbox_id, mailbox.who, *span)
    else:
        row = await tx.fetchrow(FIRST_UNSEEN, mailbox.account_id, mailbox.mailbox_id, *span)
    return int(row[0]) if row is not None else 0


async def change(
    tx: Transaction, mailbox: MailboxRef, span: tuple[int, int], limits: tuple[int, int], *, seen: bool
) -> list[int]:
    """Sets or removes the reader's \\Seen of copies in a range of uids; gives those that changed, which have the new modseq then.

    `limits`: only copies with a modseq up to the first, or equal to the second, which is the new one.
    """
    sql = MARK if seen else UNMARK
    rows = await tx.fetch(sql, mailbox.account_id, mailbox.mailbox_id, mailbox.who, *span, *limits)
    uids = [row[0] for row in rows]
    if uids:
        await tx.executemany(
            TOUCH, [(mailbox.account_id, mailbox.mailbox_id, uid, limits[1]) for uid in uids]
        )
    return uids


async def put(tx: Transaction, mailbox: MailboxRef, uids: Sequence[int]) -> None:
    """Copies that the reader puts there himself are \\Seen for him from the beginning."""
    if uids:
        await tx.executemany(
            PUT, [(mailbox.account_id, mailbox.mailbox_id, mailbox.who, uid) for uid in uids]
        )


async def carry(
    tx: Transaction, source: MailboxRef, target_id: int, pairs: Sequence[tuple[int, int]]
) -> None:
    """Copies within the account keep the \\Seen of the reader who made them; `pairs` of old and new uid."""
    if not pairs or not apart(source):
        return
    span = (min(old for old, _ in pairs), max(old for old, _ in pairs))
    rows = await tx.fetch(AMONG, source.account_id, source.mailbox_id, source.who, *span)
    seen = {row[0] for row in rows}
    marks = [(source.account_id, target_id, source.who, new) for old, new in pairs if old in seen]
    if marks:
        await tx.executemany(PUT, marks)

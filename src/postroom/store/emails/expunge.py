"""Copies leave a mailbox for good: expunged one by one, or with the whole mailbox.

RFC 9051 §6.4.3, RFC 7162 §3.2.6 (what is gone is remembered for those who synchronise), RFC 8621 §2.5 (a mailbox with its messages). An email
goes with its last copy, and its body with the last email that has it. One transaction does all that it is asked, but for a mailbox, which goes in
slices; a caller with tens of thousands of messages asks in slices, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from postroom.store.blobs import blobs
from postroom.store.changes import Change, MailboxChanged, MessagesExpunged
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Row, Transaction
from postroom.store.mailboxes.counts import Tally
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.mailboxes import HasChildren, Impossible, bump, get, hold
from postroom.store.mailboxes.messages import HIGHEST_UID, Ranges
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, require

AT_ONCE: Final = 2_000  # messages of a mailbox that go in one transaction

# $5 is \Deleted where only such copies go, else 0.
TAKE: Final = """
DELETE FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND (flags & $5) = $5
RETURNING uid, email_id, thread_id, size, flags, keywords, internaldate
"""
DELETED: Final = """
SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4 AND (flags & $5) = $5 ORDER BY uid
"""
VANISH: Final = """
INSERT INTO vanished (account_id, modseq, mailbox_id, uid, email_id, thread_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
FREE: Final = (
    "UPDATE accounts SET used_bytes = used_bytes - $2, used_msgs = used_msgs - $3 WHERE account_id = $1"
)
DROP_EMAILS: Final = (
    "DELETE FROM emails WHERE account_id = $1 AND copies <= $2 AND email_id IN ("  # noqa: S608 -- placeholders
    + placeholders(CHUNK, 3)
    + ") RETURNING email_id, blob_id"
)
FEWER_COPIES: Final = "UPDATE emails SET copies = copies - $3 WHERE account_id = $1 AND email_id = $2"
# A note that is there is locked, so that an indexer which is just about to strike it off sees that the email is gone.
TO_INDEX: Final = """
INSERT INTO index_queue (account_id, email_id) VALUES ($1, $2)
ON CONFLICT (account_id, email_id) DO UPDATE SET email_id = excluded.email_id
"""
LAST_OF_SLICE: Final = (
    "SELECT uid FROM messages WHERE account_id = $1 AND mailbox_id = $2 ORDER BY uid LIMIT 1 OFFSET $3"
)
CHILD: Final = "SELECT 1 FROM mailboxes WHERE account_id = $1 AND parent_id = $2 LIMIT 1"
DROP_MAILBOX: Final = "DELETE FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"
DROP_RIGHTS: Final = "DELETE FROM acl WHERE account_id = $1 AND mailbox_id = $2"
DROP_NOTES: Final = "DELETE FROM annotations WHERE account_id = $1 AND mailbox_id = $2"
DROP_SEEN: Final = "DELETE FROM seen WHERE account_id = $1 AND mailbox_id = $2"
DROP_URL_KEY: Final = "DELETE FROM url_keys WHERE account_id = $1 AND mailbox_id = $2"
BURY: Final = "INSERT INTO deleted_mailboxes (account_id, modseq, mailbox_id) VALUES ($1, $2, $3)"


async def expunge(
    tx: Transaction, mailbox: MailboxRef, ranges: Ranges, now: int, *, only_deleted: bool = False
) -> MessagesExpunged:
    """Removes the copies in these ranges of uids; uids that are not there are passed over.

    Raises `NoSuchMailbox`, `NotPermitted`.
    """
    await require(tx, mailbox, Right.EXPUNGE)
    modseq = await bump(tx, mailbox.account_id)
    rows = await take(tx, mailbox, ranges, Flag.DELETED if only_deleted else 0)
    await leave(tx, mailbox, rows, modseq, now)
    await _forget_copies(tx, mailbox.account_id, rows, now)
    uids = tuple(sorted(row[0] for row in rows))
    return MessagesExpunged(mailbox.account_id, modseq, mailbox.mailbox_id, uids)


async def deleted(tx: Transaction, mailbox: MailboxRef, ranges: Ranges) -> list[int]:
    """The uids in these ranges whose copies are \\Deleted. Raises like `expunge`."""
    await require(tx, mailbox, Right.EXPUNGE)
    found: list[int] = []
    for first, last in ranges:
        rows = await tx.fetch(
            DELETED, mailbox.account_id, mailbox.mailbox_id, first, last, Flag.DELETED.value
        )
        found += [row[0] for row in rows]
    return found


async def delete(tx: Transaction, mailbox: MailboxRef, now: int) -> tuple[list[Change], bool]:
    """Removes a mailbox with all that is in it, or of a large one the first `AT_ONCE` messages; True: ask again, there is more.

    Raises `HasChildren`, `NoSuchMailbox`, `NotPermitted` (also for the INBOX); then nothing of it is gone.
    """
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    await hold(tx, account_id)
    await require(tx, mailbox, Right.DELETE_MAILBOX)
    if (await get(tx, mailbox)).role == "inbox":
        raise Impossible("The INBOX cannot be deleted")
    if await tx.fetchrow(CHILD, account_id, mailbox_id):
        raise HasChildren
    last = await tx.fetchrow(LAST_OF_SLICE, account_id, mailbox_id, AT_ONCE - 1)
    expunged = await expunge(
        tx, MailboxRef(account_id, mailbox_id), [(1, last[0] if last else HIGHEST_UID)], now
    )
    if last:
        return [expunged], True
    for statement in (DROP_RIGHTS, DROP_NOTES, DROP_SEEN, DROP_URL_KEY, DROP_MAILBOX):
        await tx.execute(statement, account_id, mailbox_id)
    await tx.execute(BURY, account_id, expunged.modseq, mailbox_id)
    return [expunged, MailboxChanged(account_id, expunged.modseq, mailbox_id)], False


async def take(tx: Transaction, mailbox: MailboxRef, ranges: Ranges, mask: int) -> list[Row]:
    """Takes copies out of `messages`: (uid, email_id, thread_id, size, flags, keywords, internaldate), by uid."""
    rows: list[Row] = []
    for first, last in ranges:
        rows += await tx.fetch(TAKE, mailbox.account_id, mailbox.mailbox_id, first, last, mask)
    rows.sort(key=lambda row: row[0])
    return rows


async def leave(tx: Transaction, mailbox: MailboxRef, rows: Sequence[Row], modseq: int, now: int) -> None:
    """What a mailbox keeps of copies that were taken out of it: their uids, and counts without them."""
    account_id, mailbox_id = mailbox.account_id, mailbox.mailbox_id
    tally = Tally()
    for _, _, _, size, flags, keywords, _ in rows:
        tally.add(flags, keywords, size, -1)
    if rows:
        gone = [(account_id, modseq, mailbox_id, row[0], row[1], row[2], now) for row in rows]
        await tx.executemany(VANISH, gone)
    if not await tally.apply(tx, account_id, mailbox_id, modseq):
        raise NoSuchMailbox


async def _forget_copies(tx: Transaction, account_id: int, rows: Sequence[Row], now: int) -> None:
    """Frees what copies that are gone for good took: quota, emails, bodies, their place in the index."""
    if not rows:
        return
    await tx.execute(FREE, account_id, sum(row[3] for row in rows), len(rows))
    gone: list[int] = []
    released: Counter[int] = Counter()
    by_copies: dict[int, list[int]] = {}
    for email_id, copies in Counter(row[1] for row in rows).items():
        by_copies.setdefault(copies, []).append(email_id)
    for copies, email_ids in sorted(by_copies.items()):
        dropped: dict[int, int] = {}
        for chunk in chunks(email_ids):
            dropped.update(
                (row[0], row[1]) for row in await tx.fetch(DROP_EMAILS, account_id, copies, *chunk)
            )
        released.update(dropped.values())
        gone += dropped
        left = [(account_id, email_id, copies) for email_id in email_ids if email_id not in dropped]
        if left:
            await tx.executemany(FEWER_COPIES, left)
    if gone:
        await tx.executemany(TO_INDEX, [(account_id, email_id) for email_id in sorted(gone)])
    await blobs.unref(tx, account_id, released, now)

"""One copy of a message enters a mailbox: the product's hottest path, in as few statements as there are tables to touch.

The account's row is locked by the first of them that concerns it, so that modseq order is commit order (one counter for the whole
account is both the MODSEQ of RFC 7162 §3.1 and JMAP's state) and no two transactions of an account can deadlock. A copy that was
delivered before (`once`) is recognised before anything is written. Not here: who the recipient is; bodies that are files (`blob_files`),
which are durable before this runs.
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.message.errors import OverQuota
from postroom.store.blobs import blobs
from postroom.store.blobs.blobs import BlobRef
from postroom.store.blobs.spilled import Spilled
from postroom.store.changes import MessageAdded
from postroom.store.emails import muting, threads
from postroom.store.emails.muting import Place
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.flags import Flag, join_keywords
from postroom.store.mailboxes.rights import NoSuchMailbox

ONCE: Final = """
INSERT INTO deliveries (account_id, spool_id, rcpt, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING
"""
BUMP: Final = """
UPDATE accounts SET modseq = modseq + 1, used_bytes = used_bytes + $2, used_msgs = used_msgs + 1
WHERE account_id = $1 AND state < 2 AND (quota_bytes = 0 OR used_bytes + $2 <= quota_bytes) AND (quota_msgs = 0 OR used_msgs < quota_msgs)
RETURNING modseq
"""
EXISTS: Final = "SELECT 1 FROM accounts WHERE account_id = $1 AND state < 2"
ALLOCATE: Final = """
UPDATE mailboxes SET uidnext = uidnext + 1, highestmodseq = $3, n_total = n_total + 1, n_unseen = n_unseen + $4,
n_deleted = n_deleted + $5, n_bytes = n_bytes + $6
WHERE account_id = $1 AND mailbox_id = $2 RETURNING uidnext - 1, uidvalidity
"""
PUT_EMAIL: Final = """
INSERT INTO emails (account_id, email_id, thread_id, blob_id, size, copies, created_modseq, summary)
VALUES ($1, $2, $3, $4, $5, 1, $6, $7)
"""
PUT_MESSAGE: Final = """
INSERT INTO messages (account_id, mailbox_id, uid, modseq, email_id, thread_id, size, flags, keywords, internaldate, savedate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
COUNT_KEYWORD: Final = """
INSERT INTO mailbox_keywords (account_id, mailbox_id, keyword, n_total) VALUES ($1, $2, $3, 1)
ON CONFLICT (account_id, mailbox_id, keyword) DO UPDATE SET n_total = mailbox_keywords.n_total + 1
"""
_SEEN: Final = Flag.SEEN.value  # an IntFlag's operators cost more than the statement they are for
_DELETED: Final = Flag.DELETED.value
TO_INDEX: Final = "INSERT INTO index_queue (account_id, email_id) VALUES ($1, $2)"


class Delivery(msgspec.Struct):
    """What enters which mailbox.

    `size` counts the octets of `raw`, which is durable or small by the time it is filed, and no `Spilled` any more; `internaldate` and `now` are unix microseconds; `email_id` is new (it names the blob too).
    `message_ids`: the message's own, then In-Reply-To, then References from its end; `subject` is the base subject. `once` is
    (spool id, number of the recipient), for whatever may be tried twice. `heeds_mute`: it goes past the inbox when its
    conversation is muted; `filed_in`: the name of the mailbox where it lies at last, for the journey.
    """

    account_id: int
    mailbox_id: int
    email_id: int
    raw: bytes | BlobRef | Spilled
    size: int
    summary: bytes
    internaldate: int
    now: int
    message_ids: tuple[str, ...] = ()
    subject: str = ""
    flags: int = 0
    keywords: tuple[str, ...] = ()
    once: tuple[int, int] | None = None
    heeds_mute: bool = False
    filed_in: str = ""


class Delivered(msgspec.Struct, frozen=True):
    """The copy's place. `blob_id` is another than the one that was brought when the account had these octets already."""

    account_id: int
    mailbox_id: int
    uid: int
    uidvalidity: int
    modseq: int
    email_id: int
    thread_id: int
    blob_id: int

    @property
    def change(self) -> MessageAdded:
        """What to publish after the commit."""
        return MessageAdded(self.account_id, self.modseq, self.mailbox_id, self.uid)


async def deliver(tx: Transaction, delivery: Delivery) -> Delivered | None:
    """Files one copy; None when `once` says that it was filed before.

    Raises `OverQuota`, `NoSuchMailbox` (deleted meanwhile; so does an account that is removed, or unknown), ValueError for bad keywords.
    """
    account_id, now = delivery.account_id, delivery.now
    if delivery.once is not None and not await tx.execute(ONCE, account_id, *delivery.once, now):
        if isinstance(delivery.raw, BlobRef):
            await blobs.superfluous(tx, account_id, delivery.raw)
        return None
    modseq = await _bump(tx, account_id, delivery.size)
    hashes = [threads.message_id_hash(text, delivery.subject) for text in delivery.message_ids]
    thread_id = await threads.join(tx, account_id, delivery.email_id, hashes)
    place = await _place(tx, delivery, thread_id)
    mailbox_id, flags = place.mailbox_id, place.flags
    keywords = join_keywords(place.keywords) if place.keywords else ""
    row = await tx.fetchrow(
        ALLOCATE,
        account_id,
        mailbox_id,
        modseq,
        0 if flags & _SEEN else 1,
        1 if flags & _DELETED else 0,
        delivery.size,
    )
    if row is None:
        raise NoSuchMailbox
    uid, uidvalidity = row
    email_id, raw = delivery.email_id, delivery.raw
    if isinstance(raw, Spilled):
        raise TypeError("a spilled message is made durable before it is filed")
    blob_id = await blobs.put(tx, account_id, email_id, raw)
    await tx.execute(
        PUT_EMAIL, account_id, email_id, thread_id, blob_id, delivery.size, modseq, delivery.summary
    )
    await tx.execute(
        PUT_MESSAGE,
        account_id,
        mailbox_id,
        uid,
        modseq,
        email_id,
        thread_id,
        delivery.size,
        flags,
        keywords,
        delivery.internaldate,
        now,
    )
    if keywords:
        await tx.executemany(COUNT_KEYWORD, [(account_id, mailbox_id, word) for word in keywords.split(" ")])
    await tx.execute(TO_INDEX, account_id, email_id)
    return Delivered(account_id, mailbox_id, uid, uidvalidity, modseq, email_id, thread_id, blob_id)


async def _bump(tx: Transaction, account_id: int, size: int) -> int:
    row = await tx.fetchrow(BUMP, account_id, size)
    if row is not None:
        modseq: int = row[0]
        return modseq
    if await tx.fetchrow(EXISTS, account_id):
        raise OverQuota
    raise NoSuchMailbox(detail=f"no account {account_id}")


async def _place(tx: Transaction, delivery: Delivery, thread_id: int) -> Place:
    wanted = Place(delivery.mailbox_id, delivery.flags, delivery.keywords)
    if not delivery.heeds_mute or thread_id == delivery.email_id:
        return wanted
    return await muting.aside(tx, delivery.account_id, thread_id, wanted)

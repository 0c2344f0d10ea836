"""Messages enter a mailbox because somebody puts them there: all of them in one transaction, or none.

RFC 9051 §6.3.12 and RFC 3502 §6.3.11 (APPEND), RFC 4314 §4 (flags that need a right). Copies out of another account come in this way too, since no
transaction spans two. Not here: mail that arrives from outside (`delivery`), copies within an account (`copying`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import structs

from postroom.message.errors import OverQuota
from postroom.store.emails.delivery import Delivered, Delivery, deliver
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import messages, seen
from postroom.store.mailboxes.counts import check_keywords
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.messages import Ranges
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox, Right, held, require

ORIGINALS: Final = """
SELECT m.uid, e.blob_id, m.flags, m.keywords, m.internaldate, e.size, e.summary
FROM messages m JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid BETWEEN $3 AND $4 ORDER BY m.uid LIMIT $5
"""
PLACE: Final = "SELECT uidvalidity FROM mailboxes WHERE account_id = $1 AND mailbox_id = $2"
ROOM: Final = """
SELECT 1 FROM accounts WHERE account_id = $1 AND (quota_bytes = 0 OR used_bytes + $2 <= quota_bytes)
AND (quota_msgs = 0 OR used_msgs + $3 <= quota_msgs)
"""


class Original(msgspec.Struct, frozen=True):
    """A copy that is to be delivered to another account as well."""

    uid: int
    blob_id: int
    flags: int
    keywords: str
    internaldate: int
    size: int
    summary: bytes


def permitted(letters: str, flags: int, keywords: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """What of a new copy's flags somebody with these rights may set (RFC 4314 §4); the rest is left out, not refused."""
    mask = Flag.SEEN if Right.KEEP_SEEN in letters else Flag(0)
    if Right.DELETE_MESSAGE in letters:
        mask |= Flag.DELETED
    if Right.WRITE_FLAGS in letters:
        return flags & (mask | Flag.ANSWERED | Flag.FLAGGED | Flag.DRAFT), keywords
    return flags & mask, ()


async def arrive(tx: Transaction, target: MailboxRef, deliveries: Sequence[Delivery]) -> list[Delivered]:
    """Files every one, in their order. What had been filed before, by its `once`, is found again.

    Raises `OverQuota`, `NoSuchMailbox`, `NotPermitted`, ValueError for bad keywords.
    """
    await require(tx, target, Right.INSERT)
    letters = await held(tx, target)
    done: list[Delivered] = []
    for delivery in deliveries:
        flags, keywords = permitted(letters, delivery.flags, delivery.keywords)
        marked = bool(flags & Flag.SEEN) and seen.apart(target)
        flags = flags & ~Flag.SEEN if marked else flags
        one = structs.replace(delivery, mailbox_id=target.mailbox_id, flags=flags, keywords=keywords)
        await check_keywords(tx, target.account_id, target.mailbox_id, keywords)
        filed = await deliver(tx, one)
        if filed is None:
            filed = await _found(tx, target, delivery.email_id)
        elif marked:
            await seen.put(tx, target, [filed.uid])
        done.append(filed)
    return done


async def check_room(tx: Transaction, account_id: int, octets: int, number: int) -> None:
    """Whether so many messages would be taken now; raises `OverQuota`."""
    if not await tx.fetchrow(ROOM, account_id, octets, number):
        raise OverQuota


async def originals(tx: Transaction, source: MailboxRef, ranges: Ranges, most: int) -> list[Original]:
    """The copies in these ranges of uids, by uid, at most `most`. Raises `NoSuchMailbox`, `NotPermitted`."""
    await require(tx, source, Right.READ)
    found: list[Original] = []
    for first, last in ranges:
        rows = await tx.fetch(ORIGINALS, source.account_id, source.mailbox_id, first, last, most - len(found))
        found += [Original(*row) for row in await seen.overlay(tx, source, rows)]
    return found


async def _found(tx: Transaction, target: MailboxRef, email_id: int) -> Delivered:
    """What an earlier try had filed, which was committed though it seemed not to be."""
    account_id, mailbox_id = target.account_id, target.mailbox_id
    email = await messages.email(tx, account_id, email_id)
    place = await tx.fetchrow(PLACE, account_id, mailbox_id)
    copies = await messages.copies(tx, account_id, email_id)
    uid = next((uid for box, uid, *_ in copies if box == mailbox_id), 0)
    if email is None or place is None or not uid:
        raise NoSuchMailbox(detail=f"email {email_id} was filed in {mailbox_id} and is there no more")
    return Delivered(account_id, mailbox_id, uid, place[0], 0, email_id, email.thread_id, email.blob_id)

"""What is in a mailbox: read in slices, by uid.

RFC 9051 §2.3.1.1 (uids). Every read is one statement and takes its rows whole, so that a
mailbox of a million messages costs as much as its slice. Not here: what changed since a modseq
(`fetching`, `views`), and changing anything (`flagging`, `expunge`, `copying`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.rights import MailboxRef, Right, require

SLICE: Final = 1000  # rows that one read gives at most, unless asked for fewer
HIGHEST_UID: Final = (1 << 32) - 1  # RFC 9051 §2.3.1.1

Ranges = Sequence[tuple[int, int]]


class Message(msgspec.Struct, frozen=True):
    """One copy in a mailbox. `keywords` as in `flags.split_keywords`; dates are unix microseconds, `size` octets."""

    uid: int
    modseq: int
    flags: int
    keywords: str
    internaldate: int
    email_id: int
    thread_id: int
    size: int
    blob_id: int


class Sizes(msgspec.Struct, frozen=True):
    """What counting and listing need of a copy."""

    uid: int
    size: int
    email_id: int


class Email(msgspec.Struct, frozen=True):
    """What the copies of a message share; `summary` is `message.summary.summary.Summary` packed."""

    email_id: int
    thread_id: int
    blob_id: int
    size: int
    summary: bytes


LISTING: Final = """
SELECT m.uid, m.modseq, m.flags, m.keywords, m.internaldate, m.email_id, m.thread_id, m.size, e.blob_id
FROM messages m JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid > $3 ORDER BY m.uid LIMIT $4
"""
DIGESTS: Final = """
SELECT m.uid, b.hash FROM messages m JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
 JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid > $3 ORDER BY m.uid LIMIT $4
"""
SIZES: Final = """
SELECT uid, size, email_id FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 ORDER BY uid LIMIT $4
"""
EMAIL: Final = """
SELECT email_id, thread_id, blob_id, size, summary FROM emails WHERE account_id = $1 AND email_id = $2
"""
COPIES: Final = """
SELECT mailbox_id, uid, flags, keywords FROM messages WHERE account_id = $1 AND thread_id = $2 AND email_id = $3
ORDER BY mailbox_id, uid
"""


async def listing(
    tx: Transaction, mailbox: MailboxRef, after_uid: int = 0, limit: int = SLICE
) -> list[Message]:
    """The next copies above `after_uid`, by uid; an empty list at the end."""
    await require(tx, mailbox, Right.READ)
    rows = await tx.fetch(LISTING, mailbox.account_id, mailbox.mailbox_id, after_uid, limit)
    return [Message(*row) for row in await seen.overlay(tx, mailbox, rows)]


async def sizes(tx: Transaction, mailbox: MailboxRef, after_uid: int = 0, limit: int = SLICE) -> list[Sizes]:
    """As `listing`, from the narrow rows alone: for a maildrop, and for counting."""
    await require(tx, mailbox, Right.READ)
    rows = await tx.fetch(SIZES, mailbox.account_id, mailbox.mailbox_id, after_uid, limit)
    return [Sizes(*row) for row in rows]


async def digests(
    tx: Transaction, mailbox: MailboxRef, after_uid: int = 0, limit: int = SLICE
) -> list[tuple[int, bytes]]:
    """As `sizes`: uids, and SHA-256 of the messages' octets."""
    await require(tx, mailbox, Right.READ)
    rows = await tx.fetch(DIGESTS, mailbox.account_id, mailbox.mailbox_id, after_uid, limit)
    return [(uid, bytes(digest)) for uid, digest in rows]


async def email(tx: Transaction, account_id: int, email_id: int) -> Email | None:
    """What the copies of an email share; None when the last copy is gone."""
    row = await tx.fetchrow(EMAIL, account_id, email_id)
    return Email(*row) if row is not None else None


async def copies(tx: Transaction, account_id: int, email_id: int) -> list[tuple[int, int, int, str]]:
    """(mailbox id, uid, flags, keywords) of every copy of an email."""
    found = await email(tx, account_id, email_id)
    if found is None:
        return []
    rows = await tx.fetch(COPIES, account_id, found.thread_id, email_id)
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def ranges_of(uids: Iterable[int]) -> list[tuple[int, int]]:
    """The shortest list of (first, last) that covers just these uids."""
    found: list[tuple[int, int]] = []
    for uid in sorted(set(uids)):
        if found and found[-1][1] == uid - 1:
            found[-1] = (found[-1][0], uid)
        else:
            found.append((uid, uid))
    return found

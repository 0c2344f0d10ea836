"""What is read of a mailbox to search it: the narrow rows by SQL, and the values that never change, of a span of uids.

RFC 9051 §6.4.4. One statement each, over a span that the caller keeps short. Not here: keys that need the words of a message (`wording`), and
the logic of a search, which is above the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from postroom.message.query.query import (
    Changed,
    During,
    Flagged,
    Key,
    Keyword,
    OfEmail,
    OfThread,
    Sized,
)
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Row, Transaction, Value
from postroom.store.mailboxes import seen
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import MailboxRef, Right, require

Span = tuple[int, int]  # the first and the last uid

_WHERE: Final = "FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid BETWEEN $3 AND $4"
_UIDS: Final = f"SELECT uid {_WHERE} "
FLAGGED: Final = _UIDS + "AND (flags & $5) <> 0"
DURING: Final = {
    name: f"{_UIDS}AND {name} >= $5 AND {name} < $6" for name in ("internaldate", "savedate")
}  # by the value of `Moment`
SIZED: Final = _UIDS + "AND size >= $5 AND size <= $6"
CHANGED: Final = _UIDS + "AND modseq >= $5"
OF_EMAIL: Final = _UIDS + "AND email_id = $5"
OF_THREAD: Final = _UIDS + "AND thread_id = $5"
KEYWORDS: Final = f"SELECT uid, keywords {_WHERE} AND keywords <> ''"
MODSEQS: Final = f"SELECT uid, modseq {_WHERE}"
ROWS: Final = f"SELECT uid, email_id, internaldate, size {_WHERE} ORDER BY uid"
EMAILS: Final = f"SELECT uid, email_id {_WHERE} ORDER BY uid"
SUMMARIES: Final = """
SELECT m.uid, e.summary, m.email_id FROM messages m JOIN emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid BETWEEN $3 AND $4 ORDER BY m.uid
"""
THREADS_OF: Final = (
    f"SELECT DISTINCT thread_id FROM emails WHERE account_id = $1 AND email_id IN ({placeholders(CHUNK, 2)})"  # noqa: S608 -- constants
)
COPIES: Final = (
    "SELECT uid, email_id FROM messages WHERE account_id = $1 AND mailbox_id = $2"  # noqa: S608 -- constants
    f" AND thread_id IN ({placeholders(CHUNK, 4)}) LIMIT $3"
)
MOST_IN_THREADS: Final = 5_000  # copies that are looked at to find those of some emails
_LOWEST: Final = -(1 << 62)
_HIGHEST: Final = 1 << 62


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What a copy keeps as long as it is there."""

    uid: int
    email_id: int
    internaldate: int
    size: int


async def matching(tx: Transaction, mailbox: MailboxRef, span: Span, key: Key) -> set[int]:
    """The uids in a span for which a key of the narrow rows holds. Raises TypeError for another key."""
    await require(tx, mailbox, Right.READ)
    where = (mailbox.account_id, mailbox.mailbox_id, *span)
    if isinstance(key, Flagged) and key.flag == Flag.SEEN and seen.apart(mailbox):
        return await seen.among(tx, mailbox, span)
    if isinstance(key, Keyword):
        rows = await tx.fetch(KEYWORDS, *where)
        return {row[0] for row in rows if key.keyword in row[1].split(" ")}
    sql, values = _statement(key)
    return {row[0] for row in await tx.fetch(sql, *where, *values)}


def _statement(key: Key) -> tuple[str, tuple[Value, ...]]:
    match key:
        case Flagged(flag=flag):
            return FLAGGED, (flag,)
        case During(moment=moment, first=first, end=end):
            return DURING[moment.value], (
                _LOWEST if first is None else first,
                _HIGHEST if end is None else end,
            )
        case Sized(least=least, most=most):
            return SIZED, (
                0 if least is None else min(least, _HIGHEST),
                _HIGHEST if most is None else min(most, _HIGHEST),
            )
        case Changed(modseq=modseq):
            return CHANGED, (modseq,)
        case OfEmail(email_id=email_id):
            return OF_EMAIL, (email_id,)
        case OfThread(thread_id=thread_id):
            return OF_THREAD, (thread_id,)
        case _:
            raise TypeError(f"{type(key).__name__} is not answered by narrow rows")


async def modseqs(tx: Transaction, mailbox: MailboxRef, span: Span) -> dict[int, int]:
    """The modseqs of the copies in a span, by uid."""
    await require(tx, mailbox, Right.READ)
    rows = await tx.fetch(MODSEQS, mailbox.account_id, mailbox.mailbox_id, *span)
    return {row[0]: row[1] for row in rows}


async def kept(tx: Transaction, mailbox: MailboxRef, span: Span) -> list[Kept]:
    """What the copies in a span keep, by uid."""
    await require(tx, mailbox, Right.READ)
    return [Kept(*row) for row in await tx.fetch(ROWS, mailbox.account_id, mailbox.mailbox_id, *span)]


async def emails(tx: Transaction, mailbox: MailboxRef, span: Span) -> list[Row]:
    """(uid, email id) of the copies in a span, by uid."""
    await require(tx, mailbox, Right.READ)
    return list(await tx.fetch(EMAILS, mailbox.account_id, mailbox.mailbox_id, *span))


async def copies(tx: Transaction, mailbox: MailboxRef, email_ids: Iterable[int]) -> dict[int, int] | None:
    """The emails of all copies of these emails, by uid: an email's copies are among its thread's. None where these threads are too long to look through."""
    await require(tx, mailbox, Right.READ)
    wanted = set(email_ids)
    threads: set[int] = set()
    for chunk in chunks(wanted):
        threads.update(row[0] for row in await tx.fetch(THREADS_OF, mailbox.account_id, *chunk))
    found: dict[int, int] = {}
    left = MOST_IN_THREADS
    for chunk in chunks(threads):
        rows = await tx.fetch(COPIES, mailbox.account_id, mailbox.mailbox_id, left + 1, *chunk)
        left -= len(rows)
        if left < 0:
            return None
        found.update((row[0], row[1]) for row in rows if row[1] in wanted)
    return found


async def summaries(tx: Transaction, mailbox: MailboxRef, span: Span) -> list[Row]:
    """(uid, packed summary, email id) of the copies in a span, by uid."""
    await require(tx, mailbox, Right.READ)
    return list(await tx.fetch(SUMMARIES, mailbox.account_id, mailbox.mailbox_id, *span))

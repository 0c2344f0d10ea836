"""What is unread in an account, kept up with its changes, so that nobody counts a mailbox of a hundred thousand messages again and again.

RFC 8621 §2 (unreadEmails, unreadThreads, and why the trash is apart). The first look reads the account's copies in slices; later ones only what
changed since. Not here: total counts, which mailboxes keep themselves (`counts`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from typing import Final

import msgspec

from postroom.store.emails import Reader
from postroom.store.engine import Transaction
from postroom.store.flags import Flag

SLICE: Final = 2_000  # copies in one statement: some milliseconds
MOST_ACCOUNTS: Final = 200  # that are remembered
MOST_UNREAD: Final = (
    1_000_000  # copies that are remembered of all of them together; the rest is looked for anew
)

BEGIN: Final = """
SELECT mailbox_id, uid, email_id, thread_id, flags FROM messages WHERE account_id = $1 AND mailbox_id = $2 AND uid > $3 ORDER BY uid LIMIT $4
"""
CHANGED: Final = """
SELECT mailbox_id, uid, email_id, thread_id, flags, modseq FROM messages WHERE account_id = $1 AND modseq > $2 ORDER BY modseq, mailbox_id, uid LIMIT $3
"""
GONE: Final = "SELECT mailbox_id, uid FROM vanished WHERE account_id = $1 AND modseq > $2"
STATE: Final = "SELECT modseq, vanished_floor FROM accounts WHERE account_id = $1"
MAILBOXES: Final = "SELECT mailbox_id, n_unseen, n_total FROM mailboxes WHERE account_id = $1"
SEEN: Final = "SELECT mailbox_id, uid FROM seen WHERE account_id = $1 AND reader_id = $2"
_READ: Final = (Flag.SEEN | Flag.DRAFT | Flag.DELETED).value
_SEEN: Final = Flag.SEEN.value
_OUT: Final = (Flag.DRAFT | Flag.DELETED).value


class Unread(msgspec.Struct, frozen=True):
    """How many emails in a mailbox are unread, and how many threads with an email there have an unread one anywhere."""

    emails: int = 0
    threads: int = 0


class Known:
    """Unread copies of an account: (email id, thread id) by (mailbox id, uid), as of `modseq`."""

    def __init__(self, modseq: int) -> None:
        self.modseq = modseq
        self.copies: dict[tuple[int, int], tuple[int, int]] = {}

    def put(self, mailbox_id: int, uid: int, email: tuple[int, int], flags: int) -> None:
        """A copy as it is now."""
        if flags & _READ:
            self.copies.pop((mailbox_id, uid), None)
        else:
            self.copies[mailbox_id, uid] = email


class UnreadCounts:
    """What is known of accounts that were asked for last."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, int], Known] = OrderedDict()

    async def look(self, tx: Transaction, reader: Reader) -> Known:
        """The unread copies of an account as one of its readers has them, up to date."""
        who = 0 if reader.who == reader.account_id else reader.who
        key = (reader.account_id, who)
        row = await tx.fetchrow(STATE, reader.account_id)
        modseq, floor = (row[0], row[1]) if row is not None else (0, 0)
        known = self._known.pop(key, None)
        if known is None or known.modseq < floor or known.modseq > modseq:
            known = await _begin(tx, reader.account_id, who, modseq)
        elif known.modseq < modseq:
            known = await _follow(tx, reader.account_id, who, known) or await _begin(
                tx, reader.account_id, who, modseq
            )
        self._known[key] = known
        self._forget()
        return known

    def _forget(self) -> None:
        total = sum(len(known.copies) for known in self._known.values())
        while len(self._known) > 1 and (len(self._known) > MOST_ACCOUNTS or total > MOST_UNREAD):
            _, oldest = self._known.popitem(last=False)
            total -= len(oldest.copies)


async def in_mailboxes(
    tx: Transaction, reader: Reader, known: Known, trash: int | None, mailbox_ids: Collection[int]
) -> dict[int, Unread]:
    """The counts of mailboxes, given what is unread; `trash` is the mailbox that counts apart."""
    emails: dict[int, set[int]] = {}
    inside: set[int] = set()  # threads with an unread email in the trash
    outside: set[int] = set()  # and with one in another mailbox
    for (mailbox_id, _), (email_id, thread_id) in known.copies.items():
        if reader.mailboxes is not None and mailbox_id not in reader.mailboxes:
            continue
        emails.setdefault(mailbox_id, set()).add(email_id)
        (inside if mailbox_id == trash else outside).add(thread_id)
    where = await _mailboxes_of(tx, reader.account_id, inside | outside)
    counts = {}
    for mailbox_id in mailbox_ids:
        unread = inside if mailbox_id == trash else outside
        threads = sum(thread_id in unread for thread_id in where.get(mailbox_id, ()))
        counts[mailbox_id] = Unread(len(emails.get(mailbox_id, ())), threads)
    return counts


THREADS_AT_ONCE: Final = 50
_PLACES: Final = ", ".join(f"${number}" for number in range(2, 2 + THREADS_AT_ONCE))
WHERE: Final = f"SELECT DISTINCT mailbox_id, thread_id FROM messages WHERE account_id = $1 AND thread_id IN ({_PLACES}) AND (flags & 8) = 0"  # noqa: S608


async def _mailboxes_of(tx: Transaction, account_id: int, threads: set[int]) -> dict[int, list[int]]:
    """The threads that have an email in a mailbox, by mailbox."""
    found: dict[int, list[int]] = {}
    ordered = sorted(threads)
    for start in range(0, len(ordered), THREADS_AT_ONCE):
        part = ordered[start : start + THREADS_AT_ONCE]
        part += part[-1:] * (THREADS_AT_ONCE - len(part))
        for mailbox_id, thread_id in await tx.fetch(WHERE, account_id, *part):
            found.setdefault(mailbox_id, []).append(thread_id)
        await asyncio.sleep(0)
    return found


async def _begin(tx: Transaction, account_id: int, who: int, modseq: int) -> Known:
    known = Known(modseq)
    seen = await _seen_by(tx, account_id, who)
    for mailbox_id, unseen, total in await tx.fetch(MAILBOXES, account_id):
        left, last = (total if who else unseen), 0
        while left > 0:
            rows = await tx.fetch(BEGIN, account_id, mailbox_id, last, SLICE)
            if not rows:
                break
            for box, uid, email_id, thread_id, flags in rows:
                known.put(box, uid, (email_id, thread_id), _as_read_by(flags, seen, box, uid))
            left -= len(rows) if who else sum(not row[4] & _SEEN for row in rows)
            last = rows[-1][1]
            await asyncio.sleep(0)
    return known


async def _follow(tx: Transaction, account_id: int, who: int, known: Known) -> Known | None:
    """What is known, brought up to date; None when too much has changed for that."""
    seen = await _seen_by(tx, account_id, who)
    rows = await tx.fetch(CHANGED, account_id, known.modseq, SLICE)
    if len(rows) >= SLICE:
        return None
    gone = await tx.fetch(GONE, account_id, known.modseq)
    newest = await tx.fetchrow(STATE, account_id)
    for mailbox_id, uid in gone:
        known.copies.pop((mailbox_id, uid), None)
    for mailbox_id, uid, email_id, thread_id, flags, _ in rows:
        known.put(mailbox_id, uid, (email_id, thread_id), _as_read_by(flags, seen, mailbox_id, uid))
    known.modseq = newest[0] if newest is not None else known.modseq
    return known


async def _seen_by(tx: Transaction, account_id: int, who: int) -> set[tuple[int, int]] | None:
    """What a reader has seen in another's account; None for the owner, whose flags are in the rows."""
    if not who:
        return None
    return {(row[0], row[1]) for row in await tx.fetch(SEEN, account_id, who)}


def _as_read_by(flags: int, seen: set[tuple[int, int]] | None, mailbox_id: int, uid: int) -> int:
    if seen is None:
        return flags
    return flags & _OUT | (_SEEN if (mailbox_id, uid) in seen else 0)

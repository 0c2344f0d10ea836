"""What the store forgets in time, so that it does not grow by what nobody asks for any more.

RFC 7162 §3.2.6 (a server may forget expunged uids, and then answers in full: below `vanished_floor`), the marks by which a delivery is
recognised, message-ids of threads that are gone, and what accounts that were removed have left. Slices, each a commit of its own, at the
lowest urgency. Not here: objects (`Store.sweep`), the journal, the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from postroom.store.engine import Engine, Transaction, Urgency
from postroom.store.expunge import expunge
from postroom.store.messages import Sizes, ranges_of, sizes
from postroom.store.rights import MailboxRef

DAY: Final = 86_400 * 1_000_000  # microseconds
VANISHED_DAYS: Final = 90
VANISHED_ROWS: Final = 100_000  # of one mailbox
DELIVERIES_DAYS: Final = 30  # longer than anything stays in the queue
SLICE: Final = 500
HASH_SLICES: Final = 64

ACCOUNTS: Final = "SELECT account_id FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2"
REMOVED: Final = """
SELECT a.account_id FROM accounts a LEFT JOIN profiles p ON p.account_id = a.account_id
WHERE a.state = 1 AND p.account_id IS NULL ORDER BY a.account_id LIMIT $1
"""
MAILBOXES: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 ORDER BY mailbox_id"
OLD: Final = "SELECT MAX(modseq) FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND at < $3"
TOO_MANY: Final = """
SELECT modseq FROM vanished WHERE account_id = $1 AND mailbox_id = $2 ORDER BY modseq DESC LIMIT 1 OFFSET $3
"""
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
FORGET_VANISHED: Final = "DELETE FROM vanished WHERE account_id = $1 AND mailbox_id = $2 AND modseq <= $3"
RAISE_FLOOR: Final = """
UPDATE mailboxes SET vanished_floor = $3 WHERE account_id = $1 AND mailbox_id = $2 AND vanished_floor < $3
"""
RAISE_ACCOUNT_FLOOR: Final = """
UPDATE accounts SET vanished_floor = $2 WHERE account_id = $1 AND vanished_floor < $2
"""
ORPHANED: Final = """
DELETE FROM vanished WHERE account_id = $1 AND at < $2
AND NOT EXISTS (SELECT 1 FROM mailboxes b WHERE b.account_id = $1 AND b.mailbox_id = vanished.mailbox_id)
"""
DELIVERIES: Final = "DELETE FROM deliveries WHERE account_id = $1 AND at < $2"
REFERENCES: Final = """
DELETE FROM msgid_refs WHERE account_id = $1 AND msgid_hash BETWEEN $2 AND $3
AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.thread_id = msgid_refs.thread_id)
"""
LEFT_BEHIND: Final = tuple(
    f"DELETE FROM {table} WHERE account_id = $1"  # noqa: S608 -- constants
    for table in (
        "vanished",
        "deliveries",
        "msgid_refs",
        "mailbox_keywords",
        "seen",
        "acl",
        "deleted_mailboxes",
        "mailboxes",
        "accounts",
    )
)


class Pruned(msgspec.Struct):
    """Rows that went."""

    vanished: int = 0
    deliveries: int = 0
    references: int = 0
    accounts: int = 0


async def prune(engine: Engine, now: int) -> Pruned:
    """Forgets what is old, in every account, and removes what removed accounts left. `now`: unix microseconds."""
    pruned = Pruned()
    for row in await engine.reading().fetch(REMOVED, SLICE):
        await purge(engine, row[0], now)
        pruned.accounts += 1
    last = -1
    while rows := await engine.reading().fetch(ACCOUNTS, last, SLICE):
        last = rows[-1][0]
        for row in rows:
            await _prune_account(engine, row[0], now, pruned)
    return pruned


async def purge(engine: Engine, account_id: int, now: int) -> None:
    """Removes an account's mail, mailboxes and itself; bodies that are files go with the next sweep."""
    for row in await engine.reading().fetch(MAILBOXES, account_id):
        mailbox = MailboxRef(account_id, row[0])
        while slice_ := await sizes(engine.reading(), mailbox, 0, SLICE):
            await _write(engine, _expunge(mailbox, slice_, now))
    await _write(engine, _leave_nothing(account_id))


async def _prune_account(engine: Engine, account_id: int, now: int, pruned: Pruned) -> None:
    for row in await engine.reading().fetch(MAILBOXES, account_id):
        floor = await _new_floor(engine.reading(), account_id, row[0], now - VANISHED_DAYS * DAY)
        if floor:
            pruned.vanished += await _write(engine, _forget(account_id, row[0], floor))
    before = now - VANISHED_DAYS * DAY
    pruned.vanished += await _write(engine, lambda tx: tx.execute(ORPHANED, account_id, before))
    before = now - DELIVERIES_DAYS * DAY
    pruned.deliveries += await _write(engine, lambda tx: tx.execute(DELIVERIES, account_id, before))
    step = (1 << 63) // HASH_SLICES
    for low in range(0, 1 << 63, step):
        pruned.references += await _write(engine, _forget_references(account_id, low, low + step - 1))


async def _new_floor(tx: Transaction, account_id: int, mailbox_id: int, before: int) -> int:
    """The modseq up to which a mailbox's expunged uids are forgotten; 0 for none."""
    old = await tx.fetchrow(OLD, account_id, mailbox_id, before)
    too_many = await tx.fetchrow(TOO_MANY, account_id, mailbox_id, VANISHED_ROWS)
    return max((old[0] or 0) if old else 0, too_many[0] if too_many else 0)


def _forget(account_id: int, mailbox_id: int, floor: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        await tx.fetch(LOCK, account_id)
        await tx.execute(RAISE_FLOOR, account_id, mailbox_id, floor)
        await tx.execute(RAISE_ACCOUNT_FLOOR, account_id, floor)
        return await tx.execute(FORGET_VANISHED, account_id, mailbox_id, floor)

    return work


def _forget_references(account_id: int, low: int, high: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        await tx.fetch(LOCK, account_id)  # no delivery joins a thread meanwhile
        return await tx.execute(REFERENCES, account_id, low, high)

    return work


def _expunge(
    mailbox: MailboxRef, slice_: Sequence[Sizes], now: int
) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        return len((await expunge(tx, mailbox, ranges_of(copy.uid for copy in slice_), now)).uids)

    return work


def _leave_nothing(account_id: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        return sum([await tx.execute(statement, account_id) for statement in LEFT_BEHIND])

    return work


async def _write(engine: Engine, work: Callable[[Transaction], Awaitable[int]]) -> int:
    return await engine.write(work, Urgency.HOUSEKEEPING)

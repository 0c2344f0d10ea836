"""What the store forgets in time, so that it does not grow by what nobody asks for any more.

RFC 7162 §3.2.6 (a server may forget expunged uids, and then answers in full: below `vanished_floor`; likewise records that are gone, RFC 8620 §5.2),
the marks by which a delivery is recognised, journeys, message-ids of threads that are gone, and what accounts that were removed have left. Slices, each a commit of its own, at the
lowest urgency. Not here: objects (`Store.sweep`), the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from postroom.store import journal
from postroom.store.changes import RecordsChanged
from postroom.store.emails.expunge import expunge
from postroom.store.engine.ids import first_of
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.mailboxes.messages import Sizes, ranges_of, sizes
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.records import blobs as record_blobs
from postroom.store.records import records

DAY: Final = 86_400 * 1_000_000  # microseconds
VANISHED_DAYS: Final = 90
VANISHED_ROWS: Final = 100_000  # of one mailbox
BURIED_ROWS: Final = 10_000  # mailboxes of one account that are gone, as many as it may have
DELIVERIES_DAYS: Final = 30  # longer than anything stays in the queue
SLICE: Final = 500
ROWS_AT_ONCE: Final = 1000  # rows that one commit forgets
JOURNEYS_AT_ONCE: Final = 200  # journeys that one commit forgets: each has several wide rows
RECORDS_AT_ONCE: Final = 200  # records that one commit removes
REFERENCES_AT_ONCE: Final = 5_000  # message-ids that one look goes through, and one commit forgets at most

ACCOUNTS: Final = "SELECT account_id FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2"
REMOVED: Final = """
SELECT a.account_id FROM accounts a LEFT JOIN profiles p ON p.account_id = a.account_id
WHERE a.state <> 0 AND p.account_id IS NULL ORDER BY a.account_id LIMIT $1
"""
MAILBOXES: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 ORDER BY mailbox_id"
KEPT: Final = """
SELECT mailbox_id, MAX(CASE WHEN at < $2 THEN modseq ELSE 0 END), COUNT(*) FROM vanished WHERE account_id = $1
GROUP BY mailbox_id ORDER BY mailbox_id
"""
TOO_MANY: Final = """
SELECT modseq FROM vanished WHERE account_id = $1 AND mailbox_id = $2 ORDER BY modseq DESC LIMIT 1 OFFSET $3
"""
LOCK: Final = "SELECT modseq FROM accounts WHERE account_id = $1 {LOCK}"
RECORDS_GONE: Final = """
SELECT COALESCE(MAX(CASE WHEN at < $2 THEN modseq ELSE 0 END), 0), COUNT(*) FROM records_gone WHERE account_id = $1
"""
TOO_MANY_GONE: Final = """
SELECT modseq FROM records_gone WHERE account_id = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2
"""
TOO_MANY_BURIED: Final = """
SELECT modseq FROM deleted_mailboxes WHERE account_id = $1 ORDER BY modseq DESC LIMIT 1 OFFSET $2
"""
# Below the account's floor JMAP tells no changes of mailboxes, so that nobody asks for them.
BURIED_BELOW: Final = "modseq <= (SELECT a.vanished_floor FROM accounts a WHERE a.account_id = $1)"
OLD_BURIED: Final = f"SELECT 1 FROM deleted_mailboxes WHERE account_id = $1 AND {BURIED_BELOW} LIMIT 1"  # noqa: S608 -- constants
RAISE_FLOOR: Final = """
UPDATE mailboxes SET vanished_floor = $3 WHERE account_id = $1 AND mailbox_id = $2 AND vanished_floor < $3
"""
RAISE_ACCOUNT_FLOOR: Final = """
UPDATE accounts SET vanished_floor = $2 WHERE account_id = $1 AND vanished_floor < $2
"""
OLD_RECORDS: Final = """
SELECT record_id FROM records WHERE account_id = $1 AND kind = $2 AND record_id < $3 ORDER BY record_id LIMIT $4
"""
OLD_DELIVERIES: Final = "SELECT 1 FROM deliveries WHERE account_id = $1 AND at < $2 LIMIT 1"
COUNT_REFERENCES: Final = "SELECT COUNT(*) FROM msgid_refs WHERE account_id = $1"
DEAD_REFERENCE: Final = """
SELECT 1 FROM msgid_refs r WHERE r.account_id = $1 AND r.msgid_hash BETWEEN $2 AND $3
AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.thread_id = r.thread_id) LIMIT 1
"""
REFERENCES: Final = """
DELETE FROM msgid_refs WHERE account_id = $1 AND msgid_hash BETWEEN $2 AND $3
AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.thread_id = msgid_refs.thread_id)
"""
STALE_SEEN: Final = """
SELECT 1 FROM seen s WHERE s.account_id = $1 AND NOT EXISTS (
SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.mailbox_id = s.mailbox_id AND m.uid = s.uid) LIMIT 1
"""
KEYS: Final = {
    "vanished": "modseq, mailbox_id, uid",
    "records_gone": "kind, modseq, record_id",
    "seen": "mailbox_id, reader_id, uid",
    "deliveries": "spool_id, rcpt",
    "journal_links": "email_id, accept_id, rcpt",
    "msgid_refs": "msgid_hash",
    "deleted_mailboxes": "modseq, mailbox_id",
}  # of tables of which an account may have any number of rows


def _some_of(table: str, which: str = "") -> str:
    """Takes at most $2 rows of an account."""
    key = KEYS[table]
    return (
        f"DELETE FROM {table} WHERE account_id = $1 AND ({key}) IN"  # noqa: S608 -- constants
        f" (SELECT {key} FROM {table} WHERE account_id = $1 {which} LIMIT $2)"
    )


FORGET_VANISHED: Final = _some_of("vanished", "AND mailbox_id = $3 AND modseq <= $4")
FORGET_RECORDS: Final = _some_of("records_gone", "AND modseq <= $3")
FORGET_DELIVERIES: Final = _some_of("deliveries", "AND at < $3")
FORGET_BURIED: Final = _some_of("deleted_mailboxes", f"AND {BURIED_BELOW}")
FORGET_SEEN: Final = _some_of(
    "seen",
    "AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.account_id = $1 AND m.mailbox_id = seen.mailbox_id AND m.uid = seen.uid)",
)
FORGET_ALL: Final = tuple(_some_of(table) for table in KEYS)
LEFT_BEHIND: Final = tuple(
    f"DELETE FROM {table} WHERE account_id = $1"  # noqa: S608 -- constants
    for table in (
        "vanished",
        "deliveries",
        "msgid_refs",
        "mailbox_keywords",
        "seen",
        "url_keys",
        "unfinished",
        "logins",
        "acl",
        "subscriptions",
        "annotations",
        "deleted_mailboxes",
        "records_gone",
        "record_acl",
        "record_places",
        "bulk_parts",
        "snooze_due",
        "report_mailboxes",
        "journal_links",
        "credentials",
        "tokens",
        "grants",
        "passkeys",
        "browser_sessions",
        "client_certificates",
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
    records: int = 0
    mailboxes: int = 0


async def prune(engine: Engine, now: int) -> Pruned:
    """Forgets what is old, in every account, and removes what removed accounts left. `now`: unix microseconds."""
    pruned = Pruned()
    tx = Unhurried(engine)
    for row in await tx.fetch(REMOVED, SLICE):
        await purge(engine, row[0], now)
        pruned.accounts += 1
    last = -1
    while rows := await tx.fetch(ACCOUNTS, last, SLICE):
        last = rows[-1][0]
        for row in rows:
            await _prune_account(engine, row[0], now, pruned)
    return pruned


async def prune_journeys(engine: Engine, before: int) -> int:
    """Forgets journeys that began before `before` (unix microseconds), and which emails belong to them; gives how many they were."""
    gone = JOURNEYS_AT_ONCE
    journeys = 0
    while gone >= JOURNEYS_AT_ONCE:
        gone = await _write(engine, lambda tx: journal.prune(tx, before, JOURNEYS_AT_ONCE))
        journeys += gone
    await prune_links(engine, before)
    return journeys


async def prune_links(engine: Engine, before: int) -> int:
    """Forgets which emails belong to journeys that began before `before` (unix microseconds); gives how many."""
    gone, last = 0, -1
    while rows := await engine.reading().fetch(ACCOUNTS, last, SLICE):
        last = rows[-1][0]
        for row in rows:
            forget = partial(journal.prune_links, account_id=row[0], before=before, limit=ROWS_AT_ONCE)
            gone += await _slice_by_slice(engine, forget)
    return gone


async def prune_records(engine: Engine, kind: str, before: int, now: int) -> list[RecordsChanged]:
    """Removes records of a kind that were made before `before` (unix microseconds), as their owner would; gives what is to be published."""
    reading, last, done = Unhurried(engine), -1, list[RecordsChanged]()
    while rows := await reading.fetch(ACCOUNTS, last, SLICE):
        last = rows[-1][0]
        for row in rows:
            of = records.Kind(row[0], kind)
            while old := await reading.fetch(
                OLD_RECORDS, of.account_id, kind, first_of(before), RECORDS_AT_ONCE
            ):
                numbers = [one[0] for one in old]
                done += await engine.write(partial(_remove, of, numbers, now), Urgency.HOUSEKEEPING)
    return done


async def _remove(
    of: records.Kind, numbers: Sequence[int], now: int, tx: Transaction
) -> list[RecordsChanged]:
    """Those of them that their owner has not removed meanwhile; he is told once."""
    await tx.fetch(LOCK, of.account_id)
    there = await records.some(tx, of, numbers)
    return [await records.remove(tx, of, number, now) for number in there][-1:]


async def purge(engine: Engine, account_id: int, now: int) -> None:
    """Removes an account's mail, mailboxes and itself; bodies that are files go with the next sweep."""
    reading = Unhurried(engine)
    for row in await reading.fetch(MAILBOXES, account_id):
        mailbox = MailboxRef(account_id, row[0])
        while slice_ := await sizes(reading, mailbox, 0, SLICE):
            await _write(engine, _expunge(mailbox, slice_, now))
    for step in (partial(_release, account_id, now), partial(_drop, account_id)):
        while await _write(engine, step):
            pass
    for statement in FORGET_ALL:
        await _forget(engine, statement, account_id)
    await _write(engine, _leave_nothing(account_id))


async def _prune_account(engine: Engine, account_id: int, now: int, pruned: Pruned) -> None:
    """Looks before it writes: in most accounts there is nothing to forget, and a commit costs more than a look."""
    tx = Unhurried(engine)
    for mailbox_id, old, number in await tx.fetch(KEPT, account_id, now - VANISHED_DAYS * DAY):
        floor = old
        if number > VANISHED_ROWS:
            row = await tx.fetchrow(TOO_MANY, account_id, mailbox_id, VANISHED_ROWS)
            floor = max(floor, row[0] if row else 0)
        if floor:
            await _write(engine, _raise_floor(account_id, mailbox_id, floor))
            pruned.vanished += await _forget(engine, FORGET_VANISHED, account_id, mailbox_id, floor)
    pruned.records += await _prune_records_gone(engine, account_id, now)
    pruned.mailboxes += await _prune_buried(engine, account_id)
    if await tx.fetchrow(STALE_SEEN, account_id):
        await _forget(engine, FORGET_SEEN, account_id)
    before = now - DELIVERIES_DAYS * DAY
    if await tx.fetchrow(OLD_DELIVERIES, account_id, before):
        pruned.deliveries += await _forget(engine, FORGET_DELIVERIES, account_id, before)
    row = await tx.fetchrow(COUNT_REFERENCES, account_id)
    slices = 1 + (row[0] if row else 0) // REFERENCES_AT_ONCE
    step = (1 << 63) // slices
    for low in range(0, (1 << 63) - 1, step):
        high = min(low + step, 1 << 63) - 1
        if await tx.fetchrow(DEAD_REFERENCE, account_id, low, high):
            pruned.references += await _write(engine, _forget_references(account_id, low, high))


async def _prune_records_gone(engine: Engine, account_id: int, now: int) -> int:
    """One floor for all kinds, the account's: it is below it that JMAP tells no changes."""
    tx = Unhurried(engine)
    row = await tx.fetchrow(RECORDS_GONE, account_id, now - VANISHED_DAYS * DAY)
    floor, number = row if row is not None else (0, 0)
    if number > VANISHED_ROWS:
        beyond = await tx.fetchrow(TOO_MANY_GONE, account_id, VANISHED_ROWS)
        floor = max(floor, beyond[0] if beyond else 0)
    if not floor:
        return 0
    await _write(engine, lambda tx: tx.execute(RAISE_ACCOUNT_FLOOR, account_id, floor))
    return await _forget(engine, FORGET_RECORDS, account_id, floor)


async def _prune_buried(engine: Engine, account_id: int) -> int:
    """Mailboxes that are gone: those below the account's floor, which follows them where they are too many."""
    tx = Unhurried(engine)
    beyond = await tx.fetchrow(TOO_MANY_BURIED, account_id, BURIED_ROWS)
    if beyond is not None:
        await _write(engine, lambda tx: tx.execute(RAISE_ACCOUNT_FLOOR, account_id, beyond[0]))
    if not await tx.fetchrow(OLD_BURIED, account_id):
        return 0
    return await _forget(engine, FORGET_BURIED, account_id)


def _raise_floor(account_id: int, mailbox_id: int, floor: int) -> Callable[[Transaction], Awaitable[int]]:
    """Before anything below it is forgotten."""

    async def work(tx: Transaction) -> int:
        await tx.fetch(LOCK, account_id)
        await tx.execute(RAISE_ACCOUNT_FLOOR, account_id, floor)
        return await tx.execute(RAISE_FLOOR, account_id, mailbox_id, floor)

    return work


async def _forget(engine: Engine, statement: str, account_id: int, *which: int) -> int:
    """Carries out one of `_some_of` until nothing is left for it; gives how many rows went."""
    return await _slice_by_slice(engine, lambda tx: tx.execute(statement, account_id, ROWS_AT_ONCE, *which))


async def _slice_by_slice(engine: Engine, forget: Callable[[Transaction], Awaitable[int]]) -> int:
    """A commit for each `ROWS_AT_ONCE` rows: mail that comes in meanwhile waits for one of them at most."""
    gone = 0
    while True:
        some = await _write(engine, forget)
        gone += some
        if some < ROWS_AT_ONCE:
            return gone


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


async def _release(account_id: int, now: int, tx: Transaction) -> int:
    return await record_blobs.release(tx, account_id, SLICE, now)


async def _drop(account_id: int, tx: Transaction) -> int:
    return await records.drop(tx, account_id, SLICE)


def _leave_nothing(account_id: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        return sum([await tx.execute(statement, account_id) for statement in LEFT_BEHIND])

    return work


async def _write(engine: Engine, work: Callable[[Transaction], Awaitable[int]]) -> int:
    return await engine.write(work, Urgency.HOUSEKEEPING)

"""`postroom check`: whether the store agrees with itself, and putting right what can be rebuilt.

Numbers are counted anew, summaries made anew from the octets, references followed, files without a row removed after the grace that a
running delivery or a restored backup needs. What is lost is said, and nothing is made up for it. Works beside a running server on the same
store object. Not here: the command.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from postroom.store.administration import namings
from postroom.store.blobs import blobs
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction, Urgency
from postroom.store.engine.unhurried import Unhurried
from postroom.store.fsck.contacts import check_contacts
from postroom.store.fsck.emails import EmailCheck
from postroom.store.fsck.findings import Finding, Wrong
from postroom.store.fsck.mailboxes import check_account
from postroom.store.store import Store

SLICE: Final = 500
ACCOUNTS: Final = "SELECT account_id FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2"
MAILBOXES: Final = "SELECT mailbox_id FROM mailboxes WHERE account_id = $1 ORDER BY mailbox_id"
ROW: Final = "SELECT place FROM blobs WHERE account_id = $1 AND blob_id = $2"
INTEGRITY: Final = "PRAGMA integrity_check(20)"


async def check(
    store: Store, now: int, *, repair: bool = False, octets: bool = False
) -> AsyncIterator[Finding]:
    """Everything that is wrong, as it is found, with whose it is. `now`: unix microseconds.

    `octets` reads the database's pages and every body too: that takes as long as reading all the mail.
    """
    reading = Unhurried(store.engine)
    async for finding in _findings(store, now, repair=repair, octets=octets):
        known = None if finding.address else await directory.account(reading, finding.account_id)
        yield finding if known is None else msgspec.structs.replace(finding, address=str(known.address))
    async for one in namings.dead_ends(reading):
        words = f"{one.who} names {one.target}, and nobody here has that address: {one.remedy}"
        yield Finding(Wrong.DEAD_END, 0, words, address=one.address or one.kind)


async def _findings(store: Store, now: int, *, repair: bool, octets: bool) -> AsyncIterator[Finding]:
    if octets:
        for finding in await _database(store):
            yield finding
    reading = Unhurried(store.engine)
    emails = EmailCheck(store, now, repair=repair, octets=octets)
    async for account_id in _accounts(reading):
        for row in await reading.fetch(MAILBOXES, account_id):
            async for finding in emails.copies(account_id, row[0]):
                yield finding
        for finding in await _account(store, account_id, repair=repair):
            yield finding
        async for finding in check_contacts(store.engine, account_id, now, repair=repair):
            yield finding
    async for finding in emails.emails():
        yield finding
    async for finding in emails.bodies():
        yield finding
    async for finding in _files(store, now, repair=repair):
        yield finding


async def _database(store: Store) -> list[Finding]:
    if store.engine.dialect.name != "sqlite":
        return []
    rows = await store.engine.aside(lambda tx: tx.fetch(INTEGRITY))
    return [Finding(Wrong.DATABASE, 0, str(row[0])) for row in rows if row[0] != "ok"]


async def _accounts(tx: Transaction) -> AsyncIterator[int]:
    last = -1
    while rows := await tx.fetch(ACCOUNTS, last, SLICE):
        last = rows[-1][0]
        for row in rows:
            yield row[0]


async def _account(store: Store, account_id: int, *, repair: bool) -> list[Finding]:
    findings = await store.engine.aside(lambda tx: check_account(tx, account_id, repair=False))
    if findings and repair:
        return await store.engine.write(
            lambda tx: check_account(tx, account_id, repair=True), Urgency.HOUSEKEEPING
        )
    return findings


async def _files(store: Store, now: int, *, repair: bool) -> AsyncIterator[Finding]:
    files = store.files
    if files is None:
        return
    before = (now - blobs.GRACE) / 1_000_000
    tx = Unhurried(store.engine)
    for account_id, blob_id, changed in await asyncio.to_thread(lambda: list(files.listing())):
        if changed < before and await tx.fetchrow(ROW, account_id, blob_id) is None:
            if repair:
                await asyncio.to_thread(files.remove, account_id, blob_id)
            yield Finding(Wrong.ORPHAN_FILE, account_id, str(files.path(account_id, blob_id)), repair)
    for path, changed in await asyncio.to_thread(lambda: list(files.parts())):
        if changed < before:
            if repair:
                await asyncio.to_thread(files.remove_part, path)
            yield Finding(Wrong.UNFINISHED_FILE, 0, str(path), repair)

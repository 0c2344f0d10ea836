"""Fills a mailbox of a Postroom store that no server has open, outside any timing, through the store's own delivery.

Messages are small, and thousands share a commit; what would be indexed is struck off the index's queue afterwards, so that the
index does not run during the measurement. Not here: the peer's Maildir (`dovecot`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from bench.processes import BenchError
from postroom.message.address import Address
from postroom.message.summary import summarize
from postroom.store import delivery, mailboxes
from postroom.store.delivery import Delivery
from postroom.store.directory import Account, resolve
from postroom.store.engine import Engine, Transaction
from postroom.store.ids import Ids
from postroom.store.store import Store

BATCH: Final = 2000  # messages in one commit
NODE: Final = 1023  # of the ids, so that they are no server's
START: Final = 1_700_000_000_000_000  # INTERNALDATE of the first message, unix microseconds
STRIKE_OFF: Final = "DELETE FROM index_queue"

MESSAGE: Final = b"""\
Return-Path: <sender@elsewhere.test>\r
From: Sender <sender@elsewhere.test>\r
To: user@receiver.test\r
Subject: one of many\r
Date: Thu, 01 Jan 2026 00:00:00 +0000\r
Message-ID: <one-of-many@elsewhere.test>\r
\r
A few words.\r
"""


def fill(database: Path, address: str, count: int) -> None:
    """Delivers `count` messages to the INBOX of an account."""
    asyncio.run(_fill(database, address, count))


async def _fill(database: Path, text: str, count: int) -> None:
    store = await Store.open(f"sqlite://{database}")
    try:
        local, _, domain = text.partition("@")
        tx = store.engine.reading()
        found = await resolve(tx, Address(local, domain))
        if not isinstance(found, Account):
            raise BenchError(f"{text} is not an account of {database}")
        inbox = await mailboxes.inbox_id(tx, found.account_id)
        filler = _Filler(store.engine, found.account_id, inbox)
        for first in range(0, count, BATCH):
            await filler.deliver(first, min(first + BATCH, count))
        await store.engine.write(_strike_off)
    finally:
        await store.close()


async def _strike_off(tx: Transaction) -> None:
    await tx.execute(STRIKE_OFF)


class _Filler:
    """Each message is a thread of its own."""

    def __init__(self, engine: Engine, account_id: int, mailbox_id: int) -> None:
        self._engine = engine
        self._ids = Ids(NODE)
        self._pattern = Delivery(
            account_id=account_id,
            mailbox_id=mailbox_id,
            email_id=0,
            raw=MESSAGE,
            size=len(MESSAGE),
            summary=summarize(MESSAGE).pack(),
            internaldate=START,
            now=START,
        )

    async def deliver(self, first: int, end: int) -> None:
        """Messages number `first` to `end` - 1, in one commit."""

        async def work(tx: Transaction) -> None:
            for number in range(first, end):
                await delivery.deliver(
                    tx,
                    msgspec.structs.replace(
                        self._pattern,
                        email_id=self._ids.next(),
                        internaldate=START + number,
                        message_ids=(f"<{number}@elsewhere.test>",),
                    ),
                )

        await self._engine.write(work)

"""Fills a mailbox of a Postroom store that no server has open, outside any timing, through the store's own delivery.

Thousands of messages share a commit. Without letters of the caller's they are small, and what would be indexed is struck off the index's queue
afterwards, so that the index does not run during the measurement. Not here: the peer's Maildir (`dovecot`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from bench.processes import BenchError
from postroom.message.address import Address
from postroom.message.summary.summary import summarize
from postroom.store.directory.lookup import Account, resolve
from postroom.store.emails import delivery
from postroom.store.emails.delivery import Delivery
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Engine, Transaction
from postroom.store.mailboxes import mailboxes
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


def fill(database: Path, address: str, count: int, letter: Callable[[int], bytes] | None = None) -> None:
    """Delivers `count` messages to the INBOX of an account; `letter` makes each of its number."""
    asyncio.run(_fill(database, address, count, letter))


async def _fill(database: Path, text: str, count: int, letter: Callable[[int], bytes] | None) -> None:
    store = await Store.open(f"sqlite://{database}")
    try:
        local, _, domain = text.partition("@")
        tx = store.engine.reading()
        found = await resolve(tx, Address(local, domain))
        if not isinstance(found, Account):
            raise BenchError(f"{text} is not an account of {database}")
        inbox = await mailboxes.inbox_id(tx, found.account_id)
        filler = _Filler(store.engine, found.account_id, inbox, letter)
        for first in range(0, count, BATCH):
            await filler.deliver(first, min(first + BATCH, count))
        if letter is None:
            await store.engine.write(_strike_off)
    finally:
        await store.close()


async def _strike_off(tx: Transaction) -> None:
    await tx.execute(STRIKE_OFF)


class _Filler:
    """Each message is a thread of its own."""

    def __init__(
        self, engine: Engine, account_id: int, mailbox_id: int, letter: Callable[[int], bytes] | None
    ) -> None:
        self._engine = engine
        self._letter = letter
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
                        self._made(number),
                        email_id=self._ids.next(),
                        internaldate=START + number,
                        message_ids=(f"<{number}@elsewhere.test>",),
                    ),
                )

        await self._engine.write(work)

    def _made(self, number: int) -> Delivery:
        if self._letter is None:
            return self._pattern
        raw = self._letter(number)
        return msgspec.structs.replace(self._pattern, raw=raw, size=len(raw), summary=summarize(raw).pack())

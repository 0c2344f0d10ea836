"""The full-text indexer: what was delivered or expunged is entered into the search index or taken out of it, a little later.

Deliveries only note the email in `index_queue`; here it is read, made text and entered, in batches, while nothing more urgent waits. Entering
twice does no harm, so a crash costs a repetition. One indexer at a time is enough (`leases`). Searching also looks through what is still in the
queue. What cannot be read now stays in the queue, and holds nothing else up. Not here: how octets become text (`message.mime.text`), and the index itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from postroom.message.errors import TryLater
from postroom.store.engine.disk_errors import FileLost
from postroom.store.engine.transaction import Engine, Row, Transaction, Urgency
from postroom.store.search.text import Document, SearchIndex, searchable

BATCH: Final = 100  # messages that are entered in one commit
BATCH_OCTETS: Final = (
    2 << 20
)  # of messages that are read for one commit; the one that exceeds it is the last of its batch
READ_AT_ONCE: Final = 10  # messages that are read before others have their turn
SCANNED: Final = 1000  # messages of an account that are looked through though they are not indexed yet

ReadRaw = Callable[[int, int], Awaitable[bytes | None]]
TextOf = Callable[[bytes], str]

_QUEUED: Final = """
SELECT account_id, email_id FROM index_queue WHERE (account_id, email_id) > ($1, $2) ORDER BY account_id, email_id LIMIT $3
"""
_START: Final = (-1, -1)  # of the queue
_QUEUED_OF: Final = "SELECT email_id FROM index_queue WHERE account_id = $1 ORDER BY email_id DESC LIMIT $2"
_DONE: Final = "DELETE FROM index_queue WHERE account_id = $1 AND email_id = $2"
_GONE: Final = """
INSERT INTO index_queue (account_id, email_id) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT)
 WHERE NOT EXISTS (SELECT 1 FROM emails WHERE account_id = $1 AND email_id = $2) ON CONFLICT (account_id, email_id) DO NOTHING
"""
_WAITING: Final = "SELECT COUNT(*) FROM index_queue"
_EVERYTHING: Final = """
INSERT INTO index_queue (account_id, email_id)
 SELECT account_id, email_id FROM emails WHERE email_id > $1 AND email_id <= $2 ON CONFLICT (account_id, email_id) DO NOTHING
"""
_SLICE: Final = """
SELECT MAX(email_id), COUNT(*) FROM (SELECT email_id FROM emails WHERE email_id > $1 ORDER BY email_id LIMIT $2) AS slice
"""
_SLICE_ROWS: Final = 2000


class Indexing(msgspec.Struct, frozen=True):
    """What the indexer works with: `read_raw(account_id, email_id)` gives a message's octets, None when it is gone; `text_of` runs in a
    thread; `busy` says whether other work waits."""

    engine: Engine
    index: SearchIndex
    read_raw: ReadRaw
    text_of: TextOf
    busy: Callable[[], bool]


class Indexer:
    """Works the queue off, and answers searches."""

    def __init__(self, use: Indexing) -> None:
        self._use = use
        self._after = _START  # what was looked at last in the queue
        self._unread: TryLater | None = None  # why something there could not be read

    async def step(self, limit: int = BATCH) -> int:
        """Enters at most `limit` messages, none while others are busy; gives how many left the queue. An index that was lost is built again.

        Raises `TryLater`, also when nothing of what waits can be read.
        """
        use = self._use
        if use.busy():
            return 0
        if not use.index.complete:
            await self.rebuild()
        there, gone = await self._read(limit)
        if there:
            await use.index.put(await asyncio.to_thread(self._documents, there))
        for account_id in {account_id for account_id, _ in gone}:
            await use.index.remove(account_id, [email_id for owner, email_id in gone if owner == account_id])
        entered = [(account_id, email_id) for account_id, email_id, _ in there]
        done = sorted([*gone, *entered])
        if done:
            await use.engine.write(_left(done, entered), Urgency.HOUSEKEEPING)
        elif self._unread is not None:
            raise self._unread
        return len(done)

    async def _read(self, limit: int) -> tuple[list[tuple[int, int, bytes]], list[tuple[int, int]]]:
        """What waits: messages with their octets, as many as may be in memory together; and those that are gone."""
        there: list[tuple[int, int, bytes]] = []
        gone: list[tuple[int, int]] = []
        octets = 0
        self._unread = None
        for number, row in enumerate(await self._queued(limit), 1):
            self._after = (row[0], row[1])
            try:
                raw = await self._use.read_raw(row[0], row[1])
            except FileLost:  # until somebody brings it back
                continue
            except TryLater as error:
                self._unread = error
                continue
            if raw is None:
                gone.append((row[0], row[1]))
                continue
            there.append((row[0], row[1], raw))
            octets += len(raw)
            if octets >= BATCH_OCTETS:
                break
            if number % READ_AT_ONCE == 0:
                await asyncio.sleep(0)
        return there, gone

    async def _queued(self, limit: int) -> Sequence[Row]:
        """The next ones, from the beginning again behind the last."""
        tx = self._use.engine.reading()
        return await tx.fetch(_QUEUED, *self._after, limit) or await tx.fetch(_QUEUED, *_START, limit)

    def _documents(self, there: list[tuple[int, int, bytes]]) -> list[Document]:
        text_of = self._use.text_of
        return [
            Document(account_id, email_id, searchable(text_of(raw))) for account_id, email_id, raw in there
        ]

    async def waiting(self) -> int:
        """Messages that are not indexed yet."""
        row = await self._use.engine.reading().fetchrow(_WAITING)
        return int(row[0]) if row is not None else 0

    async def search(self, account_id: int, needle: str) -> set[int]:
        """Ids of the account's emails whose text contains `needle`, whatever its case; what waits to be indexed is looked through too.

        An index that is behind may name emails that are gone; whoever asks looks them up anyway.
        """
        wanted = searchable(needle)
        if not wanted:
            return set()
        found: set[int] = set()
        async for part in self._use.index.search(account_id, wanted):
            found.update(part)
        for (email_id,) in await self._use.engine.reading().fetch(_QUEUED_OF, account_id, SCANNED):
            text = await self._text(account_id, email_id)
            if text is not None and wanted in text:
                found.add(email_id)
            else:
                found.discard(email_id)
        return found

    async def rebuild(self) -> None:
        """Empties the index and queues every email anew."""
        use = self._use
        await use.index.clear()
        after = 0
        while True:
            row = await use.engine.reading().fetchrow(_SLICE, after, _SLICE_ROWS)
            if row is None or not row[1]:
                break
            await use.engine.write(_everything(after, row[0]), Urgency.HOUSEKEEPING)
            after = row[0]
        await use.index.completed()

    async def _text(self, account_id: int, email_id: int) -> str | None:
        try:
            raw = await self._use.read_raw(account_id, email_id)
        except FileLost:
            return None
        if raw is None:
            return None
        return await asyncio.to_thread(lambda: searchable(self._use.text_of(raw)))


def _left(
    done: Sequence[tuple[int, int]], entered: Sequence[tuple[int, int]]
) -> Callable[[Transaction], Awaitable[None]]:
    """These leave the queue; what was expunged while it was being entered comes into it again, since its note was there already."""

    async def work(tx: Transaction) -> None:
        await tx.executemany(_DONE, done)
        await tx.executemany(_GONE, entered)

    return work


def _everything(after: int, last: int) -> Callable[[Transaction], Awaitable[int]]:
    async def work(tx: Transaction) -> int:
        return await tx.execute(_EVERYTHING, after, last)

    return work

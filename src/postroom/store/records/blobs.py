"""Which bodies the records of an account refer to, so that they stay as long as a record does.

RFC 8620 §6 (a blob that is referred to is kept). Not here: what a record holds, and the octets (`blobs`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from postroom.store.blobs import blobs
from postroom.store.engine.transaction import Transaction
from postroom.store.records.records import Kind

OF_RECORD: Final = "SELECT blob_id FROM record_blobs WHERE account_id = $1 AND kind = $2 AND record_id = $3"
ADD: Final = "INSERT INTO record_blobs (account_id, kind, record_id, blob_id) VALUES ($1, $2, $3, $4)"
DROP: Final = (
    "DELETE FROM record_blobs WHERE account_id = $1 AND kind = $2 AND record_id = $3 AND blob_id = $4"
)
SOME: Final = "SELECT kind, record_id, blob_id FROM record_blobs WHERE account_id = $1 LIMIT $2"


async def refer(tx: Transaction, kind: Kind, record_id: int, wanted: Iterable[int], now: int) -> list[int]:
    """Makes these bodies of the account the ones that a record refers to; gives those of them that are not there.

    `now`: unix microseconds.
    """
    account_id = kind.account_id
    former = {row[0] for row in await tx.fetch(OF_RECORD, account_id, kind.name, record_id)}
    later = set(wanted)
    missing = []
    for blob_id in sorted(later - former):
        if await blobs.ref(tx, account_id, blob_id) is None:
            missing.append(blob_id)
        else:
            await tx.execute(ADD, account_id, kind.name, record_id, blob_id)
    gone = sorted(former - later)
    for blob_id in gone:
        await tx.execute(DROP, account_id, kind.name, record_id, blob_id)
    if gone:
        await blobs.unref(tx, account_id, dict.fromkeys(gone, 1), now)
    return missing


async def release(tx: Transaction, account_id: int, most: int, now: int) -> int:
    """Takes back at most so many of the references of an account's records, whichever; gives how many. `now`: unix microseconds."""
    rows = await tx.fetch(SOME, account_id, most)
    if rows:
        await tx.executemany(DROP, [(account_id, *row) for row in rows])
        await blobs.unref(tx, account_id, Counter(row[2] for row in rows), now)
    return len(rows)

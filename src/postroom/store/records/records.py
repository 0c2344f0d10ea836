"""Things of an account that are no mail, each one row of JSON with its modseq: what can be told of them since a state is told for all kinds alike.

RFC 8620 §5.1 to §5.3. Not here: what a kind's data hold, and who may see them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from postroom.message.errors import EnhancedStatus, MailError, NotPermitted
from postroom.store.changes import RecordsChanged
from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.mailboxes import bump

MAX_RECORDS: Final = 100_000  # of one kind in one account
MAX_DATA: Final = 1 << 20  # octets of one record
SLICE: Final = 1_000  # records that one read gives at most


class NoSuchRecord(MailError):
    """There is none with this id."""

    status = EnhancedStatus(5, 1, 1)
    words = "No such record"


class RecordTooLong(NotPermitted):
    """A record's data are longer than they may be."""

    words = f"A record has at most {MAX_DATA} octets"


class TooManyRecords(NotPermitted):
    """An account has as many of a kind as it may have."""

    words = f"An account has at most {MAX_RECORDS} of these"


class LabelTaken(NotPermitted):
    """Another record of the kind has the label that this one should have."""

    words = "There is one like this already"


class Kind(msgspec.Struct, frozen=True):
    """A kind of an account's records."""

    account_id: int
    name: str


class Record(msgspec.Struct, frozen=True):
    """A row."""

    record_id: int
    created_modseq: int
    modseq: int
    data: bytes


class Changed(msgspec.Struct, frozen=True):
    """A record that was made or changed, or is gone; modseqs are the account's."""

    modseq: int
    record_id: int
    created_modseq: int
    gone: bool


_COLUMNS: Final = "record_id, created_modseq, modseq, data"
LISTING: Final = f"SELECT {_COLUMNS} FROM records WHERE account_id = $1 AND kind = $2 AND record_id > $3 ORDER BY record_id LIMIT $4"  # noqa: S608
SOME: Final = f"SELECT {_COLUMNS} FROM records WHERE account_id = $1 AND kind = $2 AND record_id IN ({placeholders(CHUNK, 3)})"  # noqa: S608
COUNT: Final = "SELECT COUNT(*) FROM records WHERE account_id = $1 AND kind = $2"
PUT: Final = """
INSERT INTO records (account_id, kind, record_id, created_modseq, modseq, data, label) VALUES ($1, $2, $3, $4, $4, $5, $6)
"""
CHANGE: Final = """
UPDATE records SET modseq = $4, data = $5, label = $6 WHERE account_id = $1 AND kind = $2 AND record_id = $3
"""
TOUCH: Final = "UPDATE records SET modseq = $4 WHERE account_id = $1 AND kind = $2 AND record_id = $3"
LABELLED: Final = "SELECT record_id FROM records WHERE account_id = $1 AND kind = $2 AND label = $3"
REMOVE: Final = """
DELETE FROM records WHERE account_id = $1 AND kind = $2 AND record_id = $3 RETURNING created_modseq
"""
GONE: Final = """
INSERT INTO records_gone (account_id, kind, modseq, record_id, created_modseq, at) VALUES ($1, $2, $3, $4, $5, $6)
"""
STATE: Final = """
SELECT COALESCE(MAX(modseq), 0) FROM (
  SELECT MAX(modseq) AS modseq FROM records WHERE account_id = $1 AND kind = $2
  UNION ALL SELECT MAX(modseq) AS modseq FROM records_gone WHERE account_id = $1 AND kind = $2) AS newest
"""
CHANGES: Final = """
SELECT modseq, record_id, created_modseq, 0 FROM records WHERE account_id = $1 AND kind = $2 AND (modseq, record_id) > ($3, $4)
UNION ALL
SELECT modseq, record_id, created_modseq, 1 FROM records_gone WHERE account_id = $1 AND kind = $2 AND (modseq, record_id) > ($3, $4)
ORDER BY 1, 2 LIMIT $5
"""

SOME_OF_ALL: Final = """
DELETE FROM records WHERE account_id = $1 AND (kind, record_id) IN (SELECT kind, record_id FROM records WHERE account_id = $1 LIMIT $2)
"""


async def listing(tx: Transaction, kind: Kind, after: int = 0, limit: int = SLICE) -> list[Record]:
    """The next ones behind an id, by id; an empty list at the end."""
    return [Record(*row) for row in await tx.fetch(LISTING, kind.account_id, kind.name, after, limit)]


async def some(tx: Transaction, kind: Kind, record_ids: Sequence[int]) -> dict[int, Record]:
    """Those of these that are there, by id."""
    found = {}
    for chunk in chunks(record_ids):
        for row in await tx.fetch(SOME, kind.account_id, kind.name, *chunk):
            found[row[0]] = Record(*row)
    return found


async def state(tx: Transaction, kind: Kind) -> int:
    """The modseq of the newest change; 0 when nothing ever changed."""
    row = await tx.fetchrow(STATE, kind.account_id, kind.name)
    return int(row[0]) if row is not None else 0


async def changes(tx: Transaction, kind: Kind, since: tuple[int, int], limit: int = SLICE) -> list[Changed]:
    """What changed after (modseq, record id), in this order."""
    rows = await tx.fetch(CHANGES, kind.account_id, kind.name, *since, limit)
    return [Changed(row[0], row[1], row[2], bool(row[3])) for row in rows]


async def create(
    tx: Transaction, kind: Kind, record_id: int, data: bytes, *, label: bytes | None = None
) -> RecordsChanged:
    """A new record with a new id. Raises `RecordTooLong`, `TooManyRecords`, `LabelTaken`."""
    _check(data)
    modseq = await bump(tx, kind.account_id)
    row = await tx.fetchrow(COUNT, kind.account_id, kind.name)
    if row is not None and row[0] >= MAX_RECORDS:
        raise TooManyRecords
    await _must_be_free(tx, kind, record_id, label)
    await tx.execute(PUT, kind.account_id, kind.name, record_id, modseq, data, label)
    return RecordsChanged(kind.account_id, modseq, kind.name)


async def change(
    tx: Transaction, kind: Kind, record_id: int, data: bytes, *, label: bytes | None = None
) -> RecordsChanged:
    """Other data for a record. Raises `NoSuchRecord`, `RecordTooLong`, `LabelTaken`."""
    _check(data)
    modseq = await bump(tx, kind.account_id)
    await _must_be_free(tx, kind, record_id, label)
    if not await tx.execute(CHANGE, kind.account_id, kind.name, record_id, modseq, data, label):
        raise NoSuchRecord
    return RecordsChanged(kind.account_id, modseq, kind.name)


async def touch(tx: Transaction, kind: Kind, record_id: int) -> RecordsChanged:
    """A record whose data stay, and of which something else is new. Raises `NoSuchRecord`."""
    modseq = await bump(tx, kind.account_id)
    if not await tx.execute(TOUCH, kind.account_id, kind.name, record_id, modseq):
        raise NoSuchRecord
    return RecordsChanged(kind.account_id, modseq, kind.name)


async def labelled(tx: Transaction, kind: Kind, label: bytes) -> int | None:
    """The record that has a label."""
    row = await tx.fetchrow(LABELLED, kind.account_id, kind.name, label)
    return None if row is None else int(row[0])


async def remove(tx: Transaction, kind: Kind, record_id: int, now: int) -> RecordsChanged:
    """Raises `NoSuchRecord`. `now`: unix microseconds."""
    modseq = await bump(tx, kind.account_id)
    row = await tx.fetchrow(REMOVE, kind.account_id, kind.name, record_id)
    if row is None:
        raise NoSuchRecord
    await tx.execute(GONE, kind.account_id, kind.name, modseq, record_id, row[0], now)
    return RecordsChanged(kind.account_id, modseq, kind.name)


async def drop(tx: Transaction, account_id: int, most: int) -> int:
    """Takes at most so many records of an account that was removed, of whichever kind; gives how many. Nobody is told."""
    return await tx.execute(SOME_OF_ALL, account_id, most)


async def _must_be_free(tx: Transaction, kind: Kind, record_id: int, label: bytes | None) -> None:
    if label is not None and await labelled(tx, kind, label) not in (None, record_id):
        raise LabelTaken


def _check(data: bytes) -> None:
    if len(data) > MAX_DATA:
        raise RecordTooLong

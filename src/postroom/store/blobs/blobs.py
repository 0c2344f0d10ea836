"""Objects that never change: the bodies of messages, in rows of the database or as files beside it.

Per account an object has an id that is never used again. The hash of its octets is only a way to find a live row with the same octets:
once a row is gone, the same octets get a new id, so that whoever is still removing the old file cannot hurt the new one. References are
counted. A body in a row goes with its last reference; a file is swept after a grace, when nobody reads it any more and a restored
backup does not miss it. Not here: the files themselves (`blob_files`).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from postroom.store.engine.in_lists import CHUNK, chunks, placeholders
from postroom.store.engine.transaction import Transaction

DEDUPE_FROM: Final = 16_384  # octets; stands in the schema and in the statements below too
DROPPED: Final = 50  # uploads that are looked at together to make room for another
TOGETHER: Final = 16  # emails whose octets are read in one statement
GRACE: Final = 36 * 3600 * 1_000_000  # microseconds that a file outlives its last reference


class Place(enum.IntEnum):
    """Where the octets are."""

    ROW = 0
    FILE = 1


class BlobRef(msgspec.Struct, frozen=True):
    """An object whose file is durable already. `digest` is SHA-256 of its `size` octets."""

    blob_id: int
    size: int
    digest: bytes


class Blob(msgspec.Struct, frozen=True):
    """A row: `data` is None when the octets are in a file."""

    blob_id: int
    size: int
    place: int
    data: bytes | None


PUT_SMALL: Final = """
INSERT INTO blobs (account_id, blob_id, refs, size, place, unref_at, hash, data) VALUES ($1, $2, 1, $3, 0, 0, $4, $5)
"""
PUT: Final = """
INSERT INTO blobs (account_id, blob_id, refs, size, place, unref_at, hash, data) VALUES ($1, $2, 1, $3, $4, 0, $5, $6)
ON CONFLICT (account_id, hash) WHERE size >= 16384 DO UPDATE SET refs = blobs.refs + 1, unref_at = 0 RETURNING blob_id
"""
# Among the uploads, whose octets are bounded. The hash is nobody's.
SUPERFLUOUS: Final = """
INSERT INTO blobs (account_id, blob_id, refs, size, place, unref_at, uploaded, hash) VALUES ($1, $2, 0, $3, $4, 1, 1, $5)
ON CONFLICT DO NOTHING
"""
PARK: Final = """
UPDATE blobs SET refs = refs - 1, unref_at = CASE WHEN refs <= 1 THEN CAST($3 AS BIGINT) ELSE 0 END,
 uploaded = CASE WHEN blob_id = $4 THEN 1 ELSE uploaded END WHERE account_id = $1 AND blob_id = $2
"""
PARKED: Final = """
SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM blobs WHERE account_id = $1 AND refs = 0 AND uploaded = 1
"""
OLDEST: Final = """
SELECT blob_id, size, place FROM blobs WHERE account_id = $1 AND refs = 0 AND uploaded = 1 AND blob_id <> $2
ORDER BY unref_at, blob_id LIMIT $3
"""
FILE_WITH: Final = """
SELECT blob_id FROM blobs WHERE account_id = $1 AND hash = $2 AND size >= 16384 AND place = 1 AND blob_id <> $3
"""
DROP: Final = "DELETE FROM blobs WHERE account_id = $1 AND blob_id = $2 AND refs = 0"
REF: Final = """
UPDATE blobs SET refs = refs + 1, unref_at = 0 WHERE account_id = $1 AND blob_id = $2 RETURNING size
"""
GET: Final = "SELECT blob_id, size, place, data FROM blobs WHERE account_id = $1 AND blob_id = $2"
OF_EMAILS: Final = (
    "SELECT e.email_id, b.blob_id, b.size, b.place, b.data FROM emails e"  # noqa: S608 -- placeholders
    " JOIN blobs b ON b.account_id = e.account_id AND b.blob_id = e.blob_id WHERE e.account_id = $1 AND e.email_id IN ("
    + placeholders(TOGETHER, 2)
    + ")"
)
DROP_ROWS: Final = (
    "DELETE FROM blobs WHERE account_id = $1 AND place = 0 AND refs <= $2 AND blob_id IN ("  # noqa: S608 -- placeholders
    + placeholders(CHUNK, 3)
    + ") RETURNING blob_id"
)
FEWER: Final = """
UPDATE blobs SET refs = refs - $3, unref_at = CASE WHEN refs <= $3 THEN CAST($4 AS BIGINT) ELSE 0 END, uploaded = 0
WHERE account_id = $1 AND blob_id = $2
"""
UNREFERENCED: Final = """
SELECT account_id, blob_id FROM blobs WHERE refs = 0 AND unref_at < $1 ORDER BY account_id, unref_at LIMIT $2
"""
SWEEP: Final = """
DELETE FROM blobs WHERE account_id = $1 AND blob_id = $2 AND refs = 0 AND unref_at < $3 RETURNING place
"""


async def put(tx: Transaction, account_id: int, blob_id: int, body: bytes | BlobRef) -> int:
    """A reference to an object with these octets; gives its id, which is an older one's when the account has them already.

    `blob_id` is a new id for a body in the row; a `BlobRef` brings its own, and its file is swept when it is not needed.
    """
    if isinstance(body, BlobRef):
        row = await tx.fetchrow(PUT, account_id, body.blob_id, body.size, Place.FILE.value, body.digest, None)
    else:
        digest = hashlib.sha256(body).digest()
        size = len(body)
        if size < DEDUPE_FROM:
            await tx.execute(PUT_SMALL, account_id, blob_id, size, digest, body)
            return blob_id
        row = await tx.fetchrow(PUT, account_id, blob_id, size, Place.ROW.value, digest, body)
    assert row is not None
    winner: int = row[0]
    if isinstance(body, BlobRef) and winner != body.blob_id:
        await superfluous(tx, account_id, body)
    return winner


async def file_with(tx: Transaction, account_id: int, body: BlobRef) -> int | None:
    """The object that `put` finds in place of this one, whose octets lie in a file; None when there is none."""
    row = await tx.fetchrow(FILE_WITH, account_id, body.digest, body.blob_id)
    return None if row is None else int(row[0])


async def superfluous(tx: Transaction, account_id: int, body: BlobRef) -> None:
    """A file that was made and is not needed goes with the next sweep; nothing happens when it is an object's already."""
    nobodys = b"superfluous %d" % body.blob_id
    await tx.execute(SUPERFLUOUS, account_id, body.blob_id, body.size, Place.FILE.value, nobodys)


async def park(tx: Transaction, account_id: int, blob_id: int, body: bytes | BlobRef, now: int) -> int:
    """As `put`, for octets that nothing refers to yet: they stay for `GRACE` after `now` (unix microseconds)."""
    winner = await put(tx, account_id, blob_id, body)
    own = body.blob_id if isinstance(body, BlobRef) else blob_id
    await tx.execute(PARK, account_id, winner, now, own)
    return winner


async def make_room(tx: Transaction, account_id: int, kept: int, most: int) -> list[int]:
    """Drops the oldest uploads that nothing refers to, but for `kept`, until all have at most so many octets; gives those whose files may go after the commit."""
    row = await tx.fetchrow(PARKED, account_id)
    over = (row[0] if row is not None else 0) - most
    files: list[int] = []
    while over > 0 and (oldest := await tx.fetch(OLDEST, account_id, kept, DROPPED)):
        for blob_id, octets, place in oldest:
            if over > 0:
                dropped = await tx.execute(DROP, account_id, blob_id)  # not what has just been referred to
                files += [blob_id] if dropped and place == Place.FILE else []
                over -= octets
    return files


async def ref(tx: Transaction, account_id: int, blob_id: int) -> int | None:
    """One more reference to an object that is there; gives its size, None when it is not."""
    row = await tx.fetchrow(REF, account_id, blob_id)
    return None if row is None else int(row[0])


async def get(tx: Transaction, account_id: int, blob_id: int) -> Blob | None:
    """An object's row, with its octets when they are there; None when there is none."""
    row = await tx.fetchrow(GET, account_id, blob_id)
    return Blob(*row) if row is not None else None


async def of_emails(tx: Transaction, account_id: int, email_ids: Sequence[int]) -> dict[int, Blob]:
    """The rows of 1 to `TOGETHER` emails, by email; those that are gone are not among them. The caller has looked at their sizes."""
    wanted = (*email_ids, *[email_ids[-1]] * (TOGETHER - len(email_ids)))
    return {row[0]: Blob(*row[1:]) for row in await tx.fetch(OF_EMAILS, account_id, *wanted)}


async def unref(tx: Transaction, account_id: int, released: Mapping[int, int], now: int) -> None:
    """Takes references from objects: their number by blob id."""
    by_number: dict[int, list[int]] = {}
    for blob_id, number in released.items():
        by_number.setdefault(number, []).append(blob_id)
    for number, blob_ids in sorted(by_number.items()):
        dropped: set[int] = set()
        for chunk in chunks(blob_ids):
            dropped.update(row[0] for row in await tx.fetch(DROP_ROWS, account_id, number, *chunk))
        left = [(account_id, blob_id, number, now) for blob_id in blob_ids if blob_id not in dropped]
        if left:
            await tx.executemany(FEWER, left)


async def unreferenced(tx: Transaction, before: int, limit: int = 500) -> list[tuple[int, int]]:
    """(account id, blob id) of objects that have had no reference since before `before` (unix microseconds)."""
    return [(row[0], row[1]) for row in await tx.fetch(UNREFERENCED, before, limit)]


async def sweep(tx: Transaction, account_id: int, blob_id: int, before: int) -> bool:
    """Drops the row of an object if it still has no reference; True: it had a file, which may go after the commit."""
    row = await tx.fetchrow(SWEEP, account_id, blob_id, before)
    return row is not None and row[0] == Place.FILE

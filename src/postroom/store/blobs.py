"""Objects that never change: message bodies, in rows of the database.

Per account an object has an id that is never used again. The hash of its octets is only a way to find a live row with the same octets:
once a row is gone, the same octets get a new id, so that whoever is still removing the old object cannot hurt the new one. References
are counted; what has none is swept after a grace. Not here: the files of large objects (`blob_files`).
"""

from __future__ import annotations

import enum
import hashlib
from typing import Final

import msgspec

from postroom.store.engine import Transaction

DEDUPE_FROM: Final = 16_384  # octets; stands in the schema and in the statements below too


class Place(enum.IntEnum):
    """Where the octets are."""

    ROW = 0
    FILE = 1


class BlobRef(msgspec.Struct, frozen=True):
    """An object whose file is durable already. `digest` is SHA-256."""

    blob_id: int
    size: int
    digest: bytes


PUT_SMALL: Final = """
INSERT INTO blobs (account_id, blob_id, refs, size, place, coding, unref_at, hash, data)
VALUES ($1, $2, 1, $3, 0, 0, 0, $4, $5)
"""
PUT: Final = """
INSERT INTO blobs (account_id, blob_id, refs, size, place, coding, unref_at, hash, data)
VALUES ($1, $2, 1, $3, $4, 0, 0, $5, $6)
ON CONFLICT (account_id, hash) WHERE size >= 16384 DO UPDATE SET refs = blobs.refs + 1, unref_at = 0 RETURNING blob_id
"""


async def put(tx: Transaction, account_id: int, blob_id: int, body: bytes | BlobRef) -> int:
    """A reference to an object with these octets; gives its id, which is an older one's when the account has them already.

    `blob_id` is a new id for a body in the row; a `BlobRef` brings its own.
    """
    if isinstance(body, BlobRef):
        row = await tx.fetchrow(PUT, account_id, body.blob_id, body.size, Place.FILE, body.digest, None)
    else:
        digest = hashlib.sha256(body).digest()
        size = len(body)
        if size < DEDUPE_FROM:
            await tx.execute(PUT_SMALL, account_id, blob_id, size, digest, body)
            return blob_id
        row = await tx.fetchrow(PUT, account_id, blob_id, size, Place.ROW, digest, body)
    assert row is not None
    winner: int = row[0]
    return winner

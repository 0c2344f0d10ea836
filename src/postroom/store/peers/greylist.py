"""The memory of greylisting: triples of network, sender and recipient, and how often each was let through.

RFC 6647 §2.4 (what a triple is). One table, shared by all processes and nodes of a store, so that a retry may come to another one. Not here:
how long somebody has to wait, and what makes a key (`intake.guard.greylist`).
"""

from __future__ import annotations

from typing import Final

import msgspec

from postroom.store.engine.transaction import Transaction

PRUNED_AT_ONCE: Final = 1000  # rows of one commit


class Triple(msgspec.Struct, frozen=True):
    """`recipient` "" with a sender `@domain` stands for all triples of that domain."""

    network: str
    sender: str
    recipient: str


class Seen(msgspec.Struct, frozen=True):
    """Times are unix microseconds: the first try, the last one that was let through; `passes` 0: never let through."""

    first: int
    last: int
    passes: int


_GET: Final = "SELECT first, last, passes FROM greylist WHERE network = $1 AND sender = $2 AND recipient = $3"
_TRIED: Final = """
INSERT INTO greylist (network, sender, recipient, first, last, passes) VALUES ($1, $2, $3, $4, $4, 0)
 ON CONFLICT (network, sender, recipient) DO UPDATE SET first = excluded.first, last = excluded.last
 WHERE greylist.passes = 0 AND greylist.first < $5 RETURNING first
"""
_PASSED: Final = """
INSERT INTO greylist (network, sender, recipient, first, last, passes) VALUES ($1, $2, $3, $4, $4, 1)
 ON CONFLICT (network, sender, recipient) DO UPDATE SET last = excluded.last, passes = greylist.passes + 1
 RETURNING passes
"""
_OLD: Final = """
DELETE FROM greylist WHERE (network, sender, recipient) IN (
 SELECT network, sender, recipient FROM greylist WHERE last < $1 ORDER BY last LIMIT $2)
"""
_NEVER_AGAIN: Final = """
DELETE FROM greylist WHERE (network, sender, recipient) IN (
 SELECT network, sender, recipient FROM greylist WHERE passes = 0 AND last < $1 ORDER BY last LIMIT $2)
"""
_COUNT: Final = "SELECT COUNT(*) FROM greylist"
_OLDEST: Final = """
DELETE FROM greylist WHERE (network, sender, recipient) IN (
 SELECT network, sender, recipient FROM greylist ORDER BY last LIMIT $1)
"""


async def get(tx: Transaction, triple: Triple) -> Seen | None:
    """What is known of a triple."""
    row = await tx.fetchrow(_GET, triple.network, triple.sender, triple.recipient)
    return None if row is None else Seen(row[0], row[1], row[2])


async def tried(tx: Transaction, triple: Triple, now: int, stale: int) -> None:
    """Notes a first try; one that was made before `stale`, and that nobody came back after, begins anew."""
    await tx.fetchrow(_TRIED, triple.network, triple.sender, triple.recipient, now, stale)


async def passed(tx: Transaction, triple: Triple, now: int) -> int:
    """Notes that a triple was let through; gives how often by now."""
    row = await tx.fetchrow(_PASSED, triple.network, triple.sender, triple.recipient, now)
    assert row is not None
    return int(row[0])


async def prune(tx: Transaction, before: int, tried_before: int) -> int:
    """Forgets some of what was last let through before `before`, or tried once before `tried_before`; gives how many rows."""
    gone = await tx.execute(_OLD, before, PRUNED_AT_ONCE)
    return gone + await tx.execute(_NEVER_AGAIN, tried_before, PRUNED_AT_ONCE - gone)


async def prune_beyond(tx: Transaction, most: int) -> int:
    """Forgets some of the oldest when there are more than `most` rows; gives how many."""
    row = await tx.fetchrow(_COUNT)
    beyond = (row[0] if row else 0) - most
    return await tx.execute(_OLDEST, min(beyond, PRUNED_AT_ONCE)) if beyond > 0 else 0

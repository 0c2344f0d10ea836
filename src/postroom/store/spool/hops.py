"""Next hops in trouble: one row each, which claims look at, so that the mail waiting for a dead one is not touched.

A hop is dead from the first failed connection until one probe succeeds; while it is, one job at a time is tried, when `next_try` has come.
Not here: how long the pauses are (`deliver.schedule`), and the mail itself (`store.spool.jobs`).
"""

from __future__ import annotations

import msgspec

from postroom.store.engine.transaction import Transaction


class DeadHop(msgspec.Struct, frozen=True):
    """`failures` in a row since `since`; `next_try` is when one job may try it again (unix microseconds); `why` the last error."""

    hop: str
    failures: int
    since: int
    next_try: int
    why: str


_DEAD = """
INSERT INTO hops (hop, failures, since, next_try, why) VALUES ($1, 1, $2, $3, $4)
 ON CONFLICT (hop) DO UPDATE SET failures = hops.failures + 1, next_try = excluded.next_try, why = excluded.why
 WHERE hops.next_try <= $2 RETURNING failures
"""


async def dead(tx: Transaction, hop: str, now: int, next_try: int, why: str) -> int:
    """Notes that a hop cannot be reached, and gives how often in a row that was so.

    Whoever finds it out while another's finding is still fresh (its next try has not come) counts for nothing: both tried at once.
    """
    row = await tx.fetchrow(_DEAD, hop, now, next_try, why)
    if row is None:
        known = await get(tx, hop)
        return known.failures if known else 0
    return int(row[0])


_STILL_DEAD = """
INSERT INTO hops (hop, failures, since, next_try, why) VALUES ($1, 1, $2, $3, $4)
 ON CONFLICT (hop) DO UPDATE SET failures = hops.failures + 1, next_try = excluded.next_try, why = excluded.why RETURNING failures
"""


async def still_dead(tx: Transaction, hop: str, now: int, next_try: int, why: str) -> int:
    """As `dead`, of the one who held the probe: nobody else has tried meanwhile."""
    row = await tx.fetchrow(_STILL_DEAD, hop, now, next_try, why)
    assert row is not None
    return int(row[0])


_ALIVE = "DELETE FROM hops WHERE hop = $1"


async def alive(tx: Transaction, hop: str) -> bool:
    """Notes that a hop answers; whether it was dead before."""
    return await tx.execute(_ALIVE, hop) > 0


_PROBE = "UPDATE hops SET next_try = $3 WHERE hop = $1 AND next_try <= $2 RETURNING failures"


async def probe(tx: Transaction, hop: str, now: int, until: int) -> bool:
    """Takes the one try that a dead hop gets now; nobody else gets one before `until`."""
    return await tx.fetchrow(_PROBE, hop, now, until) is not None


_TRY_NOW = "UPDATE hops SET next_try = $2 WHERE hop = $1 AND next_try > $2"


async def try_now(tx: Transaction, hop: str, now: int) -> None:
    """Lets the next try of a dead hop come at once."""
    await tx.execute(_TRY_NOW, hop, now)


_GET = "SELECT hop, failures, since, next_try, why FROM hops WHERE hop = $1"


async def get(tx: Transaction, hop: str) -> DeadHop | None:
    """What is known of a hop; None when it is well."""
    row = await tx.fetchrow(_GET, hop)
    return None if row is None else DeadHop(*row)


_ALL = "SELECT hop, failures, since, next_try, why FROM hops WHERE hop > $1 ORDER BY hop LIMIT $2"


async def listing(tx: Transaction, after: str = "", limit: int = 1000) -> list[DeadHop]:
    """Dead hops by name, from the first above `after`."""
    return [DeadHop(*row) for row in await tx.fetch(_ALL, after, limit)]


_PRUNE = "DELETE FROM hops WHERE next_try < $1"


async def prune(tx: Transaction, before: int) -> int:
    """Forgets hops that nothing has tried since `before`: no mail is left for them."""
    return await tx.execute(_PRUNE, before)

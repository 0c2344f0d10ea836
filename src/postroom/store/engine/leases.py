"""Who may do what only one may do: node numbers and named leases.

A lease belongs to a node until a time and carries a fence, a number that grows with each new holder: whoever lost the lease is refused
by it. Times are unix microseconds of the machine's clock, given by the caller; a lease that would last longer than any can was made by a clock that was ahead
and has been set right, and holds nothing. Not here: leases on mail (`store.spool.jobs` has its own).
"""

from __future__ import annotations

import msgspec

from postroom.message.errors import TryLater
from postroom.store.engine.ids import NODES
from postroom.store.engine.transaction import Transaction

APART = 120_000_000  # microseconds that the clocks of two nodes are apart at most: a minute each from the database's


class NodeNumber(msgspec.Struct, frozen=True):
    """A node's number while it holds it. `id_mark` is what an earlier holder's ids may have reached (unix milliseconds)."""

    node: int
    fence: int
    id_mark: int


_FREE_NODE = """
SELECT node FROM nodes WHERE until <= $1 OR until > $4 OR (name = $2 AND $3 = 1) ORDER BY CASE WHEN name = $2 THEN 0 ELSE 1 END, node LIMIT 1
"""
_TAKE_NODE = """
UPDATE nodes SET name = $2, until = $4, fence = fence + 1
 WHERE node = $1 AND (until <= $3 OR until > $6 OR (name = $2 AND $5 = 1)) RETURNING fence, id_mark
"""
_NEW_NODE = """
INSERT INTO nodes (node, name, until, fence, id_mark) SELECT COALESCE(MAX(node), 0) + 1, CAST($1 AS TEXT), CAST($2 AS BIGINT), 1, 0 FROM nodes
 WHERE $2 > 0 ON CONFLICT (node) DO NOTHING RETURNING node
"""


async def take_node(tx: Transaction, name: str, now: int, until: int, *, alone: bool = False) -> NodeNumber:
    """A node number for a process called `name`: its former one if that is free, else another free one, else a new one.

    `alone` says that no other process can use this store: then the former number is free whatever its lease says. Raises `TryLater`
    when all are taken.
    """
    for _ in range(8):  # another node may be quicker
        free = await tx.fetchrow(_FREE_NODE, now, name, int(alone), until + APART)
        if free is not None:
            taken = await tx.fetchrow(_TAKE_NODE, free[0], name, now, until, int(alone), until + APART)
            if taken is not None:
                return NodeNumber(free[0], taken[0], taken[1])
            continue
        new = await tx.fetchrow(_NEW_NODE, name, until)
        if new is not None and new[0] < NODES:
            return NodeNumber(new[0], 1, 0)
    raise TryLater(detail=f"no free node number below {NODES} for {name}")


_KEEP_NODE = """
UPDATE nodes SET until = $3, id_mark = CASE WHEN id_mark < $4 THEN $4 ELSE id_mark END WHERE node = $1 AND fence = $2 RETURNING node
"""


async def keep_node(tx: Transaction, held: NodeNumber, until: int, id_mark: int) -> bool:
    """Renews a node number and makes `id_mark` (unix milliseconds) durable, up to which `Ids.reserve` may then go.

    False: the number was lost, and the process must end.
    """
    return await tx.fetchrow(_KEEP_NODE, held.node, held.fence, until, id_mark) is not None


_LEAVE_NODE = "UPDATE nodes SET until = 0 WHERE node = $1 AND fence = $2"


async def leave_node(tx: Transaction, held: NodeNumber) -> None:
    """Gives a node number back."""
    await tx.execute(_LEAVE_NODE, held.node, held.fence)


_TAKE = """
INSERT INTO leases (name, node, until, fence) VALUES ($1, $2, $4, 1) ON CONFLICT (name) DO UPDATE
 SET node = excluded.node, until = excluded.until,
     fence = leases.fence + CASE WHEN leases.node = excluded.node AND leases.until > $3 THEN 0 ELSE 1 END
 WHERE leases.until <= $3 OR leases.until > $5 OR leases.node = excluded.node RETURNING fence
"""


async def take(tx: Transaction, name: str, node: int, now: int, until: int) -> int | None:
    """The fence of the named lease, which is `node`'s until `until`; taken anew or renewed. None: another node holds it."""
    row = await tx.fetchrow(_TAKE, name, node, now, until, until + APART)
    return None if row is None else int(row[0])


_RELEASE = "UPDATE leases SET until = 0 WHERE name = $1 AND node = $2 AND fence = $3"


async def release(tx: Transaction, name: str, node: int, fence: int) -> None:
    """Gives a lease back; nothing happens when it was lost before."""
    await tx.execute(_RELEASE, name, node, fence)

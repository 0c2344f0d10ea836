"""Which process does what one of many does for all: a chore of the whole store is the holder's of a lease, until it ends.

The lease is held on after the work is done, for the better part of the chore's pace, so that the next process does not do it over again. When
its holder dies, another one has it when the lease has ended. Not here: chores, and the statements (`store.engine.leases`).
"""

from __future__ import annotations

import contextlib
import time

from postroom.message.errors import TryLater
from postroom.store.engine import leases
from postroom.store.engine.transaction import Engine, Transaction, Urgency

SHORTEST = 60.0  # seconds that a lease lasts at least: each costs a commit
SHARE = 0.9  # of a chore's pace


class Shifts:
    """The leases of one process. `node` is its number."""

    def __init__(self, engine: Engine, node: int) -> None:
        self._engine = engine
        self._node = node
        self._held: dict[str, tuple[int, float]] = {}  # the fence, and when to renew (monotonic seconds)
        self._asked: dict[str, float] = {}

    async def mine(self, name: str, pace: float) -> bool:
        """Whether this process does the chore of that name and pace (seconds) now."""
        lasts, now = max(SHORTEST, SHARE * pace), time.monotonic()
        held = self._held.get(name)
        if held is not None and now < held[1]:
            return True
        if now < self._asked.get(name, 0.0):
            return False
        fence = await self._engine.write(lambda tx: self._take(tx, name, lasts), Urgency.HOUSEKEEPING)
        if fence is None:
            self._held.pop(name, None)
            self._asked[name] = now + lasts / 4
            return False
        self._held[name] = fence, now + lasts / 2
        return True

    async def end(self) -> None:
        """Gives back what is held: another process may go on at once."""
        if not self._held:
            return
        with contextlib.suppress(TryLater):  # they end by themselves
            await self._engine.write(self._release, Urgency.HOUSEKEEPING)
        self._held.clear()

    async def _release(self, tx: Transaction) -> None:
        for name, (fence, _) in self._held.items():
            await leases.release(tx, name, self._node, fence)

    async def _take(self, tx: Transaction, name: str, lasts: float) -> int | None:
        now = time.time_ns() // 1000
        return await leases.take(tx, name, self._node, now, now + round(lasts * 1_000_000))

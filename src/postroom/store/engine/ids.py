"""Ids that a node makes by itself: 63 bits that grow with time and are never given twice.

Milliseconds since 2025-01-01 in the upper 41 bits, then 10 bits of node number and 12 bits of counter. Time is the machine's, never a
lab's; when it steps back, or 4096 ids are made in one millisecond, the id counts on from the last one. A mark kept in the store
(`leases.keep_node`) bounds what was given, so that a restart under a wrong clock repeats nothing. Not here: the text form (`message.ids`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
NODES = 1024
_COUNTER_BITS = 12
_COUNTER = (1 << _COUNTER_BITS) - 1
_NODE_BITS = 10


def real_ms() -> int:
    """The machine's wall clock, unix milliseconds."""
    return time.time_ns() // 1_000_000


class Ids:
    """The ids of one node. May be called from several threads.

    `mark` and `limit` are unix milliseconds: every id lies above `mark` (what an earlier holder of the node number may have given) and,
    as far as 4096 ids a millisecond allow, not above `limit`, which `reserve` moves. `now` is in unix nanoseconds.
    """

    __slots__ = ("_limit", "_lock", "_node", "_now", "_tick", "node")

    def __init__(
        self, node: int, *, mark: int = 0, limit: int | None = None, now: Callable[[], int] = time.time_ns
    ) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"node {node} is not one of 0 to {NODES - 1}")
        self.node = node
        self._node = node << _COUNTER_BITS
        self._now = now
        self._lock = threading.Lock()
        self._tick = (
            max(mark + 1 - EPOCH_MS, 0) << _COUNTER_BITS
        )  # ms and counter without the node between them
        self._limit = EPOCH_MS + (1 << 41) - 1 if limit is None else limit

    def next(self) -> int:
        """A new id, above all that were made before."""
        from_clock = (min(self._now() // 1_000_000, self._limit) - EPOCH_MS) << _COUNTER_BITS
        with self._lock:
            # an overflowing counter runs into the next millisecond
            self._tick = tick = max(self._tick + 1, from_clock)
        return tick >> _COUNTER_BITS << (_COUNTER_BITS + _NODE_BITS) | self._node | tick & _COUNTER

    def reserve(self, limit: int) -> None:
        """Lets ids run up to `limit` (unix milliseconds), once that mark is durable."""
        self._limit = max(self._limit, limit)


def node_of(number: int) -> int:
    """The number of the node that made an id."""
    return number >> _COUNTER_BITS & NODES - 1


def first_of(at: int) -> int:
    """The smallest id that any node can have made at `at` (unix microseconds) or later."""
    return max(at // 1000 - EPOCH_MS, 0) << (_COUNTER_BITS + _NODE_BITS)

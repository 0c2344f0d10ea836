"""Results of queries that were asked for last: the next part of a list need not be looked for again.

Not here: what they are results of; whoever keeps them names the state of the account in the key.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Final

MOST_RESULTS: Final = 200  # queries
MOST_IDS: Final = 2_000_000  # of all of them together


def digest(asked: bytes) -> bytes:
    """What stands for a question in a key: the question itself may have megabytes."""
    return hashlib.sha256(asked).digest()


class Results:
    """Lists of numbers, by what was asked."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Sequence[int]] = OrderedDict()
        self._ids = 0

    def get(self, key: Hashable) -> Sequence[int] | None:
        """What was found; None when it is not known any more."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, ids: Sequence[int]) -> None:
        """Keeps a result."""
        former = self._kept.pop(key, ())
        self._kept[key] = ids
        self._ids += len(ids) - len(former)
        while len(self._kept) > 1 and (len(self._kept) > MOST_RESULTS or self._ids > MOST_IDS):
            _, oldest = self._kept.popitem(last=False)
            self._ids -= len(oldest)

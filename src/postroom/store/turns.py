"""Turns: one after another for whoever asks for the same thing, all at once for the others.

What is kept is bounded by those who wait. Not here: what they wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Turns(Generic[K]):
    """A lock for each key while somebody has it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[K, tuple[asyncio.Lock, int]] = {}

    def number(self, key: K) -> int:
        """How many have the key or wait for it."""
        return self._locks[key][1] if key in self._locks else 0

    @asynccontextmanager
    async def of(self, key: K) -> AsyncIterator[None]:
        """Waits for the others with this key."""
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)

"""Reads of long work, after each of which others have their turn.

On SQLite a read does not suspend, so whoever goes through the whole store by such reads alone would hold the loop from the first account to the last.
Not here: writes, and views that must not change between two reads (`Engine.snapshot`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from postroom.store.engine.transaction import Engine, Row, Transaction, Value


class Unhurried:
    """See `Transaction`: each statement on its own."""

    __slots__ = ("_reading",)

    def __init__(self, engine: Engine) -> None:
        self._reading: Transaction = engine.reading()

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Transaction`."""
        number = await self._reading.execute(sql, *args)
        await asyncio.sleep(0)
        return number

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """See `Transaction`."""
        rows = await self._reading.fetch(sql, *args)
        await asyncio.sleep(0)
        return rows

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """See `Transaction`."""
        row = await self._reading.fetchrow(sql, *args)
        await asyncio.sleep(0)
        return row

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """See `Transaction`."""
        await self._reading.executemany(sql, rows)
        await asyncio.sleep(0)

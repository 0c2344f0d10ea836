"""A transaction whose rows are counted: what costs more, the more there is of something, reads more of them."""

from collections.abc import Sequence
from typing import Any

from postroom.store.engine.transaction import Row, Transaction


class CountedRows:
    """What lists of rows have been read by another transaction; `read` are these."""

    def __init__(self, behind: Transaction) -> None:
        self._behind = behind
        self.read: list[Row] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    async def fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        rows = await self._behind.fetch(sql, *args)
        self.read += rows
        return rows

"""The search index as searches ask it: which emails certainly have a needle, and of which it cannot say.

What waits to be indexed, and messages of which the index does not keep everything, are unknown; about all others it knows everything. Not here: what
the index is made of (`search_sqlite`, `search_postgres`), what fills it (`indexer`).
"""

from __future__ import annotations

from typing import Final, Protocol

from postroom.message.summary.searched_text import DIVIDER, PARTLY, plain
from postroom.store.engine.transaction import Engine
from postroom.store.search.text import SearchIndex, searchable

SLICE: Final = 5_000  # rows of the queue that one statement gives

QUEUED: Final = """
SELECT email_id FROM index_queue WHERE account_id = $1 AND email_id > $2 ORDER BY email_id LIMIT $3
"""


class Wordbook(Protocol):
    """What is known of the words of emails."""

    async def holding(
        self, account_id: int, needle: str, *, header: bool
    ) -> tuple[set[int], set[int] | None]:
        """Emails that have the needle in their body, or with `header` there or in the header; and those of which it cannot be said, None: all."""


class IndexWordbook:
    """Over the index of one store."""

    def __init__(self, engine: Engine, index: SearchIndex) -> None:
        self._engine = engine
        self._index = index

    async def holding(
        self, account_id: int, needle: str, *, header: bool
    ) -> tuple[set[int], set[int] | None]:
        """See `Wordbook`."""
        if not self._index.complete:
            return set(), None
        found: set[int] = set()
        behind = "" if header else DIVIDER
        async for part in self._index.search(account_id, searchable(plain(needle)), behind):
            found.update(part)
        unknown = await self._unknown(account_id)
        return found - unknown, unknown

    async def _unknown(self, account_id: int) -> set[int]:
        found: set[int] = set()
        async for part in self._index.search(account_id, searchable(PARTLY)):
            found.update(part)
        after = -1
        while rows := await self._engine.reading().fetch(QUEUED, account_id, after, SLICE):
            found.update(row[0] for row in rows)
            after = rows[-1][0]
        return found

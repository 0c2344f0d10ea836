"""The search index of the shared store: a table with the texts, and a trigram index over it where the server has the extensions.

The extensions (pg_trgm, btree_gin) come with PostgreSQL, and the owner of a database may add them. Where that is not allowed, searches read the
account's texts instead: the same answers, later. Not here: what is entered, and when (`indexer`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from postroom.message.errors import TryLater
from postroom.store.engine.transaction import Engine, Transaction, Urgency
from postroom.store.search.text import Document

FOUND_AT_ONCE: Final = 1000

_INDEX: Final = (
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE INDEX IF NOT EXISTS search_trigrams ON search_texts USING gin (account_id, text gin_trgm_ops)",
)
_PUT: Final = """
INSERT INTO search_texts (account_id, email_id, text) VALUES ($1, $2, $3)
 ON CONFLICT (account_id, email_id) DO UPDATE SET text = excluded.text
"""
_REMOVE: Final = "DELETE FROM search_texts WHERE account_id = $1 AND email_id = $2"
_CLEAR: Final = "DELETE FROM search_texts"
_INDEXED: Final = """
SELECT email_id FROM search_texts WHERE account_id = $1 AND email_id > $2 AND text LIKE $3 ORDER BY email_id LIMIT $4
"""
_SCANNED: Final = """
SELECT email_id FROM search_texts WHERE account_id = $1 AND email_id > $2 AND position($5 in text) > 0
 AND position($3 in substr(text, position($5 in text))) > 0 ORDER BY email_id LIMIT $4
"""
_HAS_TRIGRAM: Final = re.compile(
    "[0-9A-Z]{3}"
)  # in the C locale the index knows ASCII letters and digits only
_SPECIAL: Final = re.compile(r"([\\%_])")
_ESCAPED: Final = r"\\\1"


class PostgresSearch:
    """See `SearchIndex`. The trigram index is made before the first text is entered."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._prepared = False

    @property
    def complete(self) -> bool:
        """See `SearchIndex`: a table of the store itself, written in the same breath as the queue."""
        return True

    async def completed(self) -> None:
        """See `SearchIndex`."""

    async def _prepare(self) -> None:
        async def work(tx: Transaction) -> None:
            for statement in _INDEX:
                await tx.execute(statement)

        self._prepared = True
        try:
            await self._engine.write(work, Urgency.HOUSEKEEPING)
        except TryLater:
            pass  # not allowed here, or another process is making it

    async def put(self, documents: list[Document]) -> None:
        """See `SearchIndex`."""
        if not self._prepared:
            await self._prepare()
        rows = [(document.account_id, document.email_id, document.text) for document in documents]
        await self._engine.write(lambda tx: tx.executemany(_PUT, rows), Urgency.HOUSEKEEPING)

    async def remove(self, account_id: int, email_ids: list[int]) -> None:
        """See `SearchIndex`."""
        rows = [(account_id, email_id) for email_id in email_ids]
        await self._engine.write(lambda tx: tx.executemany(_REMOVE, rows), Urgency.HOUSEKEEPING)

    async def search(self, account_id: int, needle: str, behind: str = "") -> AsyncIterator[list[int]]:
        """See `SearchIndex`."""
        sql, key, more = _SCANNED, needle, [behind]
        if _HAS_TRIGRAM.search(needle):
            sql, key, more = _INDEXED, f"%{behind}%{_SPECIAL.sub(_ESCAPED, needle)}%", []
        after = -1
        while rows := await self._engine.reading().fetch(sql, account_id, after, key, FOUND_AT_ONCE, *more):
            yield [row[0] for row in rows]
            after = rows[-1][0]

    async def clear(self) -> None:
        """See `SearchIndex`."""

        async def work(tx: Transaction) -> int:
            return await tx.execute(_CLEAR)

        await self._engine.write(work, Urgency.HOUSEKEEPING)

    async def close(self) -> None:
        """See `SearchIndex`: nothing to let go of."""

"""Which emails of an account have a needle in their words: by the search index, and by reading those that it does not hold whole.

RFC 9051 §6.4.4 (BODY, TEXT, HEADER). Exact in every case: the index only saves reading. Reading is done in batches, and the words are made out of the
octets in a thread. Not here: which mailbox the emails are in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from postroom.message.encodings.casemap import casemap
from postroom.message.headers.header import spaced
from postroom.message.query.query import Heads, Holds, Key
from postroom.message.summary.searched_text import searched, values
from postroom.store.engine.disk_errors import FileLost
from postroom.store.search.wordbook import Wordbook
from postroom.store.store import Store

BATCH: Final = 16  # messages whose octets are in memory at once

Test = Callable[[bytes], bool]


class Wording:
    """The words of one account's emails, for one search: what was found out about a needle is known for the next slice."""

    def __init__(self, store: Store, wordbook: Wordbook | None, account_id: int) -> None:
        self._store = store
        self.read_email = store.read_email
        self._wordbook = wordbook
        self._account_id = account_id
        self._certain: dict[Key, set[int]] = {}
        self._unknown: dict[Key, set[int] | None] = {}

    async def possible(self, key: Holds | Heads) -> set[int] | None:
        """All emails of the account that can match; None: each can."""
        if isinstance(key, Holds):
            await self._ask(key, key.needle, header=key.header)
        else:
            await self._ask(key, spaced(key.needle) or f"{key.name}:", header=True)
        unknown = self._unknown[key]
        return None if unknown is None else self._certain[key] | unknown

    async def holding(self, key: Holds, among: set[int]) -> set[int]:
        """Those of these `possible` emails whose words have the needle."""
        certain = self._certain[key] & among
        return certain | await self._read(among - certain, _holds(key))

    async def heading(self, key: Heads, among: set[int]) -> set[int]:
        """Those of these `possible` emails with a field of the name that has the needle."""
        return await self._read(among, _heads(key))

    async def _ask(self, key: Key, needle: str, *, header: bool) -> None:
        """What the index knows, once."""
        if key in self._certain:
            return
        if self._wordbook is None:
            self._certain[key], self._unknown[key] = set(), None
        else:
            found = await self._wordbook.holding(self._account_id, needle, header=header)
            self._certain[key], self._unknown[key] = found

    async def _read(self, emails: set[int], test: Test) -> set[int]:
        found: set[int] = set()
        waiting = sorted(emails)
        for start in range(0, len(waiting), BATCH):
            batch = [
                (email_id, raw)
                for email_id in waiting[start : start + BATCH]
                if (raw := await self._octets(email_id)) is not None
            ]
            found.update(await asyncio.to_thread(_tested, batch, test))
        return found

    async def _octets(self, email_id: int) -> bytes | None:
        """None for what is gone, and for what is lost: nobody can say that it has the needle."""
        try:
            return await self._store.read_email(self._account_id, email_id)
        except FileLost:
            return None


def _tested(batch: list[tuple[int, bytes]], test: Test) -> list[int]:
    return [email_id for email_id, raw in batch if test(raw)]


def _holds(key: Holds) -> Test:
    needle = casemap(key.needle)

    def test(raw: bytes) -> bool:
        words = searched(raw)
        return needle in casemap(words.body) or (key.header and needle in casemap(words.header))

    return test


def _heads(key: Heads) -> Test:
    needle = casemap(spaced(key.needle))
    return lambda raw: any(needle in casemap(value) for value in values(raw, key.name))

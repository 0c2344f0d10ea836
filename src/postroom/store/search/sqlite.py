"""The search index of the embedded store: a file of its own, `search.db`, which can be deleted and built again.

A trigram index without contents (FTS5, contentless, detail=none: about half the text) gives candidates, the compressed text the exact
answer. Row ids are grouped by account, so that a search reads its own account's postings only. Writing happens in a thread, in batches;
reading on the loop, in slices. A file that turns out to be damaged is not complete any more, and so is built again. Not here: what is entered, and when
(`indexer`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import apsw

from postroom.message.errors import TryLater
from postroom.store.engine.disk_errors import as_mail_errors
from postroom.store.engine.durable import sync_directory
from postroom.store.engine.group_commit import as_try_later
from postroom.store.engine.sqlite import make_file, refusal
from postroom.store.search.text import Document, Needle, needle_trigrams, pack

CANDIDATES: Final = 100  # texts that are read before others have their turn
MATCHES: Final = 5_000  # row ids that one look into the trigrams gives
PAGE: Final = (
    8_192  # octets of a page of a new file: on one of 4,096 a text would be alone, and half of it empty
)
FORMAT: Final = 2  # of the file, when it is complete; one with another number is built again
READ_AT_ONCE: Final = 262_144  # octets of compressed texts, likewise
_ACCOUNT_BITS: Final = 32  # of a row id below the account's number

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS accounts (account_id INTEGER PRIMARY KEY, number INTEGER NOT NULL UNIQUE, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS texts (id INTEGER PRIMARY KEY, email_id INTEGER NOT NULL UNIQUE, text BLOB NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS grams USING fts5(
  text, content='', contentless_delete=1, detail='none', tokenize='trigram case_sensitive 1');
"""
_DAMAGED: Final = (apsw.NotADBError, apsw.CorruptError)
_NEXT_IDS: Final = """
INSERT INTO accounts (account_id, number, last) VALUES (?1, (SELECT COALESCE(MAX(number), 0) + 1 FROM accounts), ?2)
 ON CONFLICT (account_id) DO UPDATE SET last = last + ?2 RETURNING number, last
"""
_PUT_TEXT: Final = "INSERT INTO texts (id, email_id, text) VALUES (?1, ?2, ?3)"
_PUT_GRAMS: Final = "INSERT INTO grams (rowid, text) VALUES (?1, ?2)"
_TAKE_TEXT: Final = "DELETE FROM texts WHERE email_id = ?1 RETURNING id"
_TAKE_GRAMS: Final = "DELETE FROM grams WHERE rowid = ?1"
_NUMBER: Final = "SELECT number FROM accounts WHERE account_id = ?1"
_MATCHING: Final = """
SELECT rowid FROM grams WHERE grams MATCH ?1 AND rowid > ?2 AND rowid < ?3 ORDER BY rowid LIMIT ?4
"""
_ALL: Final = "SELECT id, email_id, text FROM texts WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3"
_TEXTS: Final = (
    "SELECT texts.id, email_id, text FROM json_each(?1) CROSS JOIN texts ON texts.id = json_each.value"
)


class SqliteSearch:
    """See `SearchIndex`. Made by `open`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing, self._reading = _connect(path), _connect(path)
        self._complete: bool = self._writing.pragma("user_version") == FORMAT
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search-writer")

    @classmethod
    def open(cls, directory: Path) -> SqliteSearch:
        """Opens or makes `directory/search.db`; one that is damaged is begun anew. Raises `StoreRefused`."""
        path = directory / "search.db"
        with contextlib.suppress(*_DAMAGED):
            return cls._at(path)
        _remove(path)
        return cls._at(path)

    @classmethod
    def _at(cls, path: Path) -> SqliteSearch:
        try:
            return cls(path)
        except _DAMAGED:
            raise
        except apsw.Error as error:
            raise refusal(str(path), error) from error

    @property
    def complete(self) -> bool:
        """See `SearchIndex`."""
        return self._complete

    async def completed(self) -> None:
        """See `SearchIndex`."""
        await self._in_thread(functools.partial(self._writing.pragma, "user_version", FORMAT))
        self._complete = True

    async def put(self, documents: list[Document]) -> None:
        """See `SearchIndex`."""
        await self._in_thread(functools.partial(self._write, documents, []))

    async def remove(self, account_id: int, email_ids: list[int]) -> None:  # noqa: ARG002 - an email's id is enough here
        """See `SearchIndex`."""
        await self._in_thread(functools.partial(self._write, [], email_ids))

    async def _in_thread(self, work: Callable[[], object]) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except apsw.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: apsw.Error) -> TryLater:
        if isinstance(error, _DAMAGED):
            self._complete = False
        return as_try_later(error)

    def _write(self, documents: list[Document], gone: Iterable[int]) -> None:
        cursor = self._writing.cursor()
        with self._writing:
            for email_id in (*gone, *(document.email_id for document in documents)):
                for (row_id,) in cursor.execute(_TAKE_TEXT, (email_id,)).fetchall():
                    cursor.execute(_TAKE_GRAMS, (row_id,))
            rows = list(zip(self._row_ids(documents), documents, strict=True))
            cursor.executemany(_PUT_TEXT, ((id_, one.email_id, pack(one.text)) for id_, one in rows))
            cursor.executemany(_PUT_GRAMS, ((id_, one.text) for id_, one in rows))

    def _row_ids(self, documents: list[Document]) -> list[int]:
        """New row ids, all of them before the first trigram is entered: behind one, such a statement makes FTS5 write what it has gathered."""
        last: dict[int, int] = {}
        for account_id, count in Counter(document.account_id for document in documents).items():
            rows: list[Any] = self._writing.execute(_NEXT_IDS, (account_id, count)).fetchall()
            number, end = rows[0]
            last[account_id] = (number << _ACCOUNT_BITS | end) - count
        found: list[int] = []
        for document in documents:
            last[document.account_id] += 1
            found.append(last[document.account_id])
        return found

    async def search(self, account_id: int, needle: str, behind: str = "") -> AsyncIterator[list[int]]:
        """See `SearchIndex`."""
        numbers = self._read(_NUMBER, account_id)
        if not numbers:
            return
        after, end = numbers[0][0] << _ACCOUNT_BITS, (numbers[0][0] + 1) << _ACCOUNT_BITS
        match = " AND ".join('"' + gram.replace('"', '""') + '"' for gram in needle_trigrams(needle))
        wanted = Needle(needle, behind)
        for rows in self._candidates(match, after, end):
            found: list[int] = []
            read = 0
            for _, email_id, packed in rows:
                read += len(packed)
                if wanted.within(packed):
                    found.append(email_id)
                if read > READ_AT_ONCE:
                    read = 0
                    await asyncio.sleep(0)
            if found:
                yield found
            await asyncio.sleep(0)

    def _candidates(self, match: str, after: int, end: int) -> Iterator[list[tuple[int, int, bytes]]]:
        """(row id, email id, packed text) of the texts that may match, a few at a time; without `match` of all."""
        while not match and (rows := self._read(_ALL, after, end, CANDIDATES)):
            yield rows
            after = rows[-1][0]
        while match and (ids := self._read(_MATCHING, match, after, end, MATCHES)):
            for start in range(0, len(ids), CANDIDATES):
                wanted = [row_id for (row_id,) in ids[start : start + CANDIDATES]]
                yield self._read(_TEXTS, json.dumps(wanted))
            after = ids[-1][0]

    def _read(self, sql: str, *args: int | str) -> list[Any]:
        try:
            return self._reading.execute(sql, args).fetchall()
        except apsw.Error as error:
            raise self._failure(error) from error

    async def clear(self) -> None:
        """See `SearchIndex`. Whoever searches meanwhile is told to do it later."""
        self._complete = False
        self._reading.close()  # here, where it is read
        await self._in_thread(self._begin_anew)

    def _begin_anew(self) -> None:
        """With another file: of a damaged one not even the tables can be dropped."""
        self._writing.close()
        with as_mail_errors("search index"):
            _remove(self._path)
            self._writing, self._reading = _connect(self._path), _connect(self._path)
            sync_directory(self._path.parent)  # the former one must not come back as if it were complete

    async def close(self) -> None:
        """See `SearchIndex`."""
        self._thread.shutdown()
        self._reading.close()
        self._writing.close()


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _connect(path: Path) -> apsw.Connection:
    with contextlib.suppress(OSError):  # SQLite says better what is wrong
        make_file(path)
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(5000)
    connection.pragma("page_size", PAGE)
    for name, value in (("journal_mode", "wal"), ("synchronous", "full"), ("journal_size_limit", 64 << 20)):
        connection.pragma(name, value)
    connection.execute(_SCHEMA)
    return connection

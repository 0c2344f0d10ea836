"""The embedded engine: SQLite through apsw, one writer, reads inline on the event loop.

Write-ahead log, `synchronous=FULL`: a write that returned survives a power cut. Reads do not run in a thread, but for those that take very long and give few
rows (`aside`): every step of a statement hands the interpreter's lock over, and a busy loop would not give it back for milliseconds. One process has the directory
(`lockfile`). Not here: tables (`schema/`), batches (`group_commit`).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import apsw
import msgspec

from postroom.store.engine.checkpoint import Checkpointer, LogLimits
from postroom.store.engine.dialect import Dialect, sqlite_dialect
from postroom.store.engine.durable import give_away, make_durable
from postroom.store.engine.group_commit import GroupCommit, as_try_later, drive
from postroom.store.engine.lockfile import LockFile
from postroom.store.engine.refused import StoreDamaged, StoreRefused
from postroom.store.engine.transaction import Row, Transaction, Urgency, Value

T = TypeVar("T")

STATEMENTS_KEPT: Final = 400  # prepared, per connection
BUSY_PAUSE_MS: Final = 10  # between two tries to get a lock that a foreign program has
MADE_AFTER: Final = (
    "search.db",
    "blobs",
)  # what is beside a database is there since it was, and useless without it
RESTORING: Final = ".restoring"  # what the name of a directory ends with while a backup is restored into it
NEEDED: Final = 65_536  # octets of free space, so that a database can be opened
LOG_LEFT: Final = 64 << 20  # octets: a longer write-ahead log is cut when it starts anew


class SqliteOptions(msgspec.Struct, frozen=True):
    """`page_size` in octets counts only when the file is made; caches in KiB; `busy_ms` is for foreign programs with a lock; `create`: where there is no
    database, one is made."""

    page_size: int = 4096
    write_cache: int = 65_536
    read_cache: int = 32_768
    log: LogLimits = LogLimits()
    busy_ms: int = 5000
    vfs: str | None = None
    create: bool = True


DEFAULTS: Final = SqliteOptions()


class SqliteTransaction:
    """Statements on one connection, run at once; the coroutines never suspend."""

    __slots__ = ("_connection", "_cursor", "_dialect", "_execute")

    def __init__(self, connection: apsw.Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._cursor = connection.cursor()  # one for all: each statement is finished before the next
        self._execute = self._cursor.execute

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Transaction`."""
        self._execute(self._dialect[sql], args).fetchall()
        return self._connection.changes()

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """See `Transaction`."""
        return self._execute(self._dialect[sql], args).fetchall()

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """See `Transaction`."""
        rows = self._execute(self._dialect[sql], args).fetchall()
        return rows[0] if rows else None

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """See `Transaction`."""
        self._cursor.executemany(self._dialect[sql], rows)


class SqliteReading(SqliteTransaction):
    """Statements each on its own; failures come out as `TryLater`, as those of writes do in the end."""

    __slots__ = ()

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Transaction`."""
        await self.fetch(sql, *args)
        return self._connection.changes()

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """See `Transaction`."""
        try:
            return self._execute(self._dialect[sql], args).fetchall()
        except apsw.Error as error:
            raise as_try_later(error) from error

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """See `Transaction`."""
        try:
            rows = self._execute(self._dialect[sql], args).fetchall()
        except apsw.Error as error:
            raise as_try_later(error) from error
        return rows[0] if rows else None


class SqliteEngine:
    """See `Engine`. Made by `open`."""

    def __init__(
        self, files: _Files, on_fatal: Callable[[BaseException], None], options: SqliteOptions
    ) -> None:
        self.dialect = sqlite_dialect()
        self._files = files
        self._options = options
        self._reader = SqliteReading(files.reading, self.dialect)
        writer: Transaction = SqliteTransaction(files.writing, self.dialect)
        self._commits = GroupCommit(files.writing, writer, on_fatal)
        self._busy_calls = options.busy_ms // BUSY_PAUSE_MS
        files.writing.set_busy_handler(self._wait)
        self._checkpoints = Checkpointer(files.copying, files.writing, options.log, self._commits.broke)
        self._commits.start(self._checkpoints.after_commit)

    @classmethod
    async def open(
        cls,
        directory: Path,
        on_fatal: Callable[[BaseException], None],
        options: SqliteOptions = DEFAULTS,
    ) -> SqliteEngine:
        """Opens or makes `directory/mail.db`.

        `on_fatal` is called on the loop, once, when the disk failed: close the listeners and end the process. Raises `StoreRefused`.
        """
        return cls(_open_files(directory, options), on_fatal, options)

    async def write(
        self, work: Callable[[Transaction], Awaitable[T]], urgency: Urgency = Urgency.INBOUND
    ) -> T:
        """See `Engine`. Who is cancelled while he waits does not know whether the work is done; before its turn it is not."""
        value: T = await self._commits.submit(work, urgency)
        return value

    def reading(self) -> Transaction:
        """See `Engine`."""
        return self._reader

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `Engine`. `work` must not wait for anything but its transaction."""
        await self._reader.fetch("BEGIN")
        try:
            value: T = drive(work(self._reader))
        finally:
            if not self._files.reading.get_autocommit():  # else a failure of the disk has ended it
                await self._reader.fetch("COMMIT")
        return value

    async def aside(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `Engine`: in a thread, which holds the interpreter's lock only between two rows."""
        return await asyncio.to_thread(self._aside, work)

    def _aside(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            connection = _reading(self._files.path, self._options)
        except apsw.Error as error:
            raise as_try_later(error) from error
        try:
            value: T = drive(_on_one_view(SqliteReading(connection, self.dialect), work))
        finally:
            connection.close()
        return value

    def waited(self) -> float:
        """See `Engine`."""
        return self._commits.waited()

    def _wait(self, calls: int) -> bool:
        """SQLite asks this when a foreign program has the file locked."""
        if calls >= self._busy_calls or not self._commits.in_thread:
            return False
        time.sleep(BUSY_PAUSE_MS / 1000)
        return True

    async def now(self) -> None:
        """See `Engine`: there is no other machine."""

    async def close(self) -> None:
        """See `Engine`."""
        await self._commits.close()
        self._checkpoints.close()
        self._files.reading.close()
        self._files.writing.close()  # the last one out copies the log into the file and removes it
        self._files.lock.release()


async def _on_one_view(reader: SqliteReading, work: Callable[[Transaction], Awaitable[T]]) -> T:
    await reader.fetch("BEGIN")
    return await work(reader)


class _Files(NamedTuple):
    path: str
    lock: LockFile
    writing: apsw.Connection
    reading: apsw.Connection
    copying: apsw.Connection


def _open_files(directory: Path, options: SqliteOptions) -> _Files:
    database = directory / "mail.db"
    path = str(database)
    if not database.exists():
        _may_begin(directory, options)
    make_durable(directory)
    lock = LockFile(directory)
    make_file(database)
    try:
        writing = _connect(path, options, options.write_cache)
        reading = _reading(path, options)
        copying = _connect(path, options, options.read_cache)
    except apsw.Error as error:
        lock.release()
        raise refusal(path, error) from error
    return _Files(path, lock, writing, reading, copying)


def make_file(database: Path) -> None:
    """Makes an empty file (0600) where there is no database yet: SQLite would let others read it, and make it root's."""
    try:
        descriptor = os.open(
            database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
    except FileExistsError:
        return
    try:
        give_away(descriptor, database.parent)
    finally:
        os.close(descriptor)


def _may_begin(directory: Path, options: SqliteOptions) -> None:
    """Whether a database may be made in a directory that has none; raises `StoreRefused`."""
    left = [name for name in MADE_AFTER if (directory / name).exists()]
    if left:
        raise StoreDamaged(
            f"{directory / 'mail.db'} is gone, though there is {' and '.join(left)} beside it: restore it from a backup with"
            f" `postroom restore`; to begin anew, move {directory} away"
        )
    unfinished = directory.with_name(directory.name + RESTORING)
    if unfinished.exists():
        raise StoreRefused(
            f"a restore was broken off (there is {unfinished}): say `postroom restore` again; to begin without mail, remove it"
        )
    if not options.create:
        raise StoreRefused(f"there is no mail in {directory}: is that the directory that was meant?")


def _reading(path: str, options: SqliteOptions) -> apsw.Connection:
    connection = _connect(path, options, options.read_cache)
    connection.pragma("query_only", True)
    return connection


def _connect(path: str, options: SqliteOptions, cache: int) -> apsw.Connection:
    connection = apsw.Connection(path, vfs=options.vfs, statementcachesize=STATEMENTS_KEPT)
    connection.set_busy_timeout(options.busy_ms)
    # Else a value bound to a join or beside a partial index is looked at for the plan, and each execution prepares the statement anew.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    pragmas: dict[str, Any] = {
        "page_size": options.page_size,
        "journal_mode": "wal",
        "synchronous": "full",
        "cache_size": -cache,
        "temp_store": "memory",
        "journal_size_limit": LOG_LEFT,
        "wal_autocheckpoint": 0,  # `checkpoint` does it
        "foreign_keys": False,
        "trusted_schema": False,
    }
    for name, value in pragmas.items():
        connection.pragma(name, value)
    return connection


def refusal(path: str, error: apsw.Error) -> StoreRefused:
    """Why a database cannot be opened. On a full disk SQLite itself speaks of errors of input and output."""
    if isinstance(error, (apsw.NotADBError, apsw.CorruptError)):
        return StoreDamaged(f"{path} is damaged ({error}): restore it from a backup with `postroom restore`")
    full = shutil.disk_usage(Path(path).parent).free < NEEDED
    return StoreRefused(f"{path} cannot be opened: {'the disk is full, make room first' if full else error}")

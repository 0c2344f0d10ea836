"""The shared engine: PostgreSQL through asyncpg, for several processes and machines.

READ COMMITTED: every writing transaction of an account takes its row's lock by its first statement, so nothing stricter is needed.
Serialisation failures and deadlocks are tried again; all other failures of the server come out as `TryLater`. A COMMIT whose answer was
lost is one of them: the work may be done, and whoever repeats it must be recognised (`deliveries` does it for mail). Not here: tables.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, Final, TypeVar

import asyncpg

from postroom.message.errors import NoSpace, TryLater
from postroom.store.engine.dialect import Dialect, postgresql_dialect
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.refused import StoreRefused
from postroom.store.engine.transaction import Row, Transaction, Urgency, Value

T = TypeVar("T")

TRIES: Final = 4  # of one piece of work: the first and three more
JITTER: Final = 0.05  # seconds, times the number of the try
STATEMENTS_KEPT: Final = 400
SERVER_FAILURES: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_AGAIN: Final = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
)


DEFAULTS: Final = PostgresOptions()
_UNREADABLE: Final = (
    "the database's URL cannot be read; it looks like postgresql://user:password@host:5432/database, and in a password / is written %2F, "
    "# %23, ? %3F, @ %40 and % %25"
)


class PostgresTransaction:
    """Statements in an open transaction; each is one round trip."""

    __slots__ = ("_connection", "_dialect")

    def __init__(self, connection: Any, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Transaction`."""
        return _rows(await self._connection.execute(self._dialect[sql], *args))

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """See `Transaction`."""
        rows: Sequence[Row] = await self._connection.fetch(self._dialect[sql], *args)
        return rows

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """See `Transaction`."""
        row: Row | None = await self._connection.fetchrow(self._dialect[sql], *args)
        return row

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """See `Transaction`."""
        await self._connection.executemany(self._dialect[sql], rows)


class PostgresReading:
    """Statements each on its own, on any connection of the reading pool; failures come out as `TryLater`."""

    __slots__ = ("_dialect", "_pool")

    def __init__(self, pool: Any, dialect: Dialect) -> None:
        self._pool = pool
        self._dialect = dialect

    async def execute(self, sql: str, *args: Value) -> int:
        """See `Transaction`."""
        return _rows(await self._on_any("execute", sql, args))

    async def fetch(self, sql: str, *args: Value) -> Sequence[Row]:
        """See `Transaction`."""
        rows: Sequence[Row] = await self._on_any("fetch", sql, args)
        return rows

    async def fetchrow(self, sql: str, *args: Value) -> Row | None:
        """See `Transaction`."""
        row: Row | None = await self._on_any("fetchrow", sql, args)
        return row

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """See `Transaction`."""
        await self._on_any("executemany", sql, (rows,))

    async def _on_any(self, method: str, sql: str, args: Sequence[Any]) -> Any:
        try:
            return await in_task(getattr(self._pool, method)(self._dialect[sql], *args))
        except SERVER_FAILURES as error:
            raise as_try_later(error) from error


class PostgresEngine:
    """See `Engine`. Made by `open`."""

    def __init__(self, writers: Any, readers: Any, options: PostgresOptions) -> None:
        self.dialect = postgresql_dialect()
        self._writers = writers
        self._readers = readers
        self._options = options
        self._reader = PostgresReading(readers, self.dialect)
        self._waiting: dict[int, float] = {}
        self._tickets = 0

    @classmethod
    async def open(cls, url: str, options: PostgresOptions = DEFAULTS) -> PostgresEngine:
        """Connects; the database exists already. Raises `StoreRefused` when it cannot be reached."""
        writers = _pool(url, options, options.writers)
        readers = _pool(url, options, options.readers, default_transaction_read_only="on")
        opened = []
        try:
            for pool in (writers, readers):
                await pool
                opened.append(pool)
        except SERVER_FAILURES as error:
            for pool in opened:
                pool.terminate()
            raise StoreRefused(f"the database cannot be reached: {type(error).__name__}: {error}") from error
        except ValueError:  # says what it took for a port, and that may be a piece of the password
            raise StoreRefused(_UNREADABLE) from None
        return cls(writers, readers, options)

    async def write(
        self, work: Callable[[Transaction], Awaitable[T]], urgency: Urgency = Urgency.INBOUND
    ) -> T:
        """See `Engine`. Connections go to whoever asked first: `urgency` has no weight here."""
        del urgency
        for number in range(1, TRIES):
            try:
                return await in_task(self._write_once(work))
            except _AGAIN:
                await asyncio.sleep(JITTER * number * random.random())
            except SERVER_FAILURES as error:
                raise await self._failure(error) from error
        try:
            return await in_task(self._write_once(work))
        except SERVER_FAILURES as error:
            raise await self._failure(error) from error

    async def _write_once(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        connection = await self._acquire()
        try:
            return await self._within("BEGIN", connection, work)
        finally:
            await _give_back(self._writers, connection)

    async def _within(self, begin: str, connection: Any, work: Callable[[Transaction], Awaitable[T]]) -> T:
        try:
            await connection.execute(begin)
            value = await work(PostgresTransaction(connection, self.dialect))
        except BaseException:
            await _roll_back(connection)
            raise
        await _commit(connection)
        return value

    async def _acquire(self) -> Any:
        self._tickets += 1
        ticket = self._tickets
        self._waiting[ticket] = time.monotonic()
        try:
            return await self._writers.acquire(timeout=self._options.acquire_seconds)
        finally:
            del self._waiting[ticket]

    async def _failure(self, error: BaseException) -> TryLater:
        if isinstance(error, asyncpg.ReadOnlySQLTransactionError):  # a failover left us with a standby
            await self._writers.expire_connections()
        return as_try_later(error)

    def reading(self) -> Transaction:
        """See `Engine`."""
        return self._reader

    async def snapshot(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `Engine`."""
        try:
            return await in_task(self._look(work))
        except SERVER_FAILURES as error:
            raise as_try_later(error) from error

    async def aside(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """See `Engine`: the server's time is nobody else's."""
        return await self.snapshot(work)

    async def _look(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        connection = await self._readers.acquire(timeout=self._options.acquire_seconds)
        try:
            return await self._within("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", connection, work)
        finally:
            await _give_back(self._readers, connection)

    def waited(self) -> float:
        """See `Engine`: here it is the wait for a connection."""
        return time.monotonic() - next(iter(self._waiting.values())) if self._waiting else 0.0

    async def now(self) -> int | None:
        """See `Engine`."""
        row = await self._reader.fetchrow(
            "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
        )
        return None if row is None else int(row[0])

    async def close(self) -> None:
        """See `Engine`."""
        await self._writers.close()
        await self._readers.close()


async def in_task(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` in a task, a new one if there is none: asyncpg's timeouts ask for it, and a handler that was begun at once has none."""
    if asyncio.current_task() is not None:
        return await work
    return await asyncio.get_running_loop().create_task(work)


async def _commit(connection: Any) -> None:
    """COMMIT, which is durable also on the standby when the server is told to wait for it.

    When that wait is broken off, the server commits all the same and says so only by a warning (class 01).
    """
    warnings: list[str] = []

    def heard(_connection: Any, message: Any) -> None:
        if str(message.sqlstate).startswith("01"):
            warnings.append(str(message))

    connection.add_log_listener(heard)
    try:
        await connection.execute("COMMIT")
    finally:
        connection.remove_log_listener(heard)
    if warnings:
        raise TryLater(detail=f"the commit may not have reached the standby: {warnings[0]}")


async def _roll_back(connection: Any) -> None:
    """ROLLBACK; a connection that cannot do it is thrown away, which is the same for the server. One that is lost the pool has thrown away itself."""
    try:
        await connection.execute("ROLLBACK")
    except SERVER_FAILURES:
        _throw_away(connection)
    except asyncio.CancelledError:
        _throw_away(connection)
        raise


def _throw_away(connection: Any) -> None:
    with contextlib.suppress(asyncpg.InterfaceError):
        connection.terminate()


async def _give_back(pool: Any, connection: Any) -> None:
    """To the pool, which may have taken it back in this moment: from called off work whose statement the server did not end."""
    with contextlib.suppress(asyncpg.InternalClientError):
        await pool.release(connection)


def _pool(url: str, options: PostgresOptions, size: int, **settings: str) -> Any:
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=options.statement_seconds,
        timeout=options.acquire_seconds,
        statement_cache_size=STATEMENTS_KEPT,
        server_settings={"application_name": "postroom", **settings},
        reset=_keep,
    )


async def _keep(_connection: Any) -> None:
    """Between two users a connection needs no reset: nobody changes its settings."""


def _rows(status: str) -> int:
    """Of a command tag, e.g. `INSERT 0 3`; 0 for those without a number."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0


def as_try_later(error: BaseException) -> TryLater:
    """The server's failure in the family's words."""
    kind = NoSpace if isinstance(error, asyncpg.DiskFullError) else TryLater
    return kind(detail=f"{type(error).__name__}: {error}")

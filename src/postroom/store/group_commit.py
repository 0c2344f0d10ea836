"""The writer thread of SQLite: many small pieces of work, one commit.

While one commit waits for the disk, work gathers; the next batch takes all of it. Each piece is a coroutine that never suspends, driven
by `send(None)`. The batch is run without savepoints first, since a savepoint copies every page that it touches; when a piece fails, the
batch is rolled back and run again with one savepoint each, so that only the piece that failed has no effect. The store's contract
allows it: work may run twice. Futures are resolved by one call on the loop, after the commit is durable.

An input/output error or a failed COMMIT is never retried: what the kernel dropped stays dropped, and a second fsync would lie. The batch
fails, `on_fatal` is called, and no more work is taken; recovery is the next process's.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import apsw

from postroom.message.errors import NoSpace, Overloaded, TryLater
from postroom.store.engine import Transaction, Urgency

MAX_BATCH: Final = 500
MAX_WAITING: Final = 20_000  # pieces of work; bodies are bounded elsewhere, by their octets

Work = Callable[[Transaction], Awaitable[Any]]


class Piece:
    """One piece of work, and what came of it."""

    __slots__ = ("error", "future", "since", "value", "work")

    def __init__(self, work: Work, future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future
        self.since = time.monotonic()
        self.value: Any = None
        self.error: BaseException | None = None


class GroupCommit:
    """The queue and the thread. `connection` and `transaction` belong to the thread from `start` on."""

    def __init__(
        self,
        connection: apsw.Connection,
        transaction: Transaction,
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._connection = connection
        self._transaction = transaction
        self._run = connection.cursor().execute
        self._on_fatal = on_fatal
        self._loop = asyncio.get_running_loop()
        self._queues: tuple[deque[Piece], ...] = tuple(deque() for _ in Urgency)
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._asleep = False
        self._closing = False
        self._broken: BaseException | None = None
        self._reported = False
        self._log_pages = 0
        self._after_commit: Callable[[int], None]
        self._ended: asyncio.Future[None] = self._loop.create_future()
        connection.set_wal_hook(self._committed)
        self._thread = threading.Thread(target=self._main, name="store-writer", daemon=True)

    def start(self, after_commit: Callable[[int], None]) -> None:
        """Starts the thread, which calls `after_commit` with the length of the log when those who waited are answered."""
        self._after_commit = after_commit
        self._thread.start()

    def broke(self, error: BaseException) -> None:
        """The disk failed elsewhere: take no more work. May be called in any thread."""
        self._broken = self._broken or error
        self._bell.put(None)

    def submit(self, work: Work, urgency: Urgency) -> asyncio.Future[Any]:
        """Queues work. Raises `Overloaded` when too much waits and `TryLater` when the store has failed or is closing."""
        if self._broken is not None or self._closing:
            raise TryLater(detail=f"the store is closed: {self._broken or 'shutting down'}")
        waiting = self._queues[urgency]
        if len(waiting) >= MAX_WAITING:
            raise Overloaded(detail=f"{MAX_WAITING} writes are waiting")
        future: asyncio.Future[Any] = self._loop.create_future()
        waiting.append(Piece(work, future))
        if self._asleep:
            self._asleep = False
            self._bell.put(None)
        return future

    def waited(self) -> float:
        """Seconds since the oldest waiting piece came."""
        firsts = [waiting[0].since for waiting in self._queues if waiting]
        return max(0.0, time.monotonic() - min(firsts)) if firsts else 0.0

    async def close(self) -> None:
        """Finishes what is queued and waits for the thread's end."""
        self._closing = True
        self._bell.put(None)
        await self._ended
        self._thread.join()

    # ---- in the thread -----------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            while self._broken is None:
                batch = self._take()
                if batch:
                    self._commit_batch(batch)
                    self._call(self._settle, batch)
                    if self._broken is None:
                        self._after_commit(self._log_pages)
                elif self._closing:
                    break
                else:
                    self._sleep()
        finally:
            self._call(self._end)

    def _sleep(self) -> None:
        self._asleep = True
        if not (any(self._queues) or self._closing or self._broken):  # nothing came before the line above
            self._bell.get()
        self._asleep = False

    def _take(self) -> list[Piece]:
        batch: list[Piece] = []
        for waiting in self._queues:
            while waiting and len(batch) < MAX_BATCH:
                piece = waiting.popleft()
                if not piece.future.cancelled():
                    batch.append(piece)
        return batch

    def _commit_batch(self, batch: list[Piece]) -> None:
        try:
            self._run("BEGIN IMMEDIATE")
            if self._run_all(batch):
                self._run_commit()
                return
            self._run("ROLLBACK")
            if len(batch) > 1:
                self._run("BEGIN IMMEDIATE")
                self._run_each(batch)
                self._run_commit()
        except apsw.Error as error:
            self._fail(batch, error)
        except Exception as error:  # noqa: BLE001 -- a bug here must not leave anybody waiting
            self._broken = error
            self._fail(batch, error)

    def _run_all(self, batch: list[Piece]) -> bool:
        """Runs every piece; False at the first that fails. Raises `apsw.Error` when the transaction went with it."""
        for piece in batch:
            try:
                piece.value = drive(piece.work(self._transaction))
            except BaseException as error:  # noqa: BLE001 -- it is for whoever waits for the piece
                self._note(piece, error)
                return False
        return True

    def _run_each(self, batch: list[Piece]) -> None:
        for piece in batch:
            if piece.error is not None:
                continue
            self._run("SAVEPOINT piece")
            try:
                piece.value = drive(piece.work(self._transaction))
            except BaseException as error:  # noqa: BLE001 -- likewise
                self._note(piece, error)
                self._run("ROLLBACK TO piece")
            self._run("RELEASE piece")

    def _note(self, piece: Piece, error: BaseException) -> None:
        """Keeps the piece's error; raises it when it is the engine's and the transaction no longer stands."""
        piece.error = error
        if isinstance(error, apsw.Error):
            piece.error = as_try_later(error)
            if isinstance(error, apsw.IOError) or self._connection.get_autocommit():
                raise error

    def _run_commit(self) -> None:
        try:
            self._run("COMMIT")
        except apsw.FullError:
            raise
        except apsw.Error as error:
            self._broken = error
            raise

    def _fail(self, batch: list[Piece], error: Exception) -> None:
        if isinstance(error, apsw.IOError):
            self._broken = error
        for piece in batch:
            if piece.error is None:
                piece.error = as_try_later(error)
        if not self._connection.get_autocommit():
            try:
                self._run("ROLLBACK")
            except apsw.Error as second:
                self._broken = self._broken or second

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _call(self, function: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *args)
        except RuntimeError:  # the loop is gone, and with it everybody who waited
            self._broken = self._broken or TryLater(detail="the event loop was closed")

    # ---- on the loop -------------------------------------------------------------------------------------------------

    def _settle(self, batch: list[Piece]) -> None:
        try:
            if (
                self._broken is not None and not self._reported
            ):  # the listeners close before anybody is answered
                self._reported = True
                self._on_fatal(self._broken)
        finally:
            self._answer(batch)

    def _answer(self, batch: list[Piece]) -> None:
        for piece in batch:
            future = piece.future
            if future.done():
                continue
            if piece.error is None:
                future.set_result(piece.value)
            else:
                future.set_exception(piece.error)

    def _end(self) -> None:
        left = [piece for waiting in self._queues for piece in waiting]
        for piece in left:
            piece.error = TryLater(detail=f"the store is closed: {self._broken}")
        self._settle(left)
        if not self._ended.done():
            self._ended.set_result(None)


def drive(awaitable: Awaitable[Any]) -> Any:
    """Runs a coroutine that never suspends; RuntimeError when it does, since that would hold the database for everybody."""
    assert isinstance(awaitable, Coroutine)
    try:
        awaitable.send(None)
    except StopIteration as end:
        return end.value
    awaitable.close()
    raise RuntimeError(
        f"{getattr(awaitable, '__qualname__', awaitable)} waited for something other than its transaction: a store function must not"
    )


def as_try_later(error: Exception) -> TryLater:
    """The engine's error in the family's words."""
    kind = NoSpace if isinstance(error, apsw.FullError) else TryLater
    later = kind(detail=f"{type(error).__name__}: {error}")
    later.__cause__ = error
    return later

"""The writer of SQLite: many small pieces of work, one commit.

While one commit waits for the disk, work gathers; the next batch takes all of it, after a pause (`pace`). Each piece is a coroutine that never
suspends, driven by `send(None)`. What is urgent and small (`INBOUND`) runs on the event loop, since each statement in a thread costs a fight
for the interpreter's lock; everything else, and the COMMIT with its fsync, is done by a thread, so that the loop never waits for the disk. A
loop that has much to do would keep the lock for a millisecond before the thread can begin, and have nothing to do when all wait for the disk:
so it rests for a moment when it hands a batch over.

The batch is run without savepoints first, since a savepoint copies every page that it touches; when a piece fails, the batch is rolled
back and run again with one savepoint each, so that only the piece that failed has no effect. The store's contract allows it: work may
run twice. Futures are resolved by one call on the loop, after the commit is durable.

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
from postroom.store.engine.pace import Pace
from postroom.store.engine.transaction import Transaction, Urgency

MAX_BATCH: Final = 500
MAX_ON_LOOP: Final = 100  # of them run on the loop: some milliseconds, then others have their turn
REST: Final = 0.000_03  # seconds, in which the thread wakes and takes the interpreter's lock
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


class Batch:
    """What one commit holds. The first `urgent` pieces are for the loop; `begun`, `failed` and `error` are what came of them there."""

    __slots__ = ("begun", "error", "failed", "pieces", "urgent")

    def __init__(self, pieces: list[Piece], urgent: int) -> None:
        self.pieces = pieces
        self.urgent = urgent
        self.begun = False
        self.failed = False
        self.error: Exception | None = None


class GroupCommit:
    """The queue and the thread. `connection` and `transaction` are the loop's or the thread's, whoever has the batch."""

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
        self._batches: queue.SimpleQueue[Batch | None] = queue.SimpleQueue()
        self._busy = False  # a batch is with the thread, or about to be begun
        self._closing = False
        self._broken: BaseException | None = None
        self._reported = False
        self._log_pages = 0
        self._pace = Pace()
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
        self._batches.put(None)

    def submit(self, work: Work, urgency: Urgency) -> asyncio.Future[Any]:
        """Queues work. Raises `Overloaded` when too much waits and `TryLater` when the store has failed or is closing."""
        if self._broken is not None or self._closing:
            raise TryLater(detail=f"the store is closed: {self._broken or 'shutting down'}")
        waiting = self._queues[urgency]
        if len(waiting) >= MAX_WAITING:
            raise Overloaded(detail=f"{MAX_WAITING} writes are waiting")
        future: asyncio.Future[Any] = self._loop.create_future()
        waiting.append(Piece(work, future))
        if not self._busy:
            self._go_on()
        return future

    def waited(self) -> float:
        """Seconds since the oldest waiting piece came."""
        now = oldest = time.monotonic()
        for waiting in self._queues:
            if waiting:
                oldest = min(oldest, waiting[0].since)
        return now - oldest

    async def close(self) -> None:
        """Finishes what is queued and waits for the thread's end."""
        self._closing = True
        if not self._busy:
            self._go_on()
        await self._ended
        self._thread.join()

    @property
    def in_thread(self) -> bool:
        """Whether the caller is the thread, which may wait for the disk and for foreign programs; the loop may not."""
        return threading.current_thread() is self._thread

    # ---- on the loop -------------------------------------------------------------------------------------------------

    def _go_on(self, pause: float = 0.0) -> None:
        """The next batch, once all who have something to say in this turn of the loop, or in a pause of so many seconds, have."""
        self._busy = True
        self._loop.call_later(pause, self._begin)

    def _begin(self) -> None:
        batch = self._take()
        if batch.pieces and self._broken is None:
            if batch.urgent:
                self._run_urgent(batch)
            self._batches.put(batch)
            time.sleep(REST)
            self._pace.begun()
        elif self._closing or self._broken is not None:
            self._queues[0].extendleft(reversed(batch.pieces))
            self._batches.put(None)
        else:
            self._busy = False

    def _take(self) -> Batch:
        pieces: list[Piece] = []
        urgent = 0
        for urgency, waiting in enumerate(self._queues):
            most = MAX_BATCH if urgency else MAX_ON_LOOP
            while waiting and len(pieces) < most:
                piece = waiting.popleft()
                if not piece.future.cancelled():
                    pieces.append(piece)
            urgent = urgent if urgency else len(pieces)
        return Batch(pieces, urgent)

    def _run_urgent(self, batch: Batch) -> None:
        try:
            self._run("BEGIN IMMEDIATE")
            batch.begun = True
            batch.failed = not self._run_all(batch.pieces[: batch.urgent])
        except apsw.BusyError as error:
            if batch.begun:
                batch.error = error
            else:  # a foreign program has the file: the thread waits for it
                batch.urgent = 0
        except Exception as error:  # noqa: BLE001 -- the thread deals with it, as with its own
            batch.error = error

    def _done(self, size: int) -> None:
        """A commit for `size` pieces is over: the next one, when something waits for it."""
        self._busy = False
        waiting = sum(map(len, self._queues))
        if waiting or self._closing:
            at_once = self._closing or waiting >= MAX_ON_LOOP
            self._go_on(0.0 if at_once else self._pace.pause(size))

    def _settle(self, pieces: list[Piece]) -> None:
        self._pace.over()
        try:
            if self._broken is not None and not self._reported:
                self._reported = True  # the listeners close before anybody is answered
                self._on_fatal(self._broken)
        finally:
            for piece in pieces:
                _answer(piece)

    def _end(self) -> None:
        self._busy = True  # for ever
        left = [piece for waiting in self._queues for piece in waiting]
        while not self._batches.empty():
            batch = self._batches.get()
            left += batch.pieces if batch is not None else ()
        for piece in left:
            piece.error = TryLater(detail=f"the store is closed: {self._broken}")
        self._settle(left)
        if not self._ended.done():
            self._ended.set_result(None)

    # ---- in the thread -----------------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            while self._broken is None and (batch := self._batches.get()) is not None:
                self._commit_batch(batch)
                self._call(self._settle, batch.pieces)
                if self._broken is None:
                    self._after_commit(self._log_pages)
                self._call(self._done, len(batch.pieces))
        finally:
            self._call(self._end)

    def _commit_batch(self, batch: Batch) -> None:
        pieces = batch.pieces
        try:
            if batch.error is not None:
                raise batch.error
            if not batch.begun:
                self._run("BEGIN IMMEDIATE")
            if not batch.failed and self._run_all(pieces[batch.urgent :]):
                self._run_commit()
                return
            self._run("ROLLBACK")
            if len(pieces) > 1:
                self._run("BEGIN IMMEDIATE")
                self._run_each(pieces)
                self._run_commit()
        except apsw.Error as error:
            self._fail(pieces, error)
        except Exception as error:  # noqa: BLE001 -- a bug here must not leave anybody waiting
            self._broken = error
            self._fail(pieces, error)

    # ---- in either ---------------------------------------------------------------------------------------------------

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


def _answer(piece: Piece) -> None:
    future = piece.future
    if future.done():
        return
    if piece.error is None:
        future.set_result(piece.value)
    else:
        future.set_exception(piece.error)


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
